"""Two refreshes at once: one waits for the other and names it, and nothing that either wrote is lost."""

from __future__ import annotations

import signal

import pytest

from metric_pipelines.ledger import lease
from metric_pipelines_tests.end_to_end.center_at_work import CenterAtWork
from metric_pipelines_tests.end_to_end.dagster_view import DagsterView

pytestmark = pytest.mark.slow

MONTH = "2017-02"
MONTHS = ["2017-01", MONTH, "2017-03"]
GROUP = ["metrics/net_revenue", "metrics/units"]


def test_two_refreshes_of_one_group_both_end_and_lose_nothing(quarter: CenterAtWork) -> None:
    before, mark = quarter.fingerprints(), quarter.ledger.mark()
    first, second = (quarter.start([key], forced=True) for key in GROUP)
    assert (first.wait(), second.wait()) == (0, 0), first.text + second.text
    made = quarter.attempts_after(mark)
    assert sorted(made) == [(key, month, "published") for key in GROUP for month in MONTHS]
    assert quarter.fingerprints() == before
    assert ("waiting for refresh" in first.text) != ("waiting for refresh" in second.text)
    with quarter.instance() as instance:
        view = DagsterView(instance, quarter.definitions())
        assert (view.runs_at_work(), view.slots_taken(), view.not_succeeded()) == ([], {}, set())


def test_a_holder_that_is_stopped_keeps_the_lease_and_is_named(quarter: CenterAtWork) -> None:
    holder = quarter.start(["metrics/net_revenue"], [MONTH], forced=True)
    try:
        holder.wait_for("computing metrics/net_revenue")
        holder.send(signal.SIGSTOP)
        mark = quarter.ledger.mark()
        other = quarter.start(["metrics/units"], [MONTH], forced=True, wait_seconds=1)
        assert other.wait() != 0
        assert f"process {holder.popen.pid}" in other.text
        assert "held by refresh" in other.text
        assert quarter.ledger.mark() == mark
    finally:
        holder.send(signal.SIGCONT)
    assert holder.wait() == 0, holder.text
    assert quarter.in_state("published") == set(quarter.workshop().graph.pairs())


def test_interrupted_from_the_keyboard_it_stops_and_gives_the_lease_back(quarter: CenterAtWork) -> None:
    before = quarter.fingerprints()
    process = quarter.start(["metrics/net_revenue"], [MONTH], forced=True)
    process.wait_for("computing metrics/net_revenue")
    process.send(signal.SIGINT)
    assert process.wait(30) != 0
    assert "KeyboardInterrupt" in process.text
    assert lease.holder(quarter.ledger) is None
    assert not lease.left_behind(quarter.ledger)
    assert quarter.fingerprints() == before
    with quarter.instance() as instance:
        view = DagsterView(instance, quarter.definitions())
        assert (view.runs_at_work(), view.slots_taken()) == ([], {})
