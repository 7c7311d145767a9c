from pathlib import Path

import pytest
from support.made_up_study import write_study
from support.tiny_runs import use_fresh_cache

from mmtlib.study import answers, report_text


@pytest.fixture
def fresh_cache(own_cache, tmp_path, monkeypatch) -> Path:
    return use_fresh_cache(own_cache, tmp_path, monkeypatch)


def a_gain(task, target, split):
    """RGB 0.6 alone, 0.7 with others, which stay at 0.9."""
    return 0.9 if target != "rgb" else 0.6 + 0.1 * (len(task.config.modalities) > 1)


@pytest.fixture(scope="session")
def gain():
    return a_gain


@pytest.fixture(scope="session")
def whole_study(tmp_path_factory) -> Path:
    """The store of a whole study in which RGB gains, shared: do not change its files."""
    folder = tmp_path_factory.mktemp("whole_study")
    write_study(folder, a_gain)
    return folder


@pytest.fixture(scope="session")
def whole_answers(whole_study):
    return answers(whole_study)


@pytest.fixture(scope="session")
def whole_report(whole_study):
    return report_text(whole_study)
