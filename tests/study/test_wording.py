"""Arms as the study's tables call them."""

import pytest

from mmtlib.study.wording import arm_name


@pytest.mark.parametrize(
    ("arm", "name"),
    [
        ("kd", "distillation from depth"),
        ("rgb+depth+flow+ir", "RGB + depth + flow + infrared"),
        ("ssa_weight=100.0, focal=false, corruption_strength=0.0", "weight 100, no focal, noise 0"),
        ("train_clips=120", "120 training clips"),
        ("feature_stage=mixed_2", "mixed_2"),
        ("alone, twice the epochs", "alone, twice the epochs"),
        ("alone (clutter=0.1)", "alone (clutter=0.1)"),
    ],
)
def test_names_of_arms(arm, name):
    assert arm_name(arm) == name
