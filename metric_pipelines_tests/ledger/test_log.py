"""The ledger as a log: what was withheld, released and restated, and each computation once."""

from __future__ import annotations

from metric_pipelines.ledger.log import computations, events, judged
from metric_pipelines_tests.small_shop import Shop, revenue_by_month

SPOIL = "update orders set amount = amount * 100 where order_id between 101 and 112"
MEND = "update orders set amount = amount / 100 where order_id between 101 and 112"


def told(shop: Shop, what: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for event in events(shop.ledger):
        if event.what == what:
            found.setdefault(event.asset, set()).add(event.partition)
    return found


def test_a_first_publication_is_no_event(published_once: Shop) -> None:
    assert events(published_once.ledger) == []


def test_a_month_is_withheld_once_and_released_once(shop: Shop) -> None:
    mark = shop.ledger.mark()
    shop.sql(SPOIL)
    shop.refresh()
    shop.sql("update orders set amount = amount + 1 where order_id = 101")
    shop.refresh()
    assert told(shop, "withheld")["metrics/revenue"] == {"2024-02"}
    assert sum(e.asset == "metrics/revenue" for e in events(shop.ledger)) == 1
    assert "max" in next(e.reason for e in events(shop.ledger) if e.asset == "metrics/revenue")
    shop.sql("update orders set amount = amount - 1 where order_id = 101")
    shop.sql(MEND)
    shop.refresh()
    assert told(shop, "released")["metrics/revenue"] == {"2024-02"}
    assert events(shop.ledger, after=mark) == events(shop.ledger)
    assert events(shop.ledger, after=shop.ledger.mark()) == []


def test_a_restated_month_has_both_values(shop: Shop) -> None:
    before = float(revenue_by_month()["2024-01"])
    shop.sql("update orders set amount = amount + 5 where order_id = 1")
    shop.refresh()
    [event] = [e for e in events(shop.ledger) if e.asset == "metrics/revenue"]
    assert (event.what, event.partition) == ("restated", "2024-01")
    assert (event.before, event.after) == (before, before + 5)
    assert event.version == event.version_before


def test_an_open_month_that_grows_is_not_restated(shop: Shop) -> None:
    shop.edit("center.yaml", "clock: {today: newest_source_day}", "clock: {today: 2024-03-20}")
    shop.refresh()
    shop.edit("center.yaml", "clock: {today: 2024-03-20}", "clock: {today: 2024-03-25}")
    mark = shop.ledger.mark()
    shop.refresh()
    assert shop.computed("metrics/")
    assert [e for e in events(shop.ledger, after=mark) if e.what == "restated"] == []


def test_each_computation_of_a_metric_is_kept_with_its_definition(shop: Shop) -> None:
    shop.edit("metrics/sales/small_revenue.yaml", "filter: amount < 10", "filter: amount < 12")
    shop.refresh()
    first, second = computations(shop.ledger)["metrics/small_revenue"]
    assert (first.number, second.number) == (1, 2)
    assert first.first_used_at < second.first_used_at
    assert [one.definition["filter"] for one in (first, second)] == ["amount < 10", "amount < 12"]
    restated = [e for e in events(shop.ledger) if e.asset == "metrics/small_revenue"]
    assert {(e.version_before, e.version) for e in restated} == {(1, 2)}


def test_how_often_a_month_was_judged(shop: Shop) -> None:
    shop.sql(SPOIL)
    shop.refresh()
    counted = judged(shop.ledger)
    assert counted["metrics/revenue", "2024-01"] == 1
    assert counted["metrics/revenue", "2024-02"] == 2
