"""Values under a condition, and saved queries: as independent SQL over the published rows says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest

from metric_pipelines.errors import UsageError
from metric_pipelines.query import Reader, answer_saved, open_for_reading
from metric_pipelines_tests.small_shop import Shop, orders


@pytest.fixture
def reader(shop: Shop) -> Iterator[Reader]:
    with open_for_reading(shop.open()) as reader:
        yield reader


def test_a_condition_chooses_rows_before_they_are_counted(shop: Shop, reader: Reader) -> None:
    """Distinct customers of two categories are not the sum of both."""
    answer = reader.values("customers", filter="category in ('tea', 'coffee')")
    theirs = shop.read(
        "select cast(date_trunc('month', order_day) as date), count(distinct customer_id)"
        " from lake.models.order_lines where category in ('tea', 'coffee') group by 1 order by 1"
    )
    assert answer.rows == theirs
    assert answer.route == "model"


def test_or_and_a_quote_stay_one_condition(shop: Shop, reader: Reader) -> None:
    asked = "category = 'tea' or category > 'z''z' or metric_time = date '2024-02-12'"
    answer = reader.values("revenue", filter=asked, start=date(2024, 2, 1))
    theirs = shop.read(
        "select order_day, sum(amount) from lake.models.order_lines where order_day >= '2024-02-01'"
        " and (category = 'tea' or order_day = date '2024-02-12') group by 1 order by 1"
    )
    assert answer.rows == theirs


def test_a_ratio_has_its_parts_under_the_condition(reader: Reader) -> None:
    answer = reader.values("average_order", grain="year", filter="category = 'tea'")
    tea = [Decimal(order[5]) for order in orders() if order[2] in (1, 2)]
    assert answer.columns == ["metric_time", "value", "numerator", "denominator"]
    assert answer.rows[0][2:] == (sum(tea), len(tea))


def test_a_withheld_month_is_left_out_under_a_condition(shop: Shop) -> None:
    shop.sql("update orders set amount = 900 where order_id = 201")
    assert {t.pair for t in shop.refresh().troubles} >= {("metrics/revenue", "2024-03")}
    with open_for_reading(shop.open()) as reader:
        answer = reader.values("revenue", grain="month", filter="category = 'tea'")
    assert max(row[1] for row in answer.rows) < 900
    assert [gap.month for gap in answer.gaps] == ["2024-03"]


@pytest.mark.parametrize(
    "text",
    [
        "category = (select 1)",
        "customer_id = 1",
        "category",
        "category = 'tea' or not category",
        "category = null",
        "category > 5",
        "metric_time < '2024-02-30'",
        "metric_time > 'soon'",
        "1 = 1; drop table x",
        "read_text('x') = 'y'",
    ],
)
def test_what_is_no_condition_over_dimensions_is_refused(reader: Reader, text: str) -> None:
    with pytest.raises(UsageError, match="revenue, filter"):
        reader.values("revenue", filter=text)


def test_a_member_that_there_is_not_is_told_with_the_nearest(reader: Reader) -> None:
    """It was answered by nothing, or by less, without a word."""
    for text in ("category = 'coffe'", "category in ('tea', 'coffe')", "'coffe' <> category"):
        with pytest.raises(UsageError) as told:
            reader.values("revenue", filter=text)
        assert told.value.found == "'coffe', which category never is"
        assert told.value.remedy == "did you mean 'coffee'?"


def test_its_own_time_is_no_dimension_of_what_adds_days_up_whatever_it_is_called(shop: Shop) -> None:
    also = "dimensions:\n  order_day: {type: time}\n  day_of_order: {type: time, expr: order_day}\n"
    shop.edit("models/order_lines.yaml", "dimensions:\n", also)
    assert shop.refresh().troubles == []
    with open_for_reading(shop.open()) as reader:
        for name in ("order_day", "day_of_order"):
            with pytest.raises(UsageError, match="the time it is counted by"):
                reader.values("revenue_7d", [name])
            assert reader.values("revenue", [name], "month").rows


def test_a_saved_query_sets_its_metrics_side_by_side(reader: Reader) -> None:
    answer = answer_saved(reader, "tea_and_coffee")
    assert answer.columns == ["metric_time", "category", "revenue", "customers"]
    values = {
        (row[0], row[1], metric): row[2]
        for metric in ("revenue", "customers")
        for row in reader.values(metric, ["category"], "month").rows
    }
    expected = [
        (at, category, value, values[at, category, "customers"])
        for (at, category, metric), value in values.items()
        if metric == "revenue" and category != "unknown"
    ]
    assert answer.rows == sorted(expected, key=lambda row: -row[2])[:4]


def test_a_condition_that_nothing_published_fits_is_named(shop: Shop) -> None:
    none = "category = 'coffee' and metric_time = date '2024-02-02'"
    shop.edit("queries/tea_and_coffee.yaml", "category <> 'unknown'", none)
    with open_for_reading(shop.open()) as reader:
        assert reader.values("revenue", filter=none).unmatched == none
        assert reader.values("revenue", filter=none, start=date(2030, 1, 1)).unmatched is None
        assert reader.values("revenue", filter="category = 'tea'").unmatched is None
        assert answer_saved(reader, "tea_and_coffee").unmatched == none


def test_a_saved_query_names_what_is_withheld_by_metric(shop: Shop) -> None:
    shop.sql("update orders set amount = 900 where order_id = 201")
    shop.refresh()
    with open_for_reading(shop.open()) as reader:
        answer = answer_saved(reader, "tea_and_coffee")
    assert [gap.month for gap in answer.gaps["revenue"]] == ["2024-03"]
    assert answer.gaps["customers"] == []


def test_an_unknown_saved_query_is_refused_with_the_nearest(reader: Reader) -> None:
    with pytest.raises(UsageError, match="did you mean 'tea_and_coffee'"):
        answer_saved(reader, "tea_and_cofee")
