"""Where a header is, and what its columns are read as."""

from __future__ import annotations

import pytest

from metric_pipelines.errors import UsageError
from metric_pipelines.exchange.cells import Merge
from metric_pipelines.exchange.columns import find_header, parsed_map
from metric_pipelines.exchange.headings import FIELDS
from metric_pipelines.exchange.sheets import Sheet


def sheet(*rows: str, name: str | None = "list", merges: list[Merge] | None = None) -> Sheet:
    """Rows of cells separated by |."""
    cells = {
        (r, c): text.strip()
        for r, row in enumerate(rows, 1)
        for c, text in enumerate(row.split("|"), 1)
        if text.strip()
    }
    return Sheet(name, cells, merges or [])


def fields(found: Sheet, *maps: str) -> list[str]:
    header = find_header(found, parsed_map(maps))
    assert header is not None
    return [column.field + (f".{column.lang}" if column.lang else "") for column in header.columns]


@pytest.mark.parametrize(
    ("headings", "expected"),
    [
        ("指标名称|部门|口径|计算公式|单位", ["label", "department", "description", "formula", "unit"]),
        ("Metric Name|Dept.|Definition|Owner|Frequency", None),
        ("＊指标名称（必填）|归属部门：|业务 口径|更新频率|别名", None),
        ("Label (en)|Label (zh)|中文口径|英文口径|Department", None),
        ("name|Departmnt|Descripton|formulla|unit", None),
    ],
)
def test_columns_are_guessed_in_both_languages(headings: str, expected: list[str] | None) -> None:
    found = fields(sheet(headings))
    assert "note" not in found
    assert expected is None or found == expected


def test_a_heading_says_a_language() -> None:
    found = fields(sheet("Name (en)|名称（中文）|口径|英文口径|部门"))
    assert found == ["label.en", "label.zh", "description", "description.en", "department"]


def test_the_header_is_found_below_titles() -> None:
    found = sheet("公司指标清单", "", "说明：每行一个指标", "指标名称|部门|口径", "销售额|销售部|金额")
    header = find_header(found, {})
    assert header is not None
    assert (header.first, header.last) == (4, 4)


def test_a_header_of_two_merged_rows_is_read_as_one() -> None:
    merges = [Merge(1, 1, 2, 1), Merge(1, 2, 2, 2), Merge(1, 3, 1, 4)]
    found = sheet("指标名称|部门|负责人|", "||业务|技术", "销售额|销售部|a@b.cn|c@d.cn", merges=merges)
    assert fields(found) == ["label", "department", "business_owner", "technical_owner"]


def test_a_decorative_row_above_the_headings_is_no_part_of_them() -> None:
    merges = [Merge(1, 1, 1, 2), Merge(1, 3, 1, 4)]
    found = sheet(
        "基本信息||口径信息|", "指标名称|部门|业务口径|计算公式", "销售额|销售部|金额|求和", merges=merges
    )
    header = find_header(found, {})
    assert header is not None
    assert [column.heading for column in header.columns] == ["指标名称", "部门", "业务口径", "计算公式"]


def test_two_rows_of_headings_are_found_in_csv_where_merging_is_lost() -> None:
    found = sheet("指标名称|部门|负责人|", "||业务|技术", "销售额|销售部|a@b.cn|c@d.cn", name=None)
    assert fields(found) == ["label", "department", "business_owner", "technical_owner"]


def test_unknown_and_second_columns_are_kept_as_notes() -> None:
    header = find_header(sheet("指标名称|部门|口径|统计口径|技术口径|领导意见", "a|b|c|d|e|f"), {})
    assert header is not None
    assert [(column.field, column.how) for column in header.columns[3:]] == [
        ("formula", "known"),
        ("note", "second"),
        ("note", "unknown"),
    ]


def test_a_column_without_a_heading_is_told_where_something_stands_in_it() -> None:
    header = find_header(sheet("指标名称|部门|", "销售额|销售部|待定", "订单数|销售部|"), {})
    assert header is not None
    assert [(column.heading, column.how) for column in header.columns[2:]] == [("", "unknown")]


def test_what_is_said_goes_before_every_guess() -> None:
    found = sheet("项目|归口|口径|备注", "销售额|销售部|金额|无")
    assert find_header(found, {}) is None
    assert fields(found, "项目=label", "归口=department", "备注=caveats") == [
        "label",
        "department",
        "description",
        "caveats",
    ]


@pytest.mark.parametrize("text", ["口径", "=label", "口径=meaning"])
def test_what_is_said_wrongly_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parsed_map([text])


def test_data_alone_is_no_header() -> None:
    assert find_header(sheet("销售额|销售部|金额", "订单数|销售部|数量"), {}) is None


def test_every_field_can_be_said() -> None:
    assert parsed_map([f"x{i}={field}" for i, field in enumerate(FIELDS)])
