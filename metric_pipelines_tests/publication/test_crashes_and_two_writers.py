"""Whoever dies, and whoever else writes: lake and ledger come to say the same, and nothing is lost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from metric_pipelines.errors import BusyError
from metric_pipelines.ledger.lease import fence, held
from metric_pipelines.publication import steps
from metric_pipelines.publication.publishing import publish, recover
from metric_pipelines.warehouse import lake
from metric_pipelines_tests.small_shop import MONTHS, Shop, revenue_by_month

ROOT = Path(__file__).parents[2]
PAIRS = {("metrics/revenue", month) for month in MONTHS}


class Killed(BaseException):
    """Stands for the end of the process: nothing that it was about to do is done."""


@pytest.fixture
def doubled(published_once: Shop, tmp_path: Path) -> Shop:
    """A shop whose revenue is defined anew, and due in every month."""
    shop = published_once.copy(tmp_path)
    shop.keep("revenue", "orders_placed")
    shop.edit("metrics/sales/revenue.yaml", "expr: amount", "expr: amount * 2")
    return shop


TWICE = {month: 2 * value for month, value in revenue_by_month().items()}


def die_before_the_commit(shop: Shop) -> None:
    """The fence is asked at other times too; killed is who has begun to publish."""

    def fence() -> None:
        if shop.ledger.in_flight():
            raise Killed

    with pytest.raises(Killed):
        shop.refresh(read_sources=False, fence=fence)


def die_after_the_commit(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ledger is never told how it went."""

    def settle(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr("metric_pipelines.ledger.ledger.Ledger.settle", settle)
        with pytest.raises(Killed):
            shop.refresh(read_sources=False)


def test_a_process_that_died_before_its_commit_has_published_nothing(doubled: Shop) -> None:
    die_before_the_commit(doubled)
    assert doubled.months("revenue") == revenue_by_month()
    assert doubled.stands("published") >= PAIRS
    [publication] = doubled.ledger.in_flight()
    with lake.locked(doubled.open().lake):
        assert recover(doubled.connection(), doubled.open()) == [publication]
    assert doubled.ledger.in_flight() == []
    assert {a.state for a in doubled.attempts()} == {"abandoned"}
    assert doubled.refresh(read_sources=False).troubles == []
    assert doubled.published() == PAIRS
    assert doubled.months("revenue") == TWICE


def test_a_process_that_died_after_its_commit_has_published_and_the_ledger_comes_to_know(
    doubled: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    die_after_the_commit(doubled, monkeypatch)
    assert doubled.months("revenue") == TWICE, "the lake has it"
    [publication] = doubled.ledger.in_flight()
    with lake.locked(doubled.open().lake):
        recover(doubled.connection(), doubled.open())
    published = doubled.ledger.history()["metrics/revenue", "2024-01"].published
    assert published is not None
    assert published.snapshot == lake.publications(doubled.connection())[publication]
    assert doubled.refresh(read_sources=False).works == [], "and nothing is left to do"


def test_the_next_writer_settles_what_a_dead_one_left(doubled: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    die_after_the_commit(doubled, monkeypatch)
    doubled.refresh(assets=["metrics/orders_placed"], forced=True)
    assert doubled.ledger.in_flight() == []
    assert doubled.stands("published") >= PAIRS
    assert doubled.months("revenue") == TWICE
    assert doubled.months("orders_placed") == {"2024-01": 13, "2024-02": 12, "2024-03": 13}


def test_who_lost_the_lease_publishes_nothing(doubled: Shop) -> None:
    with held(doubled.ledger, "the first") as epoch:
        stale = fence(doubled.ledger, epoch)
    with held(doubled.ledger, "the second"), pytest.raises(BusyError, match="moved on"):
        doubled.refresh(read_sources=False, fence=stale)
    assert doubled.months("revenue") == revenue_by_month()
    assert doubled.refresh(read_sources=False).troubles == []
    assert doubled.months("revenue") == TWICE


# Two writers

REFRESH = """
import sys
from pathlib import Path
import great_expectations, metricflow.engine.metricflow_engine, pandera.ibis
from metric_pipelines_tests.small_shop import Shop

shop = Shop(Path(sys.argv[1]), Path(sys.argv[2]))
print("ready", flush=True)
sys.stdin.readline()
assert shop.refresh(assets=sys.argv[3:], forced=True).troubles == []
"""


def test_two_processes_that_publish_two_metrics_of_one_table_both_arrive(
    published_once: Shop, tmp_path: Path
) -> None:
    shop = published_once.copy(tmp_path)
    shop.keep("revenue", "orders_placed", "small_revenue")
    shop.edit("metrics/sales/revenue.yaml", "expr: amount", "expr: amount * 2")
    shop.edit("metrics/sales/small_revenue.yaml", "amount < 10", "amount < 100")
    command = [sys.executable, "-c", REFRESH, str(shop.center), str(shop.home), "metrics/revenue"]
    other = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert other.stdin is not None
    assert other.stdout is not None
    assert other.stdout.readline() == b"ready\n"
    other.stdin.write(b"\n")
    other.stdin.flush()
    assert shop.refresh(assets=["metrics/small_revenue"], forced=True).troubles == []
    _, said = other.communicate(timeout=120)
    assert other.returncode == 0, said.decode()
    assert shop.months("revenue") == TWICE
    assert shop.months("small_revenue") == revenue_by_month()
    assert shop.months("orders_placed") == {"2024-01": 13, "2024-02": 12, "2024-03": 13}
    assert shop.ledger.in_flight() == []


def publish_in_between(shop: Shop, late: list[str], meanwhile: list[str]) -> None:
    """Some months of revenue are staged and judged, then others are published, then those.

    Neither holds the lease: runs that are launched from the web page do not.
    """
    opened, con, facts = shop.open(), shop.connection(), shop.open().facts()
    candidates = list(steps._candidates(con, opened, facts, ["metrics/revenue"], late, "late", {}))
    Shop(shop.center, shop.home).carry_out(["metrics/revenue"], meanwhile)
    publish(con, opened, candidates)


def test_two_runs_over_two_months_of_a_new_definition_both_show(doubled: Shop) -> None:
    publish_in_between(doubled, late=["2024-02"], meanwhile=["2024-01"])
    expected = revenue_by_month()
    assert doubled.months("revenue") == expected | {month: TWICE[month] for month in ("2024-01", "2024-02")}


def test_a_run_that_staged_before_another_published_leaves_lake_and_ledger_agreed(
    published_once: Shop, tmp_path: Path
) -> None:
    """It staged what was published then; meanwhile a mended order was read, computed and published."""
    shop = published_once.copy(tmp_path)
    shop.keep("revenue")
    opened, con, facts = shop.open(), shop.connection(), shop.open().facts()
    late = list(steps._candidates(con, opened, facts, ["metrics/revenue"], ["2024-02"], "late", {}))
    shop.sql("update orders set amount = 11 where order_id = 102")
    Shop(shop.center, shop.home).refresh()
    publish(con, opened, late)
    receipt = shop.ledger.history()["metrics/revenue", "2024-02"].published
    assert receipt is not None
    assert float(shop.months("revenue")["2024-02"]) == pytest.approx(receipt.facts["value"]), (
        "the receipt is of what is shown"
    )


def test_what_was_staged_before_newer_contents_were_published_gives_way(shop: Shop) -> None:
    shop.keep("revenue")
    shop.sql("update orders set amount = amount + 1 where order_id = 1")
    opened, pair = shop.open(), ("shop/orders", "2024-01")
    early = list(
        steps._candidates(shop.connection(), opened, opened.facts(), [pair[0]], [pair[1]], "slow run", {})
    )
    shop.sql("update orders set amount = amount + 100 where order_id = 1")
    assert shop.refresh(assets=[pair[0]], months=[pair[1]], forced=True).troubles == []
    newest = shop.read("select amount from lake.shop.orders where order_id = 1")
    assert [(o.pair, o.state) for o in publish(shop.connection(), shop.open(), early)] == [
        (pair, "unchanged")
    ]
    assert shop.read("select amount from lake.shop.orders where order_id = 1") == newest
