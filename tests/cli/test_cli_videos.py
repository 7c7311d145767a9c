"""A user's own videos from the list to a network in one file, through the commands."""

import pytest
from support.videos_tree import LABELS, write_videos_tree

from mmtlib.experiment import list_runs, load_run

TINY = ("--preset", "tiny", "--epochs", "1", "--device", "cpu")


@pytest.fixture
def root(tmp_path):
    write_videos_tree(tmp_path / "mine")
    return tmp_path / "mine"


def test_from_the_folder_to_an_exported_network(mmt, fresh_cache, root, tmp_path):
    said = mmt("data", "verify", "videos", root)
    assert (said.code, said.err) == (0, "")
    assert "15 of 15 clips decoded (rgb, depth)." in said.out
    said = mmt("train", "--data", "videos", "--root", root, *TINY)
    assert (said.code, said.err) == (0, "")
    assert "share one view" in said.out
    (name,) = list_runs()["run"]
    assert load_run(name).classes == tuple(sorted(LABELS))
    said = mmt("evaluate", name, "--split", "test", "--root", root, "--classes", "2-3")
    assert (said.code, said.err) == (0, "")
    model = tmp_path / "rgb.onnx"
    assert mmt("export", name, "--modality", "rgb", "--out", model).code == 0
    said = mmt("predict", root / "anna" / "rgb.avi", "--model", model, "--last", "10")
    assert (said.code, said.err) == (0, "")
    assert {row[0] for row in said.rows} == set(LABELS)


def test_what_is_wrong_is_said(mmt, fresh_cache, root):
    train = ("train", "--data", "videos", *TINY)
    mmt(*train).failed_with("videos is read from disk: say where")
    mmt(*train, "--root", root, "--fold", "1").failed_with("videos takes leave_out, skip_broken")
    mmt(*train, "--root", root, "--leave-out", "eve").failed_with("leave_out='eve' is none of anna")
    head, row = "path,label,subject,split\n", "anna/rgb.avi,wave,anna,{}\n"
    (root / "videos.csv").write_text(head + row.format("train") + row.format("trial"))
    said = mmt("data", "verify", "videos", root)
    assert (said.code, said.err) == (1, "")
    assert "videos.csv:3: expected a split of train, validation, test, found 'trial'" in said.out
    assert "1 of 1 clips decoded (rgb)." in said.out
    (root / "videos.csv").write_text("path,label,subject\nanna/rgb.avi,wave,\n")
    mmt("data", "verify", "videos", root).failed_with("videos.csv:2: the cell 'subject' is empty")
