import re
from pathlib import Path

import pytest

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
