import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
from torch import nn
from torch.utils.data import DataLoader

import mmtlib
from mmtlib.course import notebook_sources, read_source, time_limit_s

README = Path(__file__).resolve().parent.parent / "README.md"


class R3D(nn.Module):
    """A small network like torchvision's r3d_18: logits alone, layers by name."""

    def __init__(self, channels, classes):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv3d(channels, 8, 3, (1, 2, 2), 1), nn.ReLU())
        self.layer1 = nn.Sequential(nn.Conv3d(8, 8, 3, 1, 1), nn.BatchNorm3d(8), nn.ReLU())
        self.layer2 = nn.Sequential(nn.Conv3d(8, 16, 3, 2, 1), nn.BatchNorm3d(16), nn.ReLU())
        self.fc = nn.Linear(16, classes)

    def forward(self, clips):
        return self.fc(self.layer2(self.layer1(self.stem(clips))).mean((2, 3, 4)))


def make_loader(split):
    clips = mmtlib.SyntheticGestures("tiny", split=split, modalities=("rgb", "depth"))
    pairs = [(dict(clips[i].frames), clips[i].label) for i in range(len(clips))]
    return DataLoader(pairs, batch_size=8, shuffle=split == "train")


def test_the_python_examples_run_as_they_stand(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("MMTLIB_FAST", "1")
    monkeypatch.chdir(tmp_path)
    mine = ModuleType("my_project")
    mine.r3d, mine.make_loader = R3D, make_loader
    monkeypatch.setitem(sys.modules, "my_project", mine)
    examples = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    assert len(examples) == 3
    assert len(examples[1].strip().splitlines()) <= 20
    names = {}
    for example in examples:
        exec(compile(example, "README.md", "exec"), names)
    assert tuple(names["logits"].shape) == (1, 4)
    assert "difference (points)" in capsys.readouterr().out
    assert set(names["history"].pair_table()["learner"]) == {"rgb", "depth"}
    assert set(names["history"].stream_table()["split"]) == {"train", "validation"}
    assert float(names["loss"].total.detach()) > 0


@pytest.mark.parametrize(
    "target", sorted(set(re.findall(r"\]\(([^)h#][^)]*)\)", README.read_text())))
)
def test_links_lead_somewhere(target):
    assert (README.parent / target).exists(), target


def test_the_table_of_the_course_has_every_notebook_and_its_minutes():
    rows = dict(
        re.findall(r"^\| \[(\d\d_\w+)\]\(.*\| ([\d.]+ \+ [\d.]+) \|$", README.read_text(), re.M)
    )
    said = {}
    for source in notebook_sources():
        notebook = read_source(source)
        reading = re.search(r"(\d+) minutes to read", notebook.cells[0].source)[1]
        said[source.stem] = f"{reading} + {time_limit_s(notebook) / 60:g}"
    assert rows == said
