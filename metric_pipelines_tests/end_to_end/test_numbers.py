"""What is published is right: to the cent and to the unit, against the same metrics from the raw files."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import duckdb_extension_ducklake
import duckdb_extension_sqlite_scanner
import pytest

from metric_pipelines.dictionary.dimensions import of_metric, of_model
from metric_pipelines.dictionary.validation import load_valid_center
from metric_pipelines.query import Reader, open_for_reading
from metric_pipelines_tests.end_to_end import independent_sql
from metric_pipelines_tests.end_to_end.center_at_work import RETAIL, CenterAtWork
from metric_pipelines_tests.end_to_end.independent_sql import QUERIES

pytestmark = pytest.mark.slow

CENTER = load_valid_center(RETAIL)
METRICS = sorted(name for name, metric in CENTER.metrics.items() if metric.department != "merchandising")
"""Those of merchandising have a file of their own."""
DAILY = sorted(name for name, query in QUERIES.items() if query.daily)
MONTHLY = sorted(set(QUERIES) - set(DAILY))
CUTS = [(name, dimension) for name, query in sorted(QUERIES.items()) for dimension in query.dimensions]
YEAR = 2017
WHOLE_YEAR = date(2017, 1, 1), date(2018, 1, 1)
FEW = date(2017, 2, 15), date(2017, 3, 15)
"""Days enough to cross a border of months: from the lines, a year of windows takes half a minute."""
BY_CONTRACT = ["promotion", "display_location", "mailer_location"]
"""Dimensions whose members the contract of the model lists."""
ENOUGH = 2
"""By so many dimensions each metric is compared, where it has them."""
BORDERS = [date(2017, 1, 1), date(2017, 1, 31), date(2017, 2, 1), date(2017, 2, 28), date(2017, 3, 1),
           date(2017, 6, 30), date(2017, 12, 25), date(2017, 12, 31)]  # fmt: skip


@pytest.fixture(scope="module")
def reader(year: CenterAtWork) -> Iterator[Reader]:
    """The product's one path to any number."""
    with open_for_reading(year.workshop()) as opened:
        yield opened


@pytest.fixture(scope="module")
def client(year: CenterAtWork) -> duckdb.DuckDBPyConnection:
    """A DuckDB of one's own with the lake attached, as an analyst's notebook has it."""
    con = duckdb.connect()
    for package in (duckdb_extension_sqlite_scanner, duckdb_extension_ducklake):
        con.execute(f"load '{next(Path(str(package.__file__)).parent.rglob('*.duckdb_extension'))}'")
    con.execute(f"attach 'ducklake:sqlite:{year.home}/lake/catalog.sqlite' as lake (read_only)")
    return con


def same(found: Any, expected: Any) -> bool:
    """Money and counts exactly, with their type; quotients to twelve digits."""
    if isinstance(expected, float):
        return isinstance(found, float) and math.isclose(found, expected, rel_tol=1e-12)
    return type(found) is type(expected) and found == expected


def compare(found: list[tuple[Any, ...]], expected: list[tuple[Any, ...]]) -> None:
    assert [row[:-1] for row in found] == [row[:-1] for row in expected]
    wrong = [(f, e[-1]) for f, e in zip(found, expected, strict=True) if not same(f[-1], e[-1])]
    assert not wrong


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_is_computed_a_second_time_by_what_it_is_published_by_and_two_dimensions(
    metric: str,
) -> None:
    definition = CENTER.metrics[metric]
    reached, compared = of_metric(CENTER, definition), QUERIES[metric].dimensions
    assert set(definition.dimensions) <= set(compared) <= set(reached)
    assert len(compared) >= min(ENOUGH, len(reached))


def test_nothing_is_computed_that_is_no_metric() -> None:
    assert sorted(QUERIES) == METRICS


@pytest.mark.parametrize("model", ["basket_lines", "redemptions", "campaign_mailings"])
def test_every_member_that_occurs_has_a_label_where_members_have(model: str) -> None:
    table = {"basket_lines": "lines", "campaign_mailings": "mailings"}.get(model, model)
    labelled = {
        name: one.spec
        for name, one in of_model(CENTER, model).items()
        if one.spec.values and name not in BY_CONTRACT
    }
    assert labelled
    for name, spec in labelled.items():
        assert independent_sql.members(table, name) - {"UNKNOWN"} <= set(spec.values), name


@pytest.mark.parametrize("dimension", BY_CONTRACT)
def test_every_member_that_a_contract_allows_has_a_label(dimension: str) -> None:
    lines = CENTER.models["basket_lines"]
    assert {*map(str, lines.columns[dimension].isin or [])} - {"UNKNOWN"} == {
        *lines.dimensions[dimension].values
    }


def test_the_years_net_revenue_is_right_to_the_cent(reader: Reader) -> None:
    answer = reader.values("net_revenue", grain="year")
    assert answer.rows == [(date(2017, 1, 1), Decimal("4596039.58"))]
    assert answer.gaps == []


def test_the_year_has_364_trading_days_and_all_are_of_2017(reader: Reader) -> None:
    days = [row[0] for row in reader.values("net_revenue").rows]
    assert len(days) == 364
    assert {day.year for day in days} == {YEAR}
    assert date(2017, 12, 25) not in days


def test_the_years_baskets_are_all_counted_once(reader: Reader) -> None:
    assert reader.values("baskets", grain="year").rows == [(date(2017, 1, 1), 155_848)]


@pytest.mark.parametrize("metric", MONTHLY)
def test_every_month_equals_the_raw_files(reader: Reader, metric: str) -> None:
    answer = reader.values(metric, grain="month")
    expected = [row for row in independent_sql.rows(metric) if row[0].year == YEAR]
    compare([(row[0], row[1]) for row in answer.rows], expected)
    assert answer.gaps == []


@pytest.mark.parametrize("metric", DAILY)
def test_every_day_of_a_window_equals_the_raw_files(reader: Reader, metric: str) -> None:
    expected = dict(independent_sql.rows(metric))
    found = dict(reader.values(metric).rows)
    assert {day: found[day] for day in BORDERS} == {day: expected[day] for day in BORDERS}
    compare(sorted(found.items()), sorted(expected.items()))


def test_to_date_begins_anew_at_each_month_and_a_window_does_not(reader: Reader) -> None:
    revenue = dict(reader.values("net_revenue").rows)
    to_date = dict(reader.values("net_revenue_mtd").rows)
    rolling = dict(reader.values("net_revenue_rolling_28d").rows)
    first = date(2017, 7, 1)
    assert to_date[first] == revenue[first]
    assert rolling[first] == sum(revenue[first - timedelta(days=n)] for n in range(28))


@pytest.mark.parametrize(("metric", "dimension"), CUTS)
def test_every_member_equals_the_raw_files(reader: Reader, metric: str, dimension: str) -> None:
    by_day = metric in DAILY
    start, end = FEW if by_day and dimension not in CENTER.metrics[metric].dimensions else WHOLE_YEAR
    answer = reader.values(metric, by=[dimension], grain="day" if by_day else "month", start=start, end=end)
    found = sorted((row[0], str(row[1]), row[2]) for row in answer.rows)
    compare(found, [row for row in independent_sql.rows_by(metric, dimension) if start <= row[0] < end])
    assert answer.gaps == []


def test_what_adds_up_is_read_as_published_and_what_does_not_from_a_rollup_or_the_model(
    reader: Reader,
) -> None:
    revenue = reader.values("net_revenue", by=["department"], grain="month")
    assert sum(row[2] for row in revenue.rows) == Decimal("4596039.58")
    assert revenue.route == "published"
    assert reader.values("active_households", by=["store"], grain="month").route == "rollup"
    assert reader.values("active_households", by=["store"], grain="quarter").route == "model"


@pytest.mark.parametrize("metric", ["net_revenue", "units", "baskets", "discounts", "fuel_revenue"])
def test_a_plain_client_sums_the_view_to_the_same_months(
    client: duckdb.DuckDBPyConnection, metric: str
) -> None:
    query = f"""
        select date_trunc('month', metric_time)::date, sum(value)
        from lake.metrics.{metric} group by 1 order by 1
    """
    compare(client.execute(query).fetchall(), independent_sql.rows(metric))


@pytest.mark.parametrize("metric", ["average_basket", "discount_rate", "private_label_share"])
def test_a_plain_client_divides_the_parts_of_a_ratio(client: duckdb.DuckDBPyConnection, metric: str) -> None:
    query = f"""
        select date_trunc('month', metric_time)::date, sum(numerator)::double / sum(denominator)::double
        from lake.metrics.{metric} group by 1 order by 1
    """
    compare(client.execute(query).fetchall(), independent_sql.rows(metric))


@pytest.mark.parametrize("metric", DAILY)
def test_a_plain_client_reads_a_window_by_day(client: duckdb.DuckDBPyConnection, metric: str) -> None:
    query = f"select metric_time, sum(value) from lake.metrics.{metric} group by 1 order by 1"
    compare(client.execute(query).fetchall(), independent_sql.rows(metric))


def test_every_metric_has_a_view_of_time_dimensions_and_value(client: duckdb.DuckDBPyConnection) -> None:
    for name, metric in CENTER.metrics.items():
        columns = client.execute(f"select * from lake.metrics.{name} limit 0").description
        found = [column[0] for column in columns]
        known = ["metric_time", *sorted(metric.dimensions), "value"]
        assert found in (known, [*known, "numerator", "denominator"])


def test_each_receipt_names_a_snapshot_that_shows_what_was_published(
    year: CenterAtWork, client: duckdb.DuckDBPyConnection
) -> None:
    receipt = year.ledger.history()["metrics/net_revenue", "2017-06"].published
    assert receipt is not None
    query = f"""
        select sum(value) from lake.metrics.net_revenue at (version => {receipt.snapshot})
        where month(metric_time) = 6
    """
    (then,) = client.execute(query).fetchone() or (None,)
    assert then == dict(independent_sql.rows("net_revenue"))[date(2017, 6, 1)]
