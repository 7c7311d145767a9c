"""``mmt figures``: what it writes and what it says."""

import pytest


def test_one_figure(mmt, tmp_path):
    said = mmt("figures", "--out", tmp_path, "--only", "focal-curve", "--format", "svg,png")
    assert said.code == 0, said.err
    captions = tmp_path / "captions.md"
    assert f"1 figures and 0 tables in {tmp_path}, captions in {captions}" in said.out
    names = {file.name for file in tmp_path.iterdir()}
    assert names == {"focal-curve.svg", "focal-curve.png", "focal-curve.md", "captions.md"}


def test_a_table(mmt, tmp_path):
    made = mmt("figures", "--out", tmp_path, "--only", "tuning")
    assert made.failed_with("does not hold results of 'study-tuning'")


def test_the_page_is_written_where_the_project_is(mmt, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert mmt("figures", "--gallery").failed_with("no folder docs", "in the project's folder")


def test_another_width(mmt, tmp_path):
    said = mmt("figures", "--out", tmp_path, "--format", "png", "--only", "focal-curve",
               "--width", "100mm")  # fmt: skip
    assert said.code == 0, said.err
    width = int.from_bytes((tmp_path / "focal-curve.png").read_bytes()[16:20])
    assert width == int(300 * 100 / 25.4)


def test_the_figures_of_a_run_need_its_networks_alone(mmt, stored, tmp_path):
    said = mmt("figures", "--out", tmp_path, "--run", stored.run_id, "--format", "png")
    assert said.code == 0, said.err
    assert said.out.count("left out: The network of rgb that was trained alone") == 7
    assert "1 figures and 0 tables" in said.out  # the overview needs no other run


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        (("--only", "focal-curv"), ("Unknown figure or table", "Did you mean 'focal-curve'?")),
        (("--width", "wide"), ("--width: expected 1 to 20 inches", "'wide'")),
        (("--width", "400in"), ("--width: expected 1 to 20 inches",)),
        (("--format", "gif"), ("Unknown format 'gif'",)),
        (("--only", "gestures", "--width", "2in"), ("needs at least 3.5 inches",)),
        (("--only", "saliency"), ("does not hold the networks 'mtut' yet",)),
        (("--only", "calibration"), ("does not hold results of question H1",)),
        (("--run", "0123abcd"), ("no run '0123abcd'",)),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(mmt, fresh_cache, tmp_path, options, parts):
    assert mmt("figures", "--out", tmp_path / "out", *options).failed_with(*parts)
    assert not (tmp_path / "out").exists()
