"""`import excel` and `export dictionary` as typed."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from metric_pipelines.cli.help_texts import HELP
from metric_pipelines.cli.import_excel import spans
from metric_pipelines.cli.list_texts import LIST_TEXTS
from metric_pipelines.exchange.headings import FIELDS
from metric_pipelines.exchange.metric_list import Kind
from metric_pipelines_tests.cli.conftest import Sit, Terminal
from metric_pipelines_tests.exchange.thirty_metrics import thirty_metrics
from metric_pipelines_tests.small_shop import Shop

CENTER_FILES = "*.yaml"


@pytest.fixture
def here(at: Sit, fresh_shop: Shop) -> Terminal:
    """A terminal at a shop of the test's own."""
    return at(fresh_shop)


@pytest.fixture
def excel(tmp_path: Path) -> str:
    return str(thirty_metrics(tmp_path / "list.xlsx"))


def yaml_files(shop: Shop) -> set[str]:
    return {str(file.relative_to(shop.center)) for file in shop.center.rglob(CENTER_FILES)}


def test_a_look_writes_nothing_and_shows_all(here: Terminal, excel: str) -> None:
    before = yaml_files(here.shop)
    said = here("import", "excel", excel)
    assert said.code == 0
    assert yaml_files(here.shop) == before
    for part in (
        "header in rows 4 and 5",
        "owners.business",
        "unknown: kept as it is",
        "张三、李四",
        "has another definition in row 31",
        "The formula is in words only",
        "metrics/department_1/xs_001.yaml",
        f"metric-pipelines import excel {excel} --write",
    ):
        assert part in said.out, part


def test_written_drafts_stand_in_the_dictionary_and_a_second_time_nothing_happens(
    here: Terminal, excel: str
) -> None:
    said = here("import", "excel", excel, "--write", "--json").json
    assert said["written"] is True
    assert len(said["files"]) == 29  # 28 drafts and center.yaml
    assert here("validate", "--json").json["counts"]["drafts"] == 28
    assert here("metrics", "客户留存率", "--json").json["metrics"][0]["type"] == "draft"
    again = here("import", "excel", excel, "--write", "--json").json
    assert (again["drafts"], again["files"]) == ([], [])
    assert "There is nothing to write" in here("import", "excel", excel).out


def test_a_new_center_of_a_list_shows_its_problems_since_import_would_not_any_more(
    here: Terminal, excel: str, tmp_path: Path
) -> None:
    said = here("init", str(tmp_path / "mine"), "--from-excel", excel)
    assert said.code == 0
    for part in (
        "header in rows 4 and 5",
        "张三、李四",
        "has another definition in row 31",
        "daily, weekly, monthly",
    ):
        assert part in said.out, part


def test_problems_for_programs_have_row_column_and_what_to_do(here: Terminal, excel: str) -> None:
    said = here("--lang", "zh", "import", "excel", excel, "--json").json
    problem = next(one for one in said["problems"] if one["row"] == 11)
    assert problem == {
        "row": 11,
        "kind": "two_owners",
        "column": "负责人 业务",
        "found": "张三、李四",
        "other": "",
        "says": "more than one owner: 张三、李四",
        "remedy": "one mail address a role, best of a role; kept in notes",
        "left_out": False,
    }
    assert said["columns"][6] == {
        "column": "G",
        "heading": "负责人 业务",
        "field": "business_owner",
        "lang": None,
        "how": "known",
    }


def test_a_file_without_a_header_is_exit_2(here: Terminal, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("a,b\n1,2\n")
    said = here("import", "excel", str(tmp_path / "list.csv"))
    assert (said.code, said.out) == (2, "")
    assert "no header" in said.err
    assert "--map" in said.err


def test_columns_can_be_said(here: Terminal, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("项目,考核口径\n好评率,五星评价占比\n", encoding="gb18030")
    words = ["--map", "项目=label", "--map", "考核口径=description", "--department", "service", "--json"]
    [draft] = here("import", "excel", str(tmp_path / "list.csv"), *words).json["drafts"]
    assert draft["description"] == {"en": "", "zh": "五星评价占比"}


def test_the_shipped_center_is_not_written(
    here: Terminal, excel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = Terminal(Shop(Path("retail"), here.shop.home), monkeypatch, here.capsys)(
        "import", "excel", excel, "--write"
    )
    assert said.code == 2
    assert "metric-pipelines init FOLDER --from-excel FILE" in said.err


def test_every_finding_has_its_words_and_every_field_is_in_the_help() -> None:
    for kind in Kind.__args__:
        assert {f"list.{kind}", f"list.{kind}.do"} <= set(LIST_TEXTS)
    for text in HELP["import excel"].parameters["maps"]:
        assert all(field in text for field in FIELDS)


def test_rows_are_told_in_short() -> None:
    assert spans([6, 7, 8, 10, 12, 13]) == "6-8, 10, 12-13"


def test_the_dictionary_is_exported_with_states_once_there_are_any(
    cli: Terminal, here: Terminal, tmp_path: Path
) -> None:
    file = tmp_path / "字典.xlsx"
    before = here("export", "dictionary", "--xlsx", str(file))
    assert before.code == 0
    assert "Nothing was computed yet" in before.out
    assert not (here.shop.home / "ledger.sqlite").exists()
    assert cli("export", "dictionary", "--xlsx", str(file)).code == 2  # it is there
    said = cli("--lang", "zh", "export", "dictionary", "--xlsx", str(file), "--force")
    assert said.code == 0
    headings, first, *_ = openpyxl.load_workbook(file)["指标"].iter_rows(values_only=True)
    assert dict(zip(headings, first, strict=True))["状态"] == "正常"
