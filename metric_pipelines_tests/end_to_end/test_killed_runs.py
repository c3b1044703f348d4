"""A refresh that is killed, at the worst moments: readers see published states only, and the next refresh
ends what it began and what it left behind.
"""

from __future__ import annotations

import signal
import time
from decimal import Decimal

import pytest

from metric_pipelines_tests.end_to_end.center_at_work import CenterAtWork, Fingerprints
from metric_pipelines_tests.end_to_end.dagster_view import DagsterView

pytestmark = pytest.mark.slow

ONE_DOLLAR_MORE = """
    update transactions set sales_value = round(sales_value + 1, 2) where rowid = (
        select min(rowid) from transactions
        where transaction_timestamp between '2017-02-10' and '2017-02-11' and sales_value > 1
    )
"""
CHANGED = "2017-02"
REVENUE = "select sum(value) from lake.metrics.net_revenue where strftime(metric_time, '%Y-%m') = '2017-02'"
KILLED = [
    pytest.param("when it is staged", "oms/transactions", marks=pytest.mark.long),
    ("inside the lake's transaction", "models/basket_lines"),
    pytest.param("between lake and ledger", "models/basket_lines", marks=pytest.mark.long),
    ("between lake and ledger", "metrics/net_revenue"),
    pytest.param("between ledger and events", "metrics/net_revenue", marks=pytest.mark.long),
]


def revenue(at_work: CenterAtWork) -> Decimal:
    return at_work.read(REVENUE)[0][0]


def mixed(seen: Fingerprints, before: Fingerprints, after: Fingerprints) -> set[tuple[str, str]]:
    """Metrics and months that were seen neither as before nor as after."""
    return {at for at in after if seen.get(at) not in (before.get(at), after[at])}


def check_recovered(at_work: CenterAtWork) -> None:
    """All is published, Dagster knows it, and nothing is left at work."""
    published = at_work.in_state("published")
    assert published == set(at_work.workshop().graph.pairs())
    assert at_work.ledger.in_flight() == []
    with at_work.instance() as instance:
        view = DagsterView(instance, at_work.definitions())
        assert view.runs_at_work() == []
        assert view.slots_taken() == {}
        assert view.not_succeeded() == set()
        assert view.data_versions() == at_work.data_versions()
        assert view.stale(published) == {}


@pytest.mark.parametrize(("point", "key"), KILLED)
def test_killed_at_the_worst_moment_the_next_refresh_recovers(
    quarter: CenterAtWork, point: str, key: str
) -> None:
    before, amount = quarter.fingerprints(), revenue(quarter)
    assert quarter.change_source(ONE_DOLLAR_MORE) == 1
    killed = quarter.start(die_at=(point, key))
    assert killed.wait() == -signal.SIGKILL, killed.text
    seen, answered = quarter.fingerprints(), quarter.values("net_revenue", grain="month").rows
    assert quarter.refresh().success
    after = quarter.fingerprints()
    assert revenue(quarter) == amount + 1
    assert {at[1] for at in after if after[at] != before[at]} == {CHANGED, "2017-03"}
    assert mixed(seen, before, after) == set()
    assert answered[1][1] in (amount, amount + 1)
    check_recovered(quarter)


@pytest.mark.long
def test_killed_from_outside_and_again_the_refresh_after_recovers(quarter: CenterAtWork) -> None:
    before, amount = quarter.fingerprints(), revenue(quarter)
    quarter.change_source(ONE_DOLLAR_MORE)
    killed = quarter.start()
    killed.wait_for("metrics/net_revenue")
    time.sleep(0.2)
    killed.kill()
    seen = [quarter.fingerprints()]
    again = quarter.start(die_at=("between ledger and events", "metrics/net_revenue"))
    assert again.wait() == -signal.SIGKILL, again.text
    seen.append(quarter.fingerprints())
    assert quarter.refresh().success
    assert revenue(quarter) == amount + 1
    assert [mixed(state, before, quarter.fingerprints()) for state in seen] == [set(), set()]
    check_recovered(quarter)
