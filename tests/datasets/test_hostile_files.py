"""Files that would open others, never end, or fill the memory: refused in one sentence."""

import os
import resource
import struct
import zlib

import cv2
import numpy as np
import pytest
from support.recorded_files import counted, write_numbered, write_recording

from mmtlib.core.errors import DataError
from mmtlib.datasets import Recording
from mmtlib.datasets.pictures import picture_header

SCRIPTS = {
    "list.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nv.mp4\n#EXT-X-ENDLIST\n",
    "list.mp4": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nv.mp4\n#EXT-X-ENDLIST\n",
    "concat.mp4": "ffconcat version 1.0\nfile v.mp4\n",
    "dash.mpd": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static">'
    '<Period><AdaptationSet mimeType="video/mp4"><Representation id="1"><BaseURL>v.mp4</BaseURL>'
    "</Representation></AdaptationSet></Period></MPD>",
    "stream.sdp": "v=0\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
    "%06d.png": "a pattern of names",
    "subtitles.srt": "1\n00:00:00,000 --> 00:00:01,000\nhello\n",
}
ASKED = (Recording.check, Recording.facts, Recording.count, Recording.rate, Recording.read)


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_opens_no_other_file(tmp_path, name):
    write_recording(tmp_path / "v.mp4", counted(5))
    (tmp_path / name).write_text(SCRIPTS[name])
    for ask in ASKED:
        with pytest.raises(DataError, match="is no video, or is damaged") as caught:
            ask(Recording(tmp_path / name))
        assert name in str(caught.value)


@pytest.mark.parametrize("kind", ["pipe", "device", "link to a device"])
def test_what_is_no_file_is_never_opened(tmp_path, kind):
    path = tmp_path / "v.mp4"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path = type(path)("/dev/zero")
    else:
        path.symlink_to("/dev/zero")
    for ask in (*ASKED, Recording.hash, Recording.marks):
        with pytest.raises(DataError, match="is neither a file nor a folder"):
            ask(Recording(path))


def test_a_link_that_leads_out_is_followed(tmp_path):
    write_recording(tmp_path / "elsewhere" / "v.mp4", counted(5))
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "v.mp4").symlink_to(tmp_path / "elsewhere" / "v.mp4")
    assert Recording(tmp_path / "root" / "v.mp4").count() == 5


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def claiming(kind, width, height):
    """Return the beginning of a picture that claims to be so large."""
    if kind == "png":
        size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
        data = chunk(b"IHDR", size) + chunk(b"IDAT", zlib.compress(bytes(100)))
        return b"\x89PNG\r\n\x1a\n" + data + chunk(b"IEND", b"")
    small = cv2.imencode(f".{kind}", np.zeros((16, 16, 3), np.uint8))[1].tobytes()
    if kind == "bmp":
        return small[:18] + struct.pack("<ii", width, height) + small[26:]
    at = small.index(b"\xff\xc0") + 5
    return small[:at] + struct.pack(">HH", height, width) + small[at + 4 :]


@pytest.mark.parametrize("kind", ["png", "jpg", "bmp"])
def test_a_picture_that_would_fill_the_memory(tmp_path, kind):
    (tmp_path / f"1.{kind}").write_bytes(claiming(kind, 30000, 30000))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for ask in (Recording.read, Recording.facts):
        with pytest.raises(DataError, match=rf"1\.{kind} would have 30,000 x 30,000 pixels"):
            ask(Recording(tmp_path))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000, "kilobytes"


def test_a_clip_that_would_fill_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("mmtlib.datasets.pixels.MAX_CLIP_BYTES", 20 * 32 * 48 * 3)
    video = write_recording(tmp_path / "v.avi", counted(21))
    folder = write_numbered(tmp_path / "p", counted(21))
    for path in (video, folder):
        with pytest.raises(DataError, match="21 frames of 48 x 32 pixels are too many") as caught:
            Recording(path).read()
        assert str(path) in str(caught.value)
        assert len(Recording(path, 1, 21).read()) == 20


@pytest.mark.parametrize("kind", [".png", ".jpg", ".bmp"])
def test_headers_tell_what_opencv_decodes(kind):
    picture = np.zeros((17, 33, 3), np.uint8)
    header = picture_header("x", cv2.imencode(kind, picture)[1].tobytes())
    assert (header.width, header.height, header.bits) == (33, 17, 8)


def test_other_kinds_of_pictures_are_not_decoded(tmp_path):
    for kind in (".tiff", ".webp"):
        (tmp_path / "1.png").write_bytes(cv2.imencode(kind, np.zeros((9, 9, 3), np.uint8))[1])
        with pytest.raises(DataError, match=r"1\.png is no JPEG, PNG or BMP picture"):
            Recording(tmp_path).read()


def test_what_it_takes_to_tell_other_content(tmp_path):
    path = tmp_path / "v.avi"
    rng = np.random.default_rng(0)
    small, large = rng.bytes(200_000), rng.bytes(3_000_000)
    for data, places in ((small, (0, 99_999, -1)), (large, (0, 1_000_000, -1))):
        path.write_bytes(data)
        before = Recording(path).marks()
        os.utime(path, (1, 1))
        assert Recording(path).marks() == before, "when a file was copied does not count"
        for place in places:
            changed = bytearray(data)
            changed[place] ^= 1
            path.write_bytes(changed)
            assert Recording(path).marks() != before
