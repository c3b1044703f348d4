"""A new center is valid, speaks one language, mentions no shop, and is put nowhere that holds something."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.validation import load_valid_center
from metric_pipelines.errors import UsageError
from metric_pipelines.exchange.new_center import make_center
from metric_pipelines.settings import PACKAGE
from metric_pipelines_tests.exchange.thirty_metrics import thirty_metrics

TODAY = date(2024, 2, 29)
TEMPLATES = PACKAGE / "exchange" / "templates"
OURS = re.compile(r"retail|shop|store|basket|household|coupon|grocer|零售|门店|购物|优惠券", re.IGNORECASE)
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def made(folder: Path, lang: str = "en", name: str | None = None) -> Center:
    make_center(folder, name, lang, TODAY, None)
    return load_valid_center(folder)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_new_center_is_valid_in_its_language(tmp_path: Path, lang: str) -> None:
    center = made(tmp_path / "here" / "metrics", lang, "星河: “Acme” #1")
    assert center.settings.label.of(lang) == "星河: “Acme” #1"
    assert center.settings.language == lang
    assert (len(center.sources), len(center.models), len(center.metrics)) == (1, 2, 2)
    folder = tmp_path / "here" / "metrics"
    names = {path.name for path in folder.iterdir()}
    assert names == {
        *("center.yaml", "sources", "models", "metrics", "data"),
        *("workspace.yaml", "dagster.yaml", "README.md", ".gitignore"),
    }
    comments = [
        line
        for file in folder.rglob("*.yaml")
        for line in file.read_text().splitlines()
        if line.startswith("#")
    ]
    mine = [line for line in comments if CHINESE.search(line)]
    assert bool(mine) == (lang == "zh")
    assert not re.search(r"\{\{|(#|--)(en|zh):", "".join(file.read_text() for file in folder.rglob("*.*ml")))
    assert [path.name for path in folder.parent.iterdir()] == ["metrics"]


def test_no_line_of_it_mentions_the_shop(tmp_path: Path) -> None:
    for lang in ("en", "zh"):
        made(tmp_path / lang, lang)
        for file in (tmp_path / lang).rglob("*"):
            if file.is_file() and file.suffix != ".sqlite" and file.name != "dagster.yaml":
                assert not OURS.search(file.read_text(encoding="utf-8")), file


def test_the_example_lies_in_the_three_months_before(tmp_path: Path) -> None:
    center = made(tmp_path / "new")
    assert center.settings.partitions.start == "2023-11"
    with closing(sqlite3.connect(tmp_path / "new" / "data" / "sources" / "example.sqlite")) as con:
        found = con.execute("select min(opened_on), max(opened_on), count(*) from tickets").fetchone()
    assert found == ("2023-11-03", "2024-01-31", 15)


def test_a_folder_that_is_not_empty_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="not empty: mine"):
        made(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    with pytest.raises(UsageError, match="a file"):
        made(tmp_path / "mine.txt")


def test_an_empty_folder_or_one_of_git_alone_is_filled_in_place(tmp_path: Path) -> None:
    (tmp_path / "new" / ".git").mkdir(parents=True)
    before = (tmp_path / "new").stat().st_ino
    made(tmp_path / "new")
    assert (tmp_path / "new").stat().st_ino == before  # somebody may stand in it
    assert (tmp_path / "new" / ".git").is_dir()


def test_a_list_becomes_its_drafts_and_departments(tmp_path: Path) -> None:
    done = make_center(tmp_path / "new", None, "zh", TODAY, thirty_metrics(tmp_path / "list.xlsx"))
    center = load_valid_center(done.folder)
    assert done.metrics is not None
    assert len(center.drafts) == len(done.metrics.drafts) == 29
    assert center.settings.departments["department_1"].label.zh == "销售部"


def test_a_file_that_is_no_list_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UsageError, match="no header"):
        make_center(tmp_path / "new", None, "en", TODAY, tmp_path / "list.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["list.csv"]


def test_the_files_for_dagster_are_those_of_the_project() -> None:
    for name in ("dagster.yaml", "workspace.yaml"):
        project = PACKAGE.parent / name
        if not project.exists():
            pytest.skip("not a checkout")
        assert (TEMPLATES / name).read_text() == project.read_text()
