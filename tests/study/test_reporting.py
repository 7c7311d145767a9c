"""The page says what the store says, in plain sentences, and nothing else of it is touched."""

import pytest
from support.made_up_study import write_study

from mmtlib.core.errors import DataError
from mmtlib.study import report_text, write_report
from mmtlib.study.reporting import BEGIN, END


def accuracies(gain):
    def wanted(task, target, split):
        joint = len(task.config.modalities) > 1
        return 0.9 if target != "rgb" else 0.6 + gain * joint

    return wanted


def written(folder, gain):
    write_study(folder, accuracies(gain), upto="primary")
    return report_text(folder)


@pytest.fixture(scope="module")
def primary(tmp_path_factory):
    """A store of the tuning and of H1, in which RGB gains, shared: do not change its files."""
    folder = tmp_path_factory.mktemp("primary")
    write_study(folder, accuracies(0.1), upto="primary")
    return folder


@pytest.fixture(scope="module")
def primary_report(primary):
    return report_text(primary)


def test_a_gain_is_told(primary_report):
    assert "RGB alone 60.0 %, trained with depth" in primary_report
    assert "**+10.0 points**" in primary_report
    assert "**H1 holds.**" in primary_report
    assert primary_report.count("Not run yet.") == 8
    assert "72 trainings" not in primary_report  # 64 of the tuning and 72 of H1
    assert primary_report.startswith("136 trainings, ")


def test_so_are_no_gain_and_a_loss(tmp_path):
    assert "H1 was **not shown**: the interval holds zero" in written(tmp_path / "none", 0.0)
    assert "H1 is **refuted**: RGB lost" in written(tmp_path / "loss", -0.1)


def test_every_question_has_its_table(whole_report):
    text = whole_report
    assert "Not run yet." not in text
    for heading in ("### H1.", *(f"### S{number}." for number in range(1, 10))):
        assert heading in text
    row = "| SSA + focal | RGB | 60.0 | 70.0 | +10.0 |"
    assert row in text
    assert "| late fusion of RGB and depth, each alone | both |" in text
    assert "| weight 100, no focal, noise 0.5 | RGB |" in text
    # Arms of one network alone are as good as the network alone here.
    assert "Not shown: a second RGB network; alone, twice the epochs" in text
    assert "| alone, twice the epochs | 60.0 | 70.0 | +10.0 |" in text  # the method against it
    assert "With focal regularization against without it:" in text
    assert "The partner in the same runs: depth 90.0 % alone, 90.0 % this way: +0.0 points" in text
    for line in text.splitlines():
        assert line.count("|") in (0, 3, 6, 7, 9), line  # two, five, six or eight columns


def test_the_chosen_trials_are_marked(primary_report):
    assert "| alone | **as it is: 60.0**, dropout 0.3: 60.0," in primary_report


def test_nothing_to_report(tmp_path):
    with pytest.raises(DataError, match="no test results of the study"):
        report_text(tmp_path)


def test_only_what_is_between_the_marks_changes(primary, tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"# Before\n\n{BEGIN}\nformer text\n{END}\n\nAfter\n")
    write_report(page, primary)
    text = page.read_text()
    assert text.startswith(f"# Before\n\n{BEGIN}\n\n136 trainings")
    assert text.endswith(f"{END}\n\nAfter\n")
    assert "former text" not in text
    write_report(page, primary)
    assert page.read_text() == text


@pytest.mark.parametrize("text", ["", BEGIN, f"{END}\n{BEGIN}", f"{BEGIN}\n{END}\n{BEGIN}"])
def test_a_page_without_its_marks_is_left_alone(tmp_path, text):
    page = tmp_path / "page.md"
    page.write_text(text)
    with pytest.raises(DataError, match="needs the lines"):
        write_report(page, tmp_path)
    assert page.read_text() == text
    with pytest.raises(DataError, match="There is no page"):
        write_report(tmp_path / "nowhere.md", tmp_path)
