"""What follows from a metric's definition: look-back, additivity, where it is computed from."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metric_pipelines.dictionary import shapes
from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.shapes import Reach, months_touched, window_parts
from metric_pipelines.dictionary.validation import load_valid_center
from metric_pipelines_tests.small_shop import CENTER, Shop


@pytest.fixture(scope="module")
def center() -> Center:
    return load_valid_center(CENTER)


def distance(later: date, earlier: date) -> int:
    """Months from one day's to another's."""
    return (later.year - earlier.year) * 12 + later.month - earlier.month


def days_of_years(first: int, last: int) -> Iterator[date]:
    day = date(first, 1, 1)
    while day.year <= last:
        yield day
        day += timedelta(days=1)


DAYS = list(days_of_years(2019, 2024))  # with the leap years 2020 and 2024


@given(st.integers(1, 400))
def test_a_window_of_days_never_reaches_beyond_the_months_it_is_said_to_touch(n: int) -> None:
    back, ahead = months_touched(f"{n} days", include_today=True), months_touched(f"{n} days")
    assert max(distance(day, day - timedelta(days=n - 1)) for day in DAYS) <= back
    assert max(distance(day + timedelta(days=n), day) for day in DAYS) <= ahead


@given(st.integers(1, 60))
def test_a_window_of_weeks_never_reaches_beyond_the_months_it_is_said_to_touch(n: int) -> None:
    assert max(distance(day, day - timedelta(weeks=n)) for day in DAYS) <= months_touched(f"{n} weeks")
    assert max(distance(day, day - timedelta(days=7 * n - 1)) for day in DAYS) <= months_touched(
        f"{n} weeks", include_today=True
    )


@pytest.mark.parametrize("n", [1, 2, 28, 29, 30, 56, 57, 90, 365])
def test_a_look_back_is_not_wasteful(n: int) -> None:
    assert (
        months_touched(f"{n} days", include_today=True)
        <= max(distance(d, d - timedelta(days=n - 1)) for d in DAYS) + 1
    )


@pytest.mark.parametrize(
    ("window", "months"), [("1 month", 1), ("3 months", 3), ("1 quarter", 3), ("2 years", 24)]
)
def test_windows_of_months_reach_as_many_months_back(window: str, months: int) -> None:
    assert months_touched(window) == months


@given(st.sampled_from(["week", "month", "quarter", "year"]), st.sampled_from(DAYS))
def test_the_start_of_a_grain_is_within_the_look_back_of_a_to_date_metric(grain: str, day: date) -> None:
    start = {
        "week": day - timedelta(days=day.weekday()),
        "month": day.replace(day=1),
        "quarter": date(day.year, 3 * ((day.month - 1) // 3) + 1, 1),
        "year": date(day.year, 1, 1),
    }[grain]
    assert distance(day, start) <= shapes._back_to_start(grain)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "window", ["", "7", "days", "0 days", "-1 days", "1.5 days", "7 dayz", "7  fortnights", "seven days"]
)
def test_what_is_not_a_count_and_a_grain_is_no_window(window: str) -> None:
    with pytest.raises(ValueError, match="expected a count and a grain"):
        window_parts(window)


@pytest.mark.parametrize("window", ["28 days", "28 day", " 28 Days ", "28  days"])
def test_a_window_is_read_in_singular_and_plural(window: str) -> None:
    assert window_parts(window) == (28, "day")


def test_the_look_back_of_each_type(center: Center) -> None:
    reach = {name: shapes.own_reach(metric) for name, metric in center.metrics.items()}
    assert reach["revenue"] == reach["average_order"] == reach["revenue_to_date"] == Reach(0, 0)
    assert reach["revenue_7d"] == reach["revenue_growth"] == Reach(1, 0)
    assert reach["large_order_rate"] == Reach(0, 1)


def test_a_metric_reaches_as_far_as_it_and_its_inputs_together(center: Center) -> None:
    growth = center.metrics["revenue_growth"]
    assert shapes.whole_reach(center, growth) == Reach(1, 0)
    on_growth = growth.model_copy(
        update={
            "name": "growth_of_growth",
            "metrics": [growth.metrics[1].model_copy(update={"name": "revenue_growth"})],
        }
    )
    assert shapes.whole_reach(center, on_growth) == Reach(2, 0)


def test_sums_and_counts_add_up_and_distinct_counts_do_not(center: Center) -> None:
    assert shapes.adds_up(center.metrics["revenue"], {"category", "time"})
    assert shapes.adds_up(center.metrics["orders_placed"], {"category"})
    assert not shapes.adds_up(center.metrics["customers"], {"category"})
    assert not shapes.adds_up(center.metrics["average_order"], {"category"})
    assert shapes.adds_up(center.metrics["customers"], set())


def test_what_is_declared_additive_adds_up_over_that_alone(center: Center) -> None:
    declared = center.metrics["customers"].model_copy(update={"additive": ["time"]})
    assert shapes.adds_up(declared, {"time"})
    assert not shapes.adds_up(declared, {"time", "category"})
    semi = center.metrics["revenue"].model_copy(update={"additive": ["category"]})
    assert not shapes.adds_up(semi, {"time"})


def test_additive_inputs_are_read_as_published_and_others_from_the_model(
    center: Center, small_center: Path
) -> None:
    for name in ("average_order", "revenue_growth", "revenue_to_date", "revenue_7d"):
        assert shapes.reads_published(center, center.metrics[name])
    assert not shapes.reads_published(center, center.metrics["large_order_rate"])
    shop = Shop(small_center, small_center)
    shop.edit("metrics/sales/average_order.yaml", "numerator: revenue", "numerator: customers")
    shop.edit("metrics/sales/average_order.yaml", "dimensions: [category]", "grain: month")
    changed = load_valid_center(small_center)
    assert not shapes.reads_published(changed, changed.metrics["average_order"])


def test_a_month_does_not_become_weeks(center: Center) -> None:
    monthly = center.metrics["revenue"].model_copy(update={"grain": "month"})
    assert not shapes.rolls_up(monthly, "week", [])
    assert shapes.rolls_up(center.metrics["revenue"], "week", [])
    assert not shapes.rolls_up(monthly, "day", [])
    assert not shapes.rolls_up(center.metrics["revenue"], "day", ["store"])
