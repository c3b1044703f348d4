"""Saved queries: what is wrong with one is said with file and line before anybody asks it."""

from __future__ import annotations

from pathlib import Path

import pytest

from metric_pipelines.dictionary.query_rules import grain_of
from metric_pipelines.dictionary.validation import load_valid_center
from metric_pipelines.errors import InvalidCenterError

FILE = "queries/tea_and_coffee.yaml"


def test_the_grain_is_the_coarsest_of_its_metrics(small_center: Path) -> None:
    center = load_valid_center(small_center)
    assert grain_of(center, center.queries["tea_and_coffee"]) == "month"


@pytest.mark.parametrize(
    ("old", "new", "line", "found", "near"),
    [
        ("[revenue, customers]", "[revenue, customer]", 3, "unknown metric 'customer'", "customers"),
        ("by: [category]", "by: [categorie]", 4, "revenue: unknown dimension 'categorie'", "category"),
        (
            "category <> 'unknown'",
            "categori <> 'unknown'",
            5,
            "revenue: unknown column 'categori'",
            "category",
        ),
        ("category <> 'unknown'", "lower(category)", 5, "revenue: filter 'lower(category)'", ""),
        ("category <> 'unknown'", "category in (select 1)", 5, "revenue: subquery in", ""),
        ("category <> 'unknown'", "category = '{{ x }}'", 5, "revenue: a brace in", ""),
        ("limit: 4", "grain: day", 7, "customers: grain day", ""),
        ("[-revenue]", "[-revenu]", 6, "unknown column 'revenu'", "revenue"),
        ("limit: 4", "limit: 0", 7, "limit: 0", ""),
        ("[revenue, customers]", "[revenue, revenue]", 3, "metrics: 'revenue' is named twice", ""),
        ("[revenue, customers]", "[]", 3, "metrics: []", ""),
        ("limit: 4", "limits: 4", 7, "unknown key 'limits'", "limit"),
    ],
)
def test_a_query_that_cannot_be_asked_is_reported_at_its_line(
    small_center: Path, old: str, new: str, line: int, found: str, near: str
) -> None:
    file = small_center / FILE
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(InvalidCenterError) as caught:
        load_valid_center(small_center)
    problem = caught.value.problems[0]
    assert problem.where == f"{file}:{line}"
    assert problem.found.startswith(found)
    assert not near or f"did you mean '{near}'?" in problem.remedy


def test_a_metric_that_adds_days_up_filters_by_what_stays_the_same(small_center: Path) -> None:
    file = small_center / "metrics" / "sales" / "revenue_7d.yaml"
    written = file.read_text(encoding="utf-8")
    asked = "metric: {name: revenue, filter: \"order_day > '2024-02-01'\"}"
    file.write_text(written.replace("metric: revenue", asked), encoding="utf-8")
    with pytest.raises(InvalidCenterError, match="where days are shifted or added up"):
        load_valid_center(small_center)


def test_time_that_is_added_up_is_asked_by_start_and_end(small_center: Path) -> None:
    file = small_center / FILE
    file.write_text(
        "name: tea_and_coffee\nlabel: {en: Week}\nmetrics: [revenue_7d]\nfilter: metric_time > '2024-02-01'\n"
    )
    with pytest.raises(InvalidCenterError, match="ask by --start and --end"):
        load_valid_center(small_center)
