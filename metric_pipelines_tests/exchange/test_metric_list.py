"""Thirty metrics as a company keeps them: what becomes a draft, and every fault by its row."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.drafts import DraftMetric
from metric_pipelines.dictionary.validation import load_valid_center
from metric_pipelines.dictionary.yaml_types import Text
from metric_pipelines.errors import UsageError
from metric_pipelines.exchange.known import Dictionary
from metric_pipelines.exchange.metric_list import Finding, MetricList, read_metric_list
from metric_pipelines.exchange.values import in_words_only, number, owner, slug
from metric_pipelines_tests.exchange.thirty_metrics import FIRST, lines, thirty_metrics
from metric_pipelines_tests.small_shop import CENTER


@pytest.fixture(scope="module")
def center() -> Center:
    return load_valid_center(CENTER)


@pytest.fixture(scope="module")
def listed(center: Center, tmp_path_factory: pytest.TempPathFactory) -> MetricList:
    return read_metric_list(thirty_metrics(tmp_path_factory.mktemp("list") / "清单.xlsx"), center)


def draft(listed: MetricList, row: int) -> DraftMetric:
    return next(one for one in listed.drafts if one.origin and one.origin.row == row)


def test_the_list_has_thirty_metrics_and_more(listed: MetricList) -> None:
    assert sum(line is not None for line in lines()) >= 30
    assert (listed.sheet, listed.others) == ("指标清单", ["封面"])
    assert (listed.header.first, listed.header.last) == (4, FIRST - 1)
    assert len(listed.drafts) == 28


def test_every_fault_is_named_by_row_and_column(listed: MetricList) -> None:
    found = [finding for finding in listed.findings if finding.kind != "words_only"]
    assert found == [
        Finding(6, "new_department", "归属部门", "销售部", "department_1"),
        Finding(11, "two_owners", "负责人 业务", "张三、李四"),
        Finding(12, "owner_no_mail", "负责人 业务", "王五"),
        Finding(13, "conflict", "指标名称", "销售额", "6"),
        Finding(16, "new_department", "归属部门", "财务部", "department_2"),
        Finding(20, "same_code", "指标编码", "CW-003", "18"),
        Finding(21, "same_row", "指标名称", "毛利率", "19"),
        Finding(22, "no_name", "指标名称", found[7].found),
        Finding(23, "unknown_value", "更新频率", "不定期", "daily, weekly, monthly"),
        Finding(24, "new_department", "归属部门", "人力资源部", "department_3"),
        Finding(27, "department_from_above", "归属部门", "", "销售部"),
        Finding(28, "two_owners", "负责人 业务", "hr@example.com; hr2@example.com"),
        Finding(29, "known", "指标名称", "Revenue", "revenue"),
        Finding(32, "conflict", "指标名称", "客户留存率", "31"),
        Finding(36, "code_taken", "指标编码", "SAL-001", "revenue"),
        Finding(39, "conflict", "指标名称", "net revenue: daily", "38"),
        Finding(39, "key_taken", "指标名称", "net_revenue_daily", "net_revenue_daily_2"),
    ]
    assert "应收账款周转一次的天数" in found[7].found


def test_formulas_that_are_words_alone_are_told(listed: MetricList) -> None:
    rows = {finding.row for finding in listed.findings if finding.kind == "words_only"}
    assert {9, 12, 25} <= rows
    assert not {6, 7, 8, 18, 19} & rows  # aggregates, and arithmetic of metrics of the list


def test_a_draft_holds_what_the_row_says(listed: MetricList) -> None:
    found = draft(listed, 19)
    assert (found.name, found.code, found.label.zh) == ("cw_004", "CW-004", "毛利率")
    assert found.description is not None
    assert found.description.zh == "毛利占收入的比例"
    assert found.formula_in_words is not None
    assert found.formula_in_words.zh == "毛利÷营业收入×100%"
    assert (found.unit, found.refresh_frequency) == ("%", "monthly")
    assert found.owners.business == "sales-owner@example.com"


def test_full_width_characters_and_blanks_are_made_plain(listed: MetricList) -> None:
    found = draft(listed, 10)
    assert (found.label.zh, found.code, found.name) == ("新增客户数", "XS-005", "xs_005")


def test_merged_departments_hold_for_all_their_rows(listed: MetricList) -> None:
    assert {draft(listed, row).department for row in range(6, 14)} == {"department_1"}
    assert {draft(listed, row).department for row in (16, 17, 18, 19, 20, 23)} == {"department_2"}
    assert listed.departments["department_3"].zh == "人力资源部"


def test_nothing_is_dropped_silently(listed: MetricList) -> None:
    assert draft(listed, 11).notes["负责人 业务"] == "张三、李四"
    assert draft(listed, 23).notes["更新频率"] == "不定期"
    assert draft(listed, 33).notes["备注"] == "仅自营"
    assert (draft(listed, 20).code, draft(listed, 20).notes["指标编码"]) == (None, "CW-003")
    told = {finding.row for finding in listed.findings}
    rows = {FIRST + number for number, line in enumerate(lines()) if line is not None}
    assert {one.origin.row for one in listed.drafts if one.origin} | told >= rows


def test_two_definitions_of_one_name_both_become_drafts(listed: MetricList) -> None:
    assert draft(listed, 31).label == draft(listed, 32).label
    assert len({one.name for one in listed.drafts}) == len(listed.drafts)


def test_of_two_known_metrics_of_one_name_and_code_that_of_the_same_meaning_is_meant(center: Center) -> None:
    first = DraftMetric.model_validate(
        {"name": "xs_001", "label": {"zh": "离职率"}, "department": "sales", "type": "draft"}
        | {"code": "XS-001", "description": {"zh": "离职人数"}}
    )
    second = first.model_copy(update={"name": "xs_001_2", "code": None, "description": Text(zh="离职比例")})
    both = replace(center, drafts={"xs_001": first, "xs_001_2": second})
    for meaning, name in (("离职人数", "xs_001"), ("离职比例", "xs_001_2"), ("别的", "xs_001")):
        found = Dictionary.of(both).named(["离职率"], "XS-001", {"zh": meaning})
        assert found is not None
        assert found.name == name


def written(file: Path, *rows: list[str], encoding: str = "gb18030") -> Path:
    with file.open("w", encoding=encoding, newline="") as out:
        csv.writer(out).writerows(rows)
    return file


def test_a_csv_in_gb18030_is_a_list(tmp_path: Path, center: Center) -> None:
    file = written(
        tmp_path / "清单.csv",
        ["指标名称", "部门", "口径", "负责人"],
        ["好评率", "Service", "五星评价占比", "Li Lei <li@example.cn>"],
        ["差评率", "", "一星评价占比", "护理部/质控科"],
    )
    found = read_metric_list(file, center)
    assert [one.name for one in found.drafts] == ["metric_1", "metric_2"]
    assert [one.department for one in found.drafts] == ["service", "service"]
    assert found.drafts[0].owners.business == "li@example.cn"
    assert found.drafts[0].notes == {"负责人": "Li Lei <li@example.cn>"}
    assert [(f.row, f.kind) for f in found.findings] == [(3, "department_from_above"), (3, "two_owners")]


def test_what_meets_a_synonym_of_the_dictionary_is_told_and_kept(tmp_path: Path, center: Center) -> None:
    file = written(
        tmp_path / "list.csv", ["Name", "Dept", "Aliases"], ["Turnover", "sales", "Revenue; income"]
    )
    found = read_metric_list(file, center)
    assert [(f.row, f.kind, f.other) for f in found.findings] == [(2, "also_called", "revenue")]
    assert found.drafts[0].synonyms == ["Revenue", "income"]


def test_another_definition_of_a_known_metric_is_told(tmp_path: Path, center: Center) -> None:
    file = written(tmp_path / "list.csv", ["Name", "Dept", "Definition"], ["revenue", "sales", "Before tax."])
    [finding] = read_metric_list(file, center).findings
    assert (finding.kind, finding.other) == ("known_differs", "revenue")


def test_a_department_may_be_said_for_all(tmp_path: Path, center: Center) -> None:
    file = written(tmp_path / "list.csv", ["Name", "Definition"], ["Churn", "Customers lost."])
    with pytest.raises(UsageError, match="--department"):
        read_metric_list(file, center)
    [draft] = read_metric_list(file, center, department="service").drafts
    assert (draft.name, draft.department) == ("churn", "service")


def test_a_file_without_a_header_is_refused(tmp_path: Path, center: Center) -> None:
    file = written(
        tmp_path / "list.csv", ["好评率", "服务部", "五星评价占比"], ["差评率", "服务部", "一星评价占比"]
    )
    with pytest.raises(UsageError) as caught:
        read_metric_list(file, center)
    assert caught.value.found == "no header"
    assert "指标名称" in caught.value.expected
    assert "--map" in caught.value.remedy
    with pytest.raises(UsageError, match="nothing in it"):
        read_metric_list(written(tmp_path / "empty.csv"), center)


def test_an_unknown_sheet_or_column_is_refused_with_those_there_are(
    listed: MetricList, center: Center
) -> None:
    with pytest.raises(UsageError, match="指标清单"):
        read_metric_list(listed.file, center, sheet="指标")
    with pytest.raises(UsageError, match="业务口径"):
        read_metric_list(listed.file, center, maps=["考核口径=description"])


@pytest.mark.parametrize(
    ("text", "mail", "people"),
    [
        ("ops@example.com", "ops@example.com", 1),
        ("张三 李四", None, 2),
        ("张三和李四", None, 2),
        ("张和平", None, 1),
        ("Jane Doe", None, 1),
        ("Jane Doe <jane@example.com>", "jane@example.com", 1),
        ("a@b.cn，c@d.cn", None, 2),
        ("张三\na@b.cn", None, 2),
    ],
)
def test_one_owner_is_told_from_two(text: str, mail: str | None, people: int) -> None:
    found = owner(text)
    assert (found.mail, found.people) == (mail, people)


@pytest.mark.parametrize("text", ["1,5", "0,85", "95,5%", "12,50 %", "1,2345", "0,850", "1234,567", "1_000"])
def test_a_number_that_could_be_two_is_none(text: str) -> None:
    assert number(text) is None


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("1.250,00", 1250.0),
        ("1.250.000,5", 1250000.5),
        ("1,250", 1250.0),
        ("-1,250.5", -1250.5),
        ("1,250,000", 1250000.0),
        ("1.25", 1.25),
        ("¥ 1，250", 1250.0),
        ("12.5 %", 0.125),
        ("1e+20", 1e20),
        (".5", 0.5),
    ],
)
def test_a_comma_stands_between_thousands_before_three_digits_alone(text: str, meant: float) -> None:
    assert number(text) == meant


def test_a_target_and_a_frequency_that_are_not_understood_are_kept_and_told(
    center: Center, tmp_path: Path
) -> None:
    file = tmp_path / "list.csv"
    text = '指标名称,部门,目标值,更新频率,统计周期\n净额,销售部,"0,85",实时,月\n'
    file.write_text(text, encoding="utf-8")
    listed = read_metric_list(file, center)
    [draft] = listed.drafts
    assert (draft.target, draft.refresh_frequency) == (None, None)
    assert draft.notes == {"目标值": "0,85", "更新频率": "实时", "统计周期": "月"}
    told = [(one.kind, one.column, one.found) for one in listed.findings if one.kind == "unknown_value"]
    assert told == [("unknown_value", "更新频率", "实时"), ("unknown_value", "目标值", "0,85")]


def test_single_values() -> None:
    assert (number("９５％"), number("1,250"), number("about 3"), number("nan")) == (0.95, 1250.0, None, None)
    assert (slug("Net revenue (USD)"), slug("净销售额"), slug("2024")) == ("net_revenue_usd", "", "")
    assert not in_words_only("毛利率 = 毛利 ÷ 收入", {"毛利", "收入"})
    assert in_words_only("毛利除以收入", {"毛利", "收入"})
