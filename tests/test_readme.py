import re
from pathlib import Path

import pytest

from mmtlib.course import notebook_sources, read_source, time_limit_s

README = Path(__file__).resolve().parent.parent / "README.md"


def test_the_python_examples_run_as_they_stand(monkeypatch, capsys):
    monkeypatch.setenv("MMTLIB_FAST", "1")
    examples = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    assert len(examples) == 2
    names = {}
    for example in examples:
        exec(compile(example, "README.md", "exec"), names)
    assert tuple(names["logits"].shape) == (1, 4)
    assert "difference (points)" in capsys.readouterr().out
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
