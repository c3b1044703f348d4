"""Answers that were wrong without a word: days that have not come, days after the last refresh, and months
beside restated ones, where published rows and the models said different things of one metric.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from metric_pipelines.dictionary.months import first_day
from metric_pipelines.orchestration.reports import metadata
from metric_pipelines.publication.inspection import inspect
from metric_pipelines.publication.publishing import Outcome
from metric_pipelines.query import Answer, open_for_reading
from metric_pipelines_tests.small_shop import Order, Shop, day_of, orders

TODAY = "2024-03-14"
CUSTOMERS = "metrics/service/customers.yaml"


def ask(shop: Shop, metric: str, by: list[str], grain: str, filter: str | None = None) -> Answer:
    with open_for_reading(shop.open()) as reader:
        return reader.values(metric, by, grain, filter=filter)


def known(month: str) -> list[Order]:
    """The orders of a month that have come by today."""
    return [order for order in orders() if day_of(order)[:7] == month and day_of(order) <= TODAY]


def test_a_metric_by_month_counts_no_day_that_has_not_come(fresh_shop: Shop) -> None:
    """Orders by day never did; orders by month did."""
    fresh_shop.keep("orders_placed")
    fresh_shop.edit("center.yaml", "newest_source_day", TODAY)
    fresh_shop.edit("metrics/sales/orders_placed.yaml", "agg: ", "grain: month\nagg: ")
    assert fresh_shop.refresh().troubles == []
    assert fresh_shop.months("orders_placed")["2024-03"] == len(known("2024-03"))


@pytest.mark.parametrize("grain", ["month", "quarter", "year"])
def test_what_the_models_answer_counts_no_day_that_has_not_come(fresh_shop: Shop, grain: str) -> None:
    fresh_shop.keep("customers", "revenue")
    fresh_shop.edit("center.yaml", "newest_source_day", TODAY)
    fresh_shop.edit(CUSTOMERS, "grain: month\n", "")
    assert fresh_shop.refresh().troubles == []
    whole = dict(ask(fresh_shop, "revenue", [], grain).rows)
    filtered = ask(fresh_shop, "revenue", [], grain, "category is not null")
    assert (filtered.route, dict(filtered.rows)) == ("model", whole)
    months = ["2024-03"] if grain == "month" else ["2024-01", "2024-02", "2024-03"]
    theirs = len({order[1] for month in months for order in known(month)})
    assert ask(fresh_shop, "customers", [], grain).rows[-1][1] == theirs


def test_growth_by_month_from_published_rows_is_that_of_the_models(fresh_shop: Shop) -> None:
    fresh_shop.keep("revenue", "revenue_growth")
    fresh_shop.edit("center.yaml", "newest_source_day", TODAY)
    assert fresh_shop.refresh().troubles == []
    published = ask(fresh_shop, "revenue_growth", ["category"], "month").rows
    models = ask(fresh_shop, "revenue_growth", ["category"], "month", "category is not null").rows
    assert [row[:2] for row in published] == [row[:2] for row in models]
    assert [row[2] for row in published] == pytest.approx([row[2] for row in models])


def test_a_model_dated_by_two_columns_is_known_up_to_today_by_each(fresh_shop: Shop) -> None:
    """A rate a year had the orders of all the year below it, of days to come too."""
    fresh_shop.keep("orders_placed", "large_orders", "large_order_rate")
    fresh_shop.edit("center.yaml", "newest_source_day", TODAY)
    fresh_shop.edit("models/order_lines.yaml", "partition_by: order_day\n", "")
    fresh_shop.edit("models/order_lines.yaml", "columns:\n", "columns:\n  paid_day: {type: date}\n")
    fresh_shop.edit(
        "models/order_lines.sql", "select\n", "select\n    cast(line.ordered_at as date) as paid_day,\n"
    )
    fresh_shop.edit("metrics/sales/large_orders.yaml", "agg: ", "time: paid_day\nagg: ")
    assert fresh_shop.refresh().troubles == []
    months = ask(fresh_shop, "large_order_rate", [], "month").rows
    year = ask(fresh_shop, "large_order_rate", [], "year", "category is not null").rows
    counted = sum(len(known(month)) for month in ("2024-01", "2024-02", "2024-03"))
    assert len(months) == 3
    assert year[0][3] == counted


def test_rows_that_metrics_leave_out_of_a_model_without_months_are_told_with_their_number(
    fresh_shop: Shop,
) -> None:
    """They were passed over without a word."""
    fresh_shop.keep("orders_placed")
    fresh_shop.edit("center.yaml", "newest_source_day", TODAY)
    fresh_shop.edit("models/order_lines.yaml", "partition_by: order_day\n", "")
    fresh_shop.edit("sources/shop.yaml", "    partition_by: ordered_at\n", "")
    for number, day in enumerate(("2019-05-01", "2023-12-31"), 900):
        fresh_shop.sql("insert into orders values (?, 1, 1, ?, 1, '5.00')", number, f"{day} 15:00:00")
    assert fresh_shop.refresh().troubles == []
    later = sum(day_of(order) > TODAY for order in orders())
    receipt = fresh_shop.ledger.history()["models/order_lines", ""].published
    said = metadata(Outcome(("models/order_lines", ""), "published", receipt))
    assert (said["rows dated before the first month"], said["rows dated after today"]) == (2, later)
    counted = sum(fresh_shop.months("orders_placed").values())
    assert counted + 2 + later == said["dagster/row_count"]


def test_days_after_the_last_refresh_are_not_carried_on_by_the_models(fresh_shop: Shop) -> None:
    """The window of seven days went on into days nobody had published."""
    fresh_shop.keep("revenue", "revenue_7d")
    fresh_shop.edit("center.yaml", "newest_source_day", "2024-02-13")
    assert fresh_shop.refresh().troubles == []
    fresh_shop.edit("center.yaml", "2024-02-13", "2024-02-16")
    total = ask(fresh_shop, "revenue_7d", [], "day").rows
    by_category = ask(fresh_shop, "revenue_7d", ["category"], "day").rows
    assert max(row[0] for row in total) == max(row[0] for row in by_category) == date(2024, 2, 13)


def test_a_month_after_one_that_is_shown_in_part_is_left_out_by_the_models(shop: Shop) -> None:
    """The clock was set back: the window of March had all of February, which is shown up to its 14th now."""
    shop.keep("revenue", "revenue_7d")
    shop.edit("center.yaml", "newest_source_day", "2024-02-14")
    assert shop.refresh().troubles == []
    shop.edit("center.yaml", "2024-02-14", "2024-03-10")
    whole = dict(ask(shop, "revenue_7d", [], "day").rows)
    answer = ask(shop, "revenue_7d", ["category"], "day")
    assert [gap.month for gap in answer.gaps if not gap.kept] == ["2024-03"]
    added: dict[date, Decimal] = {}
    for row in answer.rows:
        added[row[0]] = added.get(row[0], Decimal(0)) + row[2]
    assert added == {day: value for day, value in whole.items() if day < date(2024, 3, 1)}


def test_a_withheld_month_beside_a_restated_one_is_left_out_by_the_models(shop: Shop) -> None:
    """Its first days were added up from new days of January and old ones of its own."""
    shop.keep("revenue", "revenue_7d")
    shop.sql("update orders set amount = 900 where order_id = 101")
    assert {t.pair[1] for t in shop.refresh().troubles} >= {"2024-02"}
    shop.sql("insert into orders values (950, 99, 1, '2024-01-31 15:00:00', 1, '5.00')")
    shop.refresh()
    assert shop.stands("withheld") == {("metrics/revenue", "2024-02")}
    answer = ask(shop, "revenue_7d", ["category"], "day")
    assert answer.route == "model"
    assert [(gap.month, gap.kept) for gap in answer.gaps if not gap.kept] == [("2024-02", False)]
    assert not any(first_day("2024-02") <= row[0] < first_day("2024-03") for row in answer.rows)
    assert ask(shop, "revenue_7d", [], "day").gaps[0].kept


def test_a_check_run_by_itself_says_what_a_refresh_would(fresh_shop: Shop) -> None:
    """The proof of what adds up was a refresh's alone."""
    fresh_shop.keep("customers")
    fresh_shop.edit(CUSTOMERS, "expr: customer_id", "expr: customer_id\nadditive: [category]")
    fresh_shop.refresh()
    asked = inspect(fresh_shop.connection(), fresh_shop.open(), ["metrics/customers"], ["2024-02"])
    [(_, verdicts, _)] = list(asked)
    assert [verdict.check for verdict in verdicts if not verdict.passed] == ["contract"]
