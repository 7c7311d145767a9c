"""Flow on disk, from the data sets' side: made once, read by all three sets, stale ones refused."""

import shutil

import numpy as np
import pytest
from support.child_runs import make_flow_until_killed
from support.egogesture_tree import write_egogesture_tree
from support.nvgesture_tree import SPLIT_LIST, picture_frames, write_list, write_video
from support.viva_tree import write_viva_tree

from mmtlib.core.errors import ConfigError, DataError
from mmtlib.datasets import VIVA, EgoGesture, NVGesture, compute_flow
from mmtlib.datasets.clip_flow import colour_pictures, make_flow
from mmtlib.transforms import Resize, SampleFrames

ALL = "train+validation"


def opened(root, folder, split=ALL, kind=NVGesture, **settings):
    """All rows, there or not, as `make_flow` wants them."""
    return kind(root, split, "rgb", skip_broken=None, flow_folder=folder, **settings)


def times(folder):
    found = folder.rglob("*.npz")
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in found}


@pytest.fixture
def flow_tree(small_tree, tmp_path_factory):
    """A miniature NVGesture (4 clips) whose flow has been computed: root, clips, flow's folder."""
    root, clips = small_tree
    folder = tmp_path_factory.mktemp("flow") / "files"
    assert make_flow(opened(root, folder), processes=1).made == 4
    return root, clips, folder


def test_made_once_then_kept(flow_tree):
    root, _, folder = flow_tree
    before = times(folder)
    assert len(before) == len(list(folder.rglob("*"))) - 2  # and two folders, nothing else
    done = []
    found = make_flow(opened(root, folder), processes=1, progress=lambda *n: done.append(n))
    assert (found.made, found.kept, found.missing, found.broken) == (0, 4, (), ())
    assert done == [(i, 4) for i in range(1, 5)]
    assert times(folder) == before


def test_a_data_set_reads_it(flow_tree):
    root, _, folder = flow_tree
    dataset = NVGesture(root, ALL, "rgb,depth,flow", flow="dis", flow_folder=folder)
    clip, record = dataset[0], dataset.records[0]
    assert clip.modalities == ("rgb", "depth", "flow")
    assert clip.frames["flow"].shape == (2, 80, 24, 32)
    pictures = dataset.pixels(record, "rgb")
    direct = compute_flow(pictures)
    step = dataset.flow.header(record.clip_id)["scale"]
    direct = np.clip(direct, -127 * step, 127 * step)
    np.testing.assert_allclose(clip.frames["flow"][:, :79], direct[:, :79], atol=0.501 * step)
    assert dataset.alignment_note is None
    assert NVGesture(root, ALL, "flow", flow_folder=folder)[0].modalities == ("flow",)


def test_the_last_frame_looks_at_the_picture_after_the_span(small_tree, tmp_path):
    root, clips = small_tree
    dataset = opened(root, tmp_path / "flow")
    record = dataset.records[0]
    pictures = colour_pictures(dataset, record)
    assert len(pictures) == 81
    frames = picture_frames("sk_wrapped", clips[0], clips[0].first + 80)
    write_video(root / clips[0].folder / "sk_wrapped.avi", frames)  # ends with the span
    assert len(colour_pictures(dataset, record)) == 80
    make_flow(dataset, processes=1)
    first, second = (dataset.frames(r, "flow") for r in dataset.records[:2])
    assert not first[:, 79].any()
    assert second[:, 79].any()
    assert first[:, 78].any()


def test_by_default_it_lies_in_the_cache(small_tree, tmp_path, monkeypatch):
    monkeypatch.setenv("MMTLIB_CACHE", str(tmp_path / "cache"))
    root, _ = small_tree
    names = {
        opened(root, None, **settings).flow.folder
        for settings in ({}, {"colour": "raw"}, {"flow": "farneback"})
    }
    (tmp_path / "moved").symlink_to(root)
    assert opened(tmp_path / "moved", None).flow.folder in names  # the same place
    shutil.copytree(root, tmp_path / "copy", ignore=shutil.ignore_patterns("cache", "moved"))
    names.add(opened(tmp_path / "copy", None).flow.folder)
    assert len(names) == 4
    assert {name.parent for name in names} == {tmp_path / "cache" / "flow"}
    make_flow(opened(root, None), processes=1)
    assert len(NVGesture(root, ALL, "rgb,flow")) == 4


def test_without_flow_no_cache_is_needed(small_tree, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MMTLIB_CACHE", str(tmp_path / "file" / "cache"))
    assert len(list(NVGesture(small_tree[0], ALL))) == 4
    with pytest.raises(DataError, match=r"\.npz is missing: make it with"):
        NVGesture(small_tree[0], ALL, "flow")


def test_a_missing_file_names_the_command(small_tree, tmp_path):
    root, _ = small_tree
    folder = tmp_path / "my flow"
    with pytest.raises(DataError) as caught:
        NVGesture(root, ALL, "rgb,flow", "registered", flow="farneback", flow_folder=folder)
    command = f"--method farneback --flow-folder '{folder}'`"
    assert f"`python data_scripts/compute_optical_flow.py nvgesture {root} {command}" in str(
        caught.value
    )
    assert f"({SPLIT_LIST.format('train')}:1); 4 of 4 clips" in str(caught.value)
    assert not folder.exists()
    with pytest.raises(ConfigError, match="method of optical flow 'lucas'"):
        NVGesture(root, flow="lucas")


def change_video(root, clips):
    path = root / clips[1].folder / "sk_wrapped.avi"
    write_video(path, picture_frames("sk_wrapped", clips[0], 96))


def change_bytes(root, clips):
    path = root / clips[1].folder / "sk_wrapped.avi"
    path.write_bytes(path.read_bytes()[:-1] + b"x")


def change_span(root, clips):
    lines = [c.line for c in clips]
    lines[1] = lines[1].replace(
        f"color:sk_color:{clips[1].first}:{clips[1].first + 80}",
        f"color:sk_color:{clips[1].first + 1}:{clips[1].first + 81}",
    )
    write_list(root, "train", lines)


@pytest.mark.parametrize(
    ("change", "what"), [(change_video, "size"), (change_bytes, "hash"), (change_span, "frames")]
)
def test_stale_flow_is_an_error_until_it_is_made_again(flow_tree, change, what):
    root, clips, folder = flow_tree
    settings = {"flow_folder": folder, "skip_broken": True}
    before = NVGesture(root, ALL, "rgb,flow", **settings).fingerprint
    change(root, clips)
    expected = rf"r50\.npz is not the flow of this clip.*from {what}.*`python data_.*lst:2\)"
    with pytest.raises(DataError, match=expected):
        # Not left out with the broken clips, as it can be made again; a hash shows on reading.
        list(NVGesture(root, ALL, "rgb,flow", flow_folder=folder))
    if what != "hash":
        with pytest.raises(DataError, match=expected):
            NVGesture(root, ALL, "rgb,flow", **settings)
    assert len(NVGesture(root, ALL, "rgb,depth", **settings)) == 4
    found = make_flow(opened(root, folder), processes=1)
    assert (found.made, found.kept) == (1, 3)
    again = NVGesture(root, ALL, "rgb,flow", **settings)
    assert len(list(again)) == 4
    assert again.fingerprint != before


def test_flow_of_another_method_or_reader_is_foreign(flow_tree, monkeypatch):
    root, _, folder = flow_tree
    with pytest.raises(DataError, match=r"from method 'dis', expected 'farneback'"):
        NVGesture(root, ALL, "rgb,flow", flow="farneback", flow_folder=folder)
    for path in root.rglob("sk_wrapped.avi"):
        shutil.copy(path, path.with_name("sk_color.avi"))
    with pytest.raises(DataError, match=r"from recording '.*sk_wrapped.*', expected '.*sk_color"):
        NVGesture(root, ALL, "rgb,flow", "raw", flow_folder=folder)
    monkeypatch.setattr("mmtlib.datasets.reader.FLOW_VERSION", 99)
    with pytest.raises(DataError, match=r"from flow version 1, expected 99"):
        NVGesture(root, ALL, "rgb,flow", flow_folder=folder)


def test_damaged_flow_is_made_again(flow_tree):
    root, _, folder = flow_tree
    path = next(folder.rglob("*.npz"))
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DataError, match="is damaged"):
        NVGesture(root, ALL, "flow", flow_folder=folder, skip_broken=True)
    assert make_flow(opened(root, folder), processes=1).made == 1


def test_missing_and_broken_colour(small_tree, tmp_path):
    root, clips = small_tree
    (root / clips[0].folder / "sk_wrapped.avi").unlink()
    (root / clips[2].folder / "sk_wrapped.avi").write_bytes(b"garbage" * 1000)
    found = make_flow(opened(root, tmp_path / "flow"), processes=1)
    assert (found.made, found.kept) == (2, 0)
    assert "sk_wrapped.avi is missing (" in found.missing[0]
    assert "v2.lst:3)" in found.broken[0]
    dataset = NVGesture(root, ALL, "depth,flow", flow_folder=tmp_path / "flow", skip_broken=True)
    assert [r.list_line for r in dataset.records] == [2, 4]
    (root / clips[1].folder / "sk_wrapped.avi").unlink()  # then nobody knows what the flow shows
    with pytest.raises(DataError, match=r"sk_wrapped\.avi is missing"):
        NVGesture(root, ALL, "flow", flow_folder=tmp_path / "flow")


def test_the_fingerprint_is_of_the_values(flow_tree, tmp_path):
    root, _, folder = flow_tree
    first = NVGesture(root, ALL, "rgb,flow", flow_folder=folder).fingerprint
    make_flow(opened(root, tmp_path / "other"), processes=1)
    assert NVGesture(root, ALL, "rgb,flow", flow_folder=tmp_path / "other").fingerprint == first
    make_flow(opened(root, tmp_path / "fb", flow="farneback"), processes=1)
    settings = {"flow": "farneback", "flow_folder": tmp_path / "fb"}
    assert NVGesture(root, ALL, "rgb,flow", **settings).fingerprint != first
    assert NVGesture(root, ALL, "rgb").fingerprint != first


def test_egogesture_and_viva_get_it_too(tmp_path):
    write_egogesture_tree(tmp_path / "ego", subjects=(3, 1, 2), labels=(1, 2))
    write_viva_tree(tmp_path / "viva", gestures=(1,))
    write_viva_tree(tmp_path / "pictures", gestures=(1,), form="/")
    for kind, name, split in (
        (EgoGesture, "ego", "train"), (VIVA, "viva", "all"), (VIVA, "pictures", "all"),
    ):  # fmt: skip
        root, folder = tmp_path / name, tmp_path / f"{name} flow"
        rows = opened(root, folder, split, kind)
        assert make_flow(rows, processes=1).made == len(rows.records) > 0
        dataset = kind(root, split, "rgb,depth,flow", flow_folder=folder)
        for record, clip in zip(dataset.records, dataset, strict=True):
            flow = clip.frames["flow"]
            assert flow.shape[1:] == clip.frames["rgb"].shape[1:]
            # Gestures of EgoGesture are followed by more pictures, recordings of VIVA are not.
            assert bool(flow[:, -1].any()) == (kind is EgoGesture)
            assert record.clip_id == clip.clip_id
    picture = tmp_path / "ego" / "Subject03/Scene1/Color/rgb1/000002.jpg"
    picture.write_bytes(picture.read_bytes() + b"\0")
    with pytest.raises(DataError, match=r"from size \d+, expected \d+"):
        EgoGesture(tmp_path / "ego", "train", "flow", flow_folder=tmp_path / "ego flow")


def test_transforms_keep_its_unit(flow_tree):
    """`mmtlib.transforms` rescales flow: half the width, a quarter of the frames."""
    root, _, folder = flow_tree
    clip = NVGesture(root, ALL, "rgb,flow", flow_folder=folder)[0]
    flow = clip.frames["flow"]
    small = Resize(height=24, width=16)(clip).frames["flow"]
    assert float(small[0].abs().mean() / flow[0].abs().mean()) == pytest.approx(0.5, abs=0.1)
    assert float(small[1].abs().mean() / flow[1].abs().mean()) == pytest.approx(1.0, abs=0.2)
    sampled = SampleFrames(frames=20)(clip).frames["flow"]
    np.testing.assert_allclose(sampled[:, 3], 4 * flow[:, 14], rtol=1e-6)


def test_killed_at_any_moment_it_goes_on(processes, flow_tree, tmp_path):
    root, _, whole = flow_tree
    folder = tmp_path / "flow"
    for files in (1, 2, 3):
        child = processes.Process(
            target=make_flow_until_killed, args=(str(root), str(folder), files)
        )
        child.start()
        child.join()
        assert child.exitcode == -9
    done = times(folder)
    assert len(done) == 3
    (folder / "class_01" / ".subject1_r50.npz.0123abcd.tmp").write_bytes(b"half a file")
    found = make_flow(opened(root, folder), processes=1)
    assert found.kept == len(done)
    assert done.items() <= times(folder).items()
    assert not list(folder.rglob("*.tmp"))
    results = [NVGesture(root, ALL, "flow", flow_folder=f).fingerprint for f in (whole, folder)]
    assert results[0] == results[1]


def test_real_clips(real_root, tmp_path):
    dataset = opened(real_root, tmp_path / "flow", "train")
    readable = NVGesture(real_root, "train", "rgb", skip_broken=True).records
    dataset.records = readable[:2]
    assert make_flow(dataset, processes=1).made == 2
    for record in dataset.records:
        flow = dataset.frames(record, "flow")
        header = dataset.flow.header(record.clip_id)
        assert flow.shape == (2, 80, 240, 320)
        assert 1 < float(flow.abs().max()) < 100
        assert header["cut"] < 1e-3
        assert flow[:, 79].any()
    assert dataset.flow.path(record.clip_id).stat().st_size < 3e6
