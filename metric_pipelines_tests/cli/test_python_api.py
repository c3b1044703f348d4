"""`metric_pipelines.values`: published numbers as a DataFrame."""

from __future__ import annotations

from datetime import date

import pytest

import metric_pipelines
from metric_pipelines.errors import UsageError
from metric_pipelines_tests.cli.conftest import Terminal
from metric_pipelines_tests.small_shop import revenue_by_month


@pytest.fixture(autouse=True)
def settings(cli: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in cli.environment.items():
        monkeypatch.setenv(name, value)


def test_values_are_exact_and_dated() -> None:
    frame = metric_pipelines.values("revenue", grain="month")
    assert list(frame.columns) == ["metric_time", "value"]
    assert (
        dict(zip(frame["metric_time"].dt.strftime("%Y-%m"), frame["value"], strict=True))
        == revenue_by_month()
    )
    assert frame.attrs["unit"] == "USD"
    assert frame.attrs["withheld"] == []


def test_days_are_dates_or_iso_texts_and_one_dimension_may_be_a_text() -> None:
    by_text = metric_pipelines.values("revenue", by="category", start="2024-02-01", end="2024-03-01")
    by_date = metric_pipelines.values(
        "revenue", by=["category"], start=date(2024, 2, 1), end=date(2024, 3, 1)
    )
    assert by_text.equals(by_date)
    assert set(by_text["metric_time"].dt.strftime("%Y-%m")) == {"2024-02"}


def test_a_condition_and_a_saved_query() -> None:
    tea = metric_pipelines.values("revenue", grain="month", filter="category = 'tea'")
    assert tea.attrs["source"] == "model"
    frame = metric_pipelines.saved_query("tea_and_coffee", start="2024-02-01")
    assert list(frame.columns) == ["metric_time", "category", "revenue", "customers"]
    assert frame.attrs["withheld"] == {}
    found = frame[frame["category"] == "tea"].sort_values("metric_time")["revenue"].tolist()
    assert found == tea[tea["metric_time"] >= "2024-02-01"]["value"].tolist()


def test_a_condition_that_nothing_fits_is_told() -> None:
    none = metric_pipelines.values(
        "revenue", start="2024-02-02", end="2024-02-03", filter="category = 'coffee'"
    )
    assert (len(none), none.attrs["unmatched"]) == (0, "category = 'coffee'")
    assert metric_pipelines.values("revenue").attrs["unmatched"] is None
    assert metric_pipelines.saved_query("tea_and_coffee").attrs["unmatched"] is None


def test_unknown_names_are_refused() -> None:
    with pytest.raises(UsageError, match="did you mean 'revenue'"):
        metric_pipelines.values("revnue")
