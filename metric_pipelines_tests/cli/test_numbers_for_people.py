"""Numbers as text and as JSON: their own digits, whatever they are."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest

from metric_pipelines.cli import figures
from metric_pipelines.cli.json_text import json_text
from metric_pipelines.cli.texts import Words
from metric_pipelines.scorecards import Change

SAY, SAGE = Words("en"), Words("zh")


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (Decimal("1234567.10"), "USD", "1,234,567.10"),
        (Decimal("0.00"), "USD", "0.00"),
        (29.4912, "USD", "29.49"),
        (0.5, "USD", "0.50"),
        (0.012346, "units", "0.01235"),
        (12807, "baskets", "12,807"),
        (0.14, "%", "14.00 %"),
    ],
)
def test_a_value_shows_its_own_digits(value: Decimal | float, unit: str, text: str) -> None:
    assert figures.number(value, unit) == text


def test_a_share_changes_by_points_and_everything_else_by_percent() -> None:
    assert figures.change(SAY, Change(0.9, -0.0039, -0.004, "bad"), "%").plain == "-0.39 pp"
    assert figures.change(SAGE, Change(0.9, -0.0039, -0.004, "bad"), "%").plain == "-0.39 个百分点"
    assert figures.change(SAY, Change(100, 9.2, 0.092, "good"), "USD").plain == "+9.2 %"
    assert figures.change(SAY, Change(0, 7, None, "good"), "USD").plain == "+7.00"
    assert figures.change(SAGE, None, "USD").plain == "无数据"


def test_what_is_good_for_the_metric_is_green() -> None:
    assert figures.change(SAY, Change(100, 9.2, 0.092, "bad"), "USD").style == "bad"


def test_a_change_against_a_whole_month_is_marked() -> None:
    assert figures.change(SAY, Change(100, -96.2, -0.962, "neutral", whole=True), "USD").plain == "~ -96.2 %"


def test_a_curve_keeps_its_gaps() -> None:
    assert figures.sparkline([0, None, 5, 10]) == "▁ ▅█"
    assert figures.sparkline([3, 3]) == "▄▄"
    assert figures.sparkline([None]) == ""


def test_months_are_told_as_stretches() -> None:
    months = ["2024-03", "2024-01", "2024-02", "2024-06", ""]
    assert figures.month_spans(SAY, months) == "2024-01 to 2024-03, 2024-06"
    assert figures.month_spans(SAGE, months) == "2024-01 至 2024-03, 2024-06"


def test_a_period_is_named_by_its_grain() -> None:
    assert [figures.period(grain, date(2024, 4, 1)) for grain in ("day", "month", "quarter", "year")] == [
        "2024-04-01",
        "2024-04",
        "2024-Q2",
        "2024",
    ]


def test_json_keeps_the_digits_of_money_and_the_characters_of_text() -> None:
    value = {"值": Decimal("1234567890123456.10"), "n": 3, "share": 0.1, "none": None, "yes": True}
    text = json_text(value)
    assert '"值": 1234567890123456.10' in text
    assert json.loads(text, parse_float=Decimal) == {**value, "share": Decimal("0.1")}


def test_json_has_no_number_for_what_is_none() -> None:
    assert json.loads(json_text([float("nan"), float("inf"), Decimal("NaN")])) == [None, None, None]


def test_json_of_nested_values_is_valid_and_a_row_a_line() -> None:
    rows = [{"metric_time": date(2024, 1, 1), "value": Decimal("1.50")}] * 2
    text = json_text({"rows": rows, "empty": [], "words": 'say "hi"\n'})
    assert json.loads(text)["rows"][0] == {"metric_time": "2024-01-01", "value": 1.5}
    assert sum('"metric_time"' in line for line in text.splitlines()) == 2


def test_json_refuses_what_it_cannot_say() -> None:
    with pytest.raises(TypeError):
        json_text({"a": object()})
