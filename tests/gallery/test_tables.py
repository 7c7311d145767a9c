"""Tables of a made-up study: numbers as they are, cells as they are printed."""

import io
import re

import pandas as pd
import pytest
from support.made_up_study import write_study

from mmtlib.core import cache
from mmtlib.core.errors import ConfigError
from mmtlib.gallery import TABLES, Material, NotStored, make_table, write_gallery


def wanted(task, target, split):
    joint = len(task.config.modalities) > 1
    return 0.9 if target != "rgb" else 0.6 + 0.1 * joint


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study") / "stored"
    write_study(folder, wanted, upto="primary")
    return folder


@pytest.fixture
def material(store, monkeypatch):
    monkeypatch.setattr(cache, "SHIPPED", store)
    return Material()


@pytest.fixture(scope="module")
def files(store, tmp_path_factory):
    folder = tmp_path_factory.mktemp("gallery")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cache, "SHIPPED", store)
        for name in TABLES:
            if name != "focal":
                list(write_gallery(folder, only=name))
    return {file.name: file.read_text() for file in (folder / "tables").iterdir()}


def test_every_table_in_three_forms(files):
    names = [name for name in TABLES if name != "focal"]
    assert set(files) == {f"{name}.{kind}" for name in names for kind in ("tex", "md", "csv")}
    for name in names:
        origin = "Stored, made by: made up on 2026-01-02, code 0.1."
        assert files[f"{name}.md"].endswith(f"\n*{origin}*\n")
        assert files[f"{name}.tex"].startswith(f"% {origin}\n")


def test_numbers_are_as_they_are_in_csv_and_rounded_elsewhere(files):
    numbers = pd.read_csv(io.StringIO(files["differences.csv"]))
    row = numbers[(numbers["question"] == "H1") & (numbers["target"] == "rgb")].iloc[0]
    assert row["difference"] == pytest.approx(0.1)
    assert row["seeds"] == 12
    line = "| H1 | SSA + focal | RGB | 60.0 | 70.0 | +10.0 | "
    assert line in files["differences.md"]
    assert "H1 & SSA + focal & RGB & 60.0 & 70.0 & +10.0 & " in files["differences.tex"]
    accuracy = pd.read_csv(io.StringIO(files["accuracy.csv"]))
    assert set(accuracy["accuracy"].round(3)) == {0.6, 0.7, 0.9}


def test_markdown_tables_are_whole(files):
    for name, text in files.items():
        if name.endswith(".md"):
            lines = [line for line in text.splitlines() if line.startswith("|")]
            assert len({line.count("|") for line in lines}) == 1, name
            assert len(lines) > 3


def test_latex_is_escaped_and_balanced(files):
    for name, text in files.items():
        if name.endswith(".tex"):
            body = text.split("\n", 1)[1]  # the first line is a comment
            assert not re.search(r"(?<!\\)[%#_]", body.replace("tab:", "")), name
            assert body.count("{") == body.count("}")
            assert body.count(r"\begin{") == body.count(r"\end{") == 2
            kinds = re.search(r"\\begin\{tabular\}\{([lr]+)\}", body)[1]
            rows = [line for line in body.splitlines() if line.endswith(r"\\")]
            assert {len(re.findall(r"(?<!\\)&", row)) for row in rows} == {len(kinds) - 1}


def test_the_chosen_trials_are_told(files):
    tuning = pd.read_csv(io.StringIO(files["tuning.csv"]))
    assert tuning.groupby("method")["chosen"].sum().eq(1).all()
    assert len(tuning) == 32


def test_what_is_not_there_is_said(material, tmp_path):
    with pytest.raises(NotStored, match="does not hold results of question S4"):
        make_table(TABLES["focal"], material)
    with pytest.raises(NotStored, match="question S4"):
        list(write_gallery(tmp_path, only="focal"))
    with pytest.raises(ConfigError, match="'tuning' is not about one training"):
        list(write_gallery(tmp_path, only="tuning", run=object()))


def test_no_table_has_the_name_of_a_figure():
    from mmtlib.gallery import GALLERY

    assert not set(TABLES) & set(GALLERY)
