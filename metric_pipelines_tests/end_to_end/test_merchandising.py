"""What merchandising publishes is right, by month and every dimension; no promotion counts a line twice."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from metric_pipelines.demo import changes
from metric_pipelines.dictionary.validation import load_valid_center
from metric_pipelines.query import Reader, open_for_reading
from metric_pipelines.warehouse.lake import open_reader
from metric_pipelines_tests.end_to_end import independent_sql_merchandising as independent
from metric_pipelines_tests.end_to_end.center_at_work import RETAIL, CenterAtWork
from metric_pipelines_tests.end_to_end.test_numbers import compare

pytestmark = pytest.mark.slow

YEAR = date(2017, 1, 1)


@pytest.fixture(scope="module")
def reader(year: CenterAtWork) -> Iterator[Reader]:
    with open_for_reading(year.workshop()) as opened:
        yield opened


def one(year: CenterAtWork, query: str) -> tuple[Any, ...]:
    con = open_reader(year.workshop().lake)
    try:
        return tuple(con.execute(query).fetchone() or ())
    finally:
        con.close()


def test_every_metric_of_merchandising_is_computed_a_second_time() -> None:
    metrics = load_valid_center(RETAIL).metrics.values()
    assert sorted(m.name for m in metrics if m.department == "merchandising") == independent.METRICS


@pytest.mark.parametrize("metric", independent.METRICS)
def test_every_month_equals_the_raw_files(reader: Reader, metric: str) -> None:
    answer = reader.values(metric, grain="month")
    compare([(row[0], row[1]) for row in answer.rows], independent.rows(metric))
    assert answer.gaps == []


@pytest.mark.parametrize(("metric", "dimension"), independent.CASES)
def test_every_member_of_every_month_equals_the_raw_files(
    reader: Reader, metric: str, dimension: str
) -> None:
    rows = reader.values(metric, by=[dimension], grain="month").rows
    compare(sorted((row[0], str(row[1]), row[2]) for row in rows), independent.rows_by(metric, dimension))


@pytest.mark.parametrize(("metric", "naive"), [("display_lift", 0.875), ("mailer_lift", 0.955)])
def test_a_lift_below_one_is_shown_as_what_it_is(reader: Reader, metric: str, naive: float) -> None:
    [(first, value, *_)] = reader.values(metric, grain="year").rows
    assert first == YEAR
    assert round(value, 3) == naive
    assert value == pytest.approx(independent.year_of(metric), rel=1e-12)


def test_promotions_neither_lose_nor_double_a_line(year: CenterAtWork) -> None:
    lines = "select count(*), sum(sales_value) from lake.models.basket_lines"
    assert one(year, lines) == (1_469_307, Decimal("4596039.58"))


def test_a_product_that_stands_twice_in_a_store_and_week_is_promoted_once(year: CenterAtWork) -> None:
    doubled = """
        select count(*) - count(distinct (product_id, store_id, week)) from lake.erp.promotions
    """
    in_model = """
        select count(*) - count(distinct (month_start, product_id, store_id, week))
        from lake.models.promotion_weeks
    """
    assert one(year, doubled)[0] > 0
    assert one(year, in_model) == (0,)


def test_a_week_that_turns_the_month_is_on_promotion_on_both_sides(year: CenterAtWork) -> None:
    turning = """
        select count(distinct date_trunc('month', business_day)) from lake.models.basket_lines
        where week = 6 and promotion in ('DISPLAY', 'MAILER', 'BOTH')
    """
    assert one(year, turning) == (2,)


def test_the_first_week_is_a_sunday_alone_and_has_its_promotions(year: CenterAtWork) -> None:
    first = """
        select min(week_start), count(distinct week_start), count(*) > 0
        from lake.erp.promotions where week = 1
    """
    assert one(year, first) == (YEAR, 1, True)
    sunday = """
        select count(*) > 0 from lake.models.basket_lines
        where business_day = date '2017-01-01' and promotion <> 'NONE' and promotion <> 'UNKNOWN'
    """
    assert one(year, sunday) == (True,)


def test_what_is_not_known_of_a_store_is_not_said(year: CenterAtWork) -> None:
    stores = """
        select count(distinct store_id) filter (where promotion <> 'UNKNOWN'),
            count(distinct store_id) filter (where promotion = 'UNKNOWN') > 300
        from lake.models.basket_lines
    """
    assert one(year, stores) == (112, True)


def test_a_month_that_begins_midweek_has_its_promotions_from_the_first_day(quarter: CenterAtWork) -> None:
    assert changes.next_day(quarter.sources) == date(2017, 4, 1)  # a Saturday
    assert quarter.refresh().success
    begun = "select count(*) from lake.erp.promotions where week_start >= date '2017-04-01'"
    assert quarter.read(begun) == [(0,)]
    sold = """
        select sum(sales_value) from lake.models.basket_lines
        where business_day = date '2017-04-01' and promotion in ('DISPLAY', 'MAILER', 'BOTH')
    """
    [(value,)] = quarter.read(sold)
    assert value > 0
    assert quarter.values("promoted_revenue", grain="month").rows[-1][:2] == (date(2017, 4, 1), value)


def test_a_week_whose_promotions_were_not_delivered_withholds_its_month(quarter: CenterAtWork) -> None:
    while changes.next_day(quarter.sources) < date(2017, 4, 3):
        pass
    with closing(sqlite3.connect(quarter.sources / "erp.sqlite")) as con, con:
        assert con.execute("delete from promotions where week_start = '2017-04-03'").rowcount > 0
    assert not quarter.refresh().success
    assert quarter.in_state("withheld") == {("models/promotion_weeks", "2017-04")}
    assert "week_start not_nullable" in quarter.standings()["models/promotion_weeks", "2017-04"].reason
    assert {
        ("models/basket_lines", "2017-04"),
        ("metrics/net_revenue", "2017-04"),
        ("metrics/promoted_revenue", "2017-04"),
    } <= quarter.in_state("blocked")
