"""What is reconciled with the models is withheld where it differs from them, and costs nothing elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from metric_pipelines.errors import InputsMovedError
from metric_pipelines.ledger.ledger import Verdict
from metric_pipelines.publication import reconciliation, steps
from metric_pipelines.publication.inspection import inspect
from metric_pipelines.quality.rules import RECONCILE, checks_of
from metric_pipelines.warehouse.staged import Staged
from metric_pipelines_tests.conftest import Story
from metric_pipelines_tests.small_shop import MONTHS, Shop, revenue_by_month

CUSTOMERS, AVERAGE = "metrics/service/customers.yaml", "metrics/sales/average_order.yaml"
REVENUE, PLACED = "metrics/sales/revenue.yaml", "metrics/sales/orders_placed.yaml"
Judge = Callable[[str, str], dict[str, Verdict]]


def reconciling(shop: Shop) -> None:
    """All that can be is reconciled."""
    shop.keep("revenue", "orders_placed", "average_order", "customers", "revenue_7d")
    shop.edit(CUSTOMERS, "type: ", "rollups: [[month], [quarter, category]]\ntype: ")
    shop.edit(AVERAGE, "type: ", "rollups: [[week]]\ntype: ")
    shop.edit(REVENUE, "checks:\n", "checks:\n  reconcile: true\n")
    for file in (PLACED, "metrics/sales/revenue_7d.yaml"):
        shop.edit(file, "type: ", "checks: {reconcile: true}\ntype: ")
    assert shop.refresh().troubles == []


@pytest.fixture
def reconciled(story: Story, tmp_path: Path) -> Shop:
    return story("reconciling", reconciling).copy(tmp_path)


@pytest.fixture
def judge(reconciled: Shop) -> Judge:
    """The verdicts on a metric staged for all months, after a statement over its table or that of its cut."""
    opened, con = reconciled.open(), reconciled.connection()

    def after(metric: str, statement: str, cut: int | None = None) -> dict[str, Verdict]:
        [item] = steps.stage(con, opened, [f"metrics/{metric}"], MONTHS)
        table, columns = item.table, item.columns
        if cut is not None:
            table, columns = item.cuts[cut].table, item.cuts[cut].columns
        assert columns is not None
        names = {part: f'"{column}"' for part, column in columns.all.items()}
        con.execute(statement.format(table=table, **names))
        return judged(con, item)

    def judged(con: duckdb.DuckDBPyConnection, item: Staged) -> dict[str, Verdict]:
        return {m: one for m, (one,) in reconciliation.verdicts(con, opened, [item])[item.key].items()}

    return after


FEBRUARY = "partition_month = date '2024-02-01'"
BAD = {
    "a value of a cut": ("customers", "update {table} set {value} = {value} + 1 where " + FEBRUARY, 0),
    "a lost row of a cut": ("customers", "delete from {table} where " + FEBRUARY, 0),
    "a row too many": (
        "customers",
        "insert into {table} (partition_month, metric_time, category, {value})"
        " select distinct partition_month, metric_time, 'cocoa', 1 from {table} where " + FEBRUARY,
        1,
    ),
    "a row that stands twice": ("customers", "insert into {table} from {table} where " + FEBRUARY, 0),
    "a value under another group": (
        "customers",
        "update {table} set category = 'unknown' where category = 'coffee' and " + FEBRUARY,
        1,
    ),
    "a quotient": ("average_order", "update {table} set {value} = {value} * 1.00001 where " + FEBRUARY, 0),
    "a numerator of a cut": ("average_order", "update {table} set {numerator} = 0 where " + FEBRUARY, 0),
    "a total": ("revenue", "update {table} set {value} = {value} + 0.01 where " + FEBRUARY, None),
    "a count": ("orders_placed", "update {table} set {value} = {value} + 1 where " + FEBRUARY, None),
    "a numerator": (
        "average_order",
        "update {table} set {numerator} = {numerator} + 0.01 where " + FEBRUARY,
        None,
    ),
    "a denominator": (
        "average_order",
        "update {table} set {denominator} = {denominator} + 1 where " + FEBRUARY,
        None,
    ),
    "no rows at all": ("orders_placed", "delete from {table} where " + FEBRUARY, None),
    "what does not add up": ("customers", "update {table} set {value} = 1 where " + FEBRUARY, None),
    "a day of a window": (
        "revenue_7d",
        "update {table} set {value} = {value} + 0.01 where metric_time = date '2024-02-14'",
        None,
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_rows_fail_in_their_month_alone(judge: Judge, kind: str) -> None:
    found = judge(*BAD[kind])
    assert {month for month, verdict in found.items() if not verdict.passed} == {"2024-02"}
    assert found["2024-02"].blocks
    assert "not what the models give" in found["2024-02"].detail["failures"][0]["message"]


@pytest.mark.parametrize("metric", ["customers", "average_order", "revenue", "orders_placed", "revenue_7d"])
def test_what_was_staged_as_the_models_give_it_passes(judge: Judge, metric: str) -> None:
    assert all(verdict.passed for verdict in judge(metric, "select 1").values())


def test_a_ratio_over_published_rows_that_left_the_models_is_withheld(reconciled: Shop) -> None:
    table, column = reconciled.read(
        "select table_name, column_name from duckdb_columns() where schema_name = 'groups'"
        " and column_name like 'revenue!_!_v%' escape '!' and table_name not like '%week%'"
    )[0]
    month = "partition_month = date '2024-03-01'"
    reconciled.read(f'update lake.groups."{table}" set "{column}" = "{column}" + 1 where {month}')
    result = reconciled.refresh(assets=["metrics/average_order"], months=["2024-03"], forced=True)
    assert [t.pair for t in result.troubles] == [("metrics/average_order", "2024-03")]
    assert result.troubles[0].reason.startswith(
        "reconcile failed: reconcile: 1 value(s) are not what the models"
    )


def test_only_what_is_reconciled_has_the_check(reconciled: Shop) -> None:
    opened = reconciled.open()
    checked = {key for key, node in opened.graph.nodes.items() if RECONCILE in checks_of(node)}
    assert checked == {
        f"metrics/{name}" for name in ("customers", "average_order", "revenue", "orders_placed", "revenue_7d")
    }
    attempts = [a for a in reconciled.attempts() if a.asset in checked]
    said = reconciled.ledger.verdicts(a.id for a in attempts)
    assert {tuple(v.check for v in verdicts) for verdicts in said.values()} == {
        ("contract", "expectations", "reconcile")
    }


def test_a_metric_without_it_is_staged_as_before(shop: Shop) -> None:
    [item] = steps.stage(shop.connection(), shop.open(), ["metrics/customers"], MONTHS)
    assert (item.read, item.cuts) == (None, ())
    assert reconciliation.verdicts(shop.connection(), shop.open(), [item]) == {}


# Others who publish meanwhile

Beside = Callable[[str, int], list[list[str]]]


@pytest.fixture
def beside(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Beside:
    """Whenever revenue has been staged, so many times at most, others mend an order and publish an asset for
    all months; for which months it was staged.
    """
    shop.keep("revenue", "orders_placed")
    shop.edit(REVENUE, "checks:\n", "checks:\n  reconcile: true\n")
    stage_values = steps._stage_values

    def others_publish(asset: str, times: int) -> list[list[str]]:
        turns: list[list[str]] = []

        def staged(con: Any, opened: Any, keys: list[str], months: list[str]) -> list[Staged]:
            found = stage_values(con, opened, keys, months)
            if keys != ["metrics/revenue"]:
                return found
            turns.append(months)
            if len(turns) <= times:
                others = Shop(shop.center, shop.home)
                others.sql("update orders set amount = amount + 1 where order_id = 1")
                others.carry_out(["shop/orders"], ["2024-01"], forced=True)
                others.carry_out([asset], MONTHS, forced=True)
            return found

        monkeypatch.setattr(steps, "_stage_values", staged)
        return turns

    return others_publish


def test_others_who_keep_publishing_its_inputs_are_told_and_what_was_published_stays(
    shop: Shop, beside: Beside
) -> None:
    beside("models/order_lines", steps.STAGED_AGAIN)
    with pytest.raises(InputsMovedError) as told:
        shop.refresh(read_sources=False)
    assert told.value.retry_helps
    assert told.value.message() == (
        "metrics/revenue: others published models/order_lines while it was computed, 5 times one after"
        " another; expected: one state of all its inputs;"
        " to do: refresh again when they are done; what was published stays"
    )
    assert shop.months("revenue") == revenue_by_month()
    assert shop.refresh(read_sources=False).troubles == []
    expected = revenue_by_month()
    assert shop.months("revenue") == expected | {"2024-01": expected["2024-01"] + steps.STAGED_AGAIN}


def test_once_is_computed_once_more(shop: Shop, beside: Beside) -> None:
    staged = beside("models/order_lines", 1)
    assert shop.refresh(read_sources=False, assets=["metrics/revenue"], forced=True).troubles == []
    assert staged == [MONTHS, MONTHS, ["2024-01"]], "its receipt says what was in force when it began"
    expected = revenue_by_month()
    assert shop.months("revenue") == expected | {"2024-01": expected["2024-01"] + 1}


def test_others_may_publish_what_is_no_input_of_it(shop: Shop, beside: Beside) -> None:
    staged = beside("metrics/orders_placed", steps.STAGED_AGAIN)
    assert shop.refresh(assets=["metrics/revenue"], forced=True).troubles == []
    assert staged == [MONTHS]


def test_a_check_alone_says_that_others_publish(shop: Shop, beside: Beside) -> None:
    beside("models/order_lines", steps.STAGED_AGAIN)
    [(_, verdicts, reason)] = inspect(shop.connection(), shop.open(), ["metrics/revenue"], ["2024-01"])
    assert verdicts == ()
    assert "others published models/order_lines" in reason
