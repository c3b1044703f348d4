"""The dictionary as a workbook: complete, harmless, and readable again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest

from metric_pipelines.dictionary.validation import load_valid_center
from metric_pipelines.errors import UsageError
from metric_pipelines.exchange.draft_files import to_write, write
from metric_pipelines.exchange.metric_list import read_metric_list
from metric_pipelines.exchange.tables import Health, Table, tables
from metric_pipelines.exchange.workbook import write_workbook
from metric_pipelines.exchange.workbook_words import WORDS, word
from metric_pipelines.settings import SHIPPED
from metric_pipelines_tests.exchange.thirty_metrics import thirty_metrics


@pytest.fixture
def filled(small_center: Path, tmp_path: Path) -> Path:
    """The small center with the drafts of the thirty."""
    found = read_metric_list(thirty_metrics(tmp_path / "list.xlsx"), load_valid_center(small_center))
    write(small_center, to_write(small_center, found.drafts, found.departments, "zh"))
    return small_center


def exported(folder: Path, file: Path, lang: str) -> Any:
    states = {"revenue": Health("healthy", "as of 2024-03-31")}
    write_workbook(tables(load_valid_center(folder), states, lang), file, lang)
    return openpyxl.load_workbook(file)


def cells(sheet: Any) -> list[dict[str, Any]]:
    headings, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(headings, row, strict=True)) for row in rows]


def test_all_of_the_dictionary_is_there(filled: Path, tmp_path: Path) -> None:
    book = exported(filled, tmp_path / "out.xlsx", "en")
    assert book.sheetnames == ["Metrics", "Drafts", "Models", "Sources", "Departments", "Owners"]
    revenue = next(row for row in cells(book["Metrics"]) if row["Key"] == "revenue")
    assert (revenue["Name (en)"], revenue["Department"], revenue["Unit"]) == ("Revenue", "Sales", "USD")
    assert (revenue["Formula"], revenue["State"]) == ("sum(amount) from order_lines", "healthy")
    assert len(cells(book["Drafts"])) == 28
    assert {row["Table"] for row in cells(book["Sources"])} == {"orders", "products"}
    assert [row["Drafts"] for row in cells(book["Departments"])][-3:] == [19, 6, 3]
    owners = cells(book["Owners"])
    assert {"metric", "draft", "model", "source system"} >= {row["Kind"].lower() for row in owners}


def test_headings_are_frozen_and_filtered_and_columns_can_be_read(filled: Path, tmp_path: Path) -> None:
    for sheet in exported(filled, tmp_path / "out.xlsx", "zh").worksheets:
        assert sheet.freeze_panes == "B2"
        assert sheet.auto_filter.ref.startswith("A1:")
        assert all(8 <= column.width <= 60 for column in sheet.column_dimensions.values())


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("name", ["metrics", "drafts"])
def test_an_exported_workbook_is_known_word_by_word(
    filled: Path, tmp_path: Path, lang: str, name: str
) -> None:
    file = tmp_path / "out.xlsx"
    exported(filled, file, lang)
    center = load_valid_center(filled)
    again = read_metric_list(file, center, sheet=word(name, lang))
    assert again.drafts == []
    assert {finding.kind for finding in again.findings} == {"known"}
    assert len(again.findings) == len(getattr(center, name))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_shipped_center_goes_round(tmp_path: Path, lang: str) -> None:
    center = load_valid_center(SHIPPED / "retail")
    write_workbook(tables(center, {}, lang), tmp_path / "out.xlsx", lang)
    assert {finding.kind for finding in read_metric_list(tmp_path / "out.xlsx", center).findings} == {"known"}


def test_no_text_is_taken_for_a_formula(tmp_path: Path) -> None:
    texts = ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("http://x")', "tea", "a\x07b", "x" * 40_000]
    rows: list[dict[str, Any]] = [{"name": text} for text in [*texts, -1.5, None]]
    write_workbook([Table("models", ("name",), rows)], tmp_path / "out.xlsx", "en")
    found = [row[0] for row in openpyxl.load_workbook(tmp_path / "out.xlsx").active.iter_rows(min_row=2)]
    assert [cell.value for cell in found[:6]] == texts[:6]
    assert {cell.data_type for cell in found[:8]} == {"s"}
    assert [cell.quotePrefix for cell in found[:6]] == [True, True, True, True, True, False]
    assert found[6].value == "ab"
    assert len(found[7].value) == 32_767
    assert (found[8].value, found[8].data_type) == (-1.5, "n")


def test_a_file_is_replaced_on_demand_alone(small_center: Path, tmp_path: Path) -> None:
    file = tmp_path / "out.xlsx"
    file.write_bytes(b"mine")
    found = tables(load_valid_center(small_center), {}, "en")
    with pytest.raises(UsageError, match="--force"):
        write_workbook(found, file, "en")
    assert file.read_bytes() == b"mine"
    write_workbook(found, file, "en", replace=True)
    assert openpyxl.load_workbook(file).sheetnames[0] == "Metrics"
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ""] == ["out.xlsx"]
    with pytest.raises(UsageError, match=r"\.xlsx"):
        write_workbook(found, tmp_path / "out.csv", "en")


def test_every_word_is_there_in_both_languages() -> None:
    assert all(english and chinese for english, chinese in WORDS.values())
