"""Arms and numbers as the study's tables write them."""

import pytest

from mmtlib.study.wording import arm_name, p_value, percent, points


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


def test_numbers():
    assert (percent(0.6774), percent(1)) == ("67.7", "100.0")
    assert (points(0.0734), points(-0.02), points(-0.0001)) == ("+7.3", "-2.0", "+0.0")
    assert (p_value(0.0004), p_value(0.001), p_value(0.25)) == ("< 0.001", "0.001", "0.250")
