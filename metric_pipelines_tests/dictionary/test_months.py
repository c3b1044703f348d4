"""Arithmetic of months."""

from __future__ import annotations

import itertools
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metric_pipelines.dictionary.months import (
    day_after,
    first_day,
    is_month,
    month_of,
    months_between,
    shift,
    spans,
)

months = st.builds(lambda y, m: f"{y:04d}-{m:02d}", st.integers(1900, 2199), st.integers(1, 12))
steps = st.integers(-600, 600)


@given(months, steps, steps)
def test_shifting_twice_is_shifting_once_by_the_sum(month: str, a: int, b: int) -> None:
    assert shift(shift(month, a), b) == shift(month, a + b)


@given(months)
def test_shifting_by_nothing_changes_nothing_and_by_twelve_the_year(month: str) -> None:
    assert shift(month, 0) == month
    assert shift(month, 12) == f"{int(month[:4]) + 1:04d}{month[4:]}"


@given(months)
def test_a_month_ends_where_the_next_begins(month: str) -> None:
    assert day_after(month) == first_day(shift(month, 1))
    assert month_of(day_after(month) - timedelta(days=1)) == month
    assert month_of(first_day(month)) == month


@given(months, st.integers(0, 60))
def test_months_between_are_as_many_as_the_shift_and_ascend(month: str, n: int) -> None:
    found = months_between(month, shift(month, n))
    assert len(found) == n + 1
    assert found == sorted(set(found))


@given(months, st.integers(1, 60))
def test_there_are_no_months_between_when_the_last_is_earlier(month: str, n: int) -> None:
    assert months_between(month, shift(month, -n)) == []


@given(st.lists(months, unique=True).map(sorted))
def test_spans_give_back_exactly_the_months_they_were_made_of(chosen: list[str]) -> None:
    found = spans(chosen)
    assert [m for first, last in found for m in months_between(first, last)] == chosen
    assert all(shift(a[1], 1) < b[0] for a, b in itertools.pairwise(found)), "spans are as long as can be"


@pytest.mark.parametrize("key", ["2024-01", "1999-12"])
def test_a_month_is_written_year_dash_month(key: str) -> None:
    assert is_month(key)


@pytest.mark.parametrize(
    "key", ["2024-13", "2024-00", "2024-1", "2024-01-01", "24-01", "2024-01\n", "", "２０２４-01"]
)
def test_anything_else_is_no_month(key: str) -> None:
    assert not is_month(key)


def test_a_leap_day_belongs_to_february() -> None:
    assert month_of(date(2024, 2, 29)) == "2024-02"
