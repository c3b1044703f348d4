"""A definition or a source that changes or breaks: what it touches is computed anew or withheld, and nothing
else moves.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from metric_pipelines_tests.end_to_end.center_at_work import CenterAtWork, copied_center, locked
from metric_pipelines_tests.end_to_end.dagster_view import DagsterView

pytestmark = pytest.mark.slow

MONTHS = ["2017-01", "2017-02", "2017-03"]


@pytest.fixture
def own(quarter: CenterAtWork, tmp_path: Path) -> CenterAtWork:
    """A published quarter with a center of the test's own."""
    return CenterAtWork(quarter.home, copied_center(tmp_path / "center"))


def test_a_copied_center_means_the_same_and_makes_nothing_due(own: CenterAtWork) -> None:
    assert own.due() == set()


def test_a_changed_label_makes_nothing_due(own: CenterAtWork) -> None:
    own.edit("metrics/sales/net_revenue.yaml", "label: {en: Net revenue", "label: {en: Net turnover")
    assert own.due() == set()


def test_a_changed_filter_recomputes_its_metric_and_dependents_alone(own: CenterAtWork) -> None:
    before, mark = own.fingerprints(), own.ledger.mark()
    own.edit(
        "metrics/operations/fuel_revenue.yaml",
        "filter: is_fuel",
        "filter: is_fuel and department = 'FUEL'",
    )
    assert own.due() == {("metrics/fuel_revenue", month) for month in MONTHS}
    with own.instance() as instance:
        stale = DagsterView(instance, own.definitions()).stale(own.in_state("published"))
    assert set(stale) == own.outdated()
    assert own.refresh().success
    made = {at[:2] for at in own.attempts_after(mark) if at[0].startswith(("metrics/", "models/"))}
    touched = {
        "average_unit_price",
        "fuel_revenue",
        "fuel_revenue_share",
        "merchandise_revenue",
        "private_label_share_without_fuel",
    }
    assert made == {(f"metrics/{name}", month) for name in touched for month in MONTHS}
    changed = {at[0] for at, found in own.fingerprints().items() if before[at] != found}
    assert changed == touched
    with own.instance() as instance:
        view = DagsterView(instance, own.definitions())
        assert view.stale(own.in_state("published")) == {}


def test_an_error_in_a_models_sql_withholds_it_with_its_file_alone(own: CenterAtWork) -> None:
    before, mark = own.fingerprints(), own.ledger.mark()
    own.edit("models/redemptions.sql", "select", "select 1 / nosuchcolumn as broken,")
    done = own.refresh()
    assert not done.success
    with own.instance() as instance:
        said = DagsterView(instance, own.definitions()).failure_of(done.run_id)
    assert "models/redemptions.sql" in said
    assert "nosuchcolumn" in said
    stands = own.standings()
    assert {pair[0] for pair, stand in stands.items() if stand.state == "withheld"} == {"models/redemptions"}
    blocked = {pair[0] for pair, stand in stands.items() if stand.state == "blocked"}
    assert blocked == own.workshop().graph.downstream("models/redemptions")
    touched = {*blocked, "models/redemptions"}
    assert {stand.state for pair, stand in stands.items() if pair[0] not in touched} == {"published"}
    assert own.fingerprints() == before
    assert ("oms/transactions", "2017-03", "published") in own.attempts_after(mark)


@pytest.mark.long
def test_a_locked_source_fails_the_refresh_by_name_and_the_next_one_catches_up(quarter: CenterAtWork) -> None:
    before, mark = quarter.fingerprints(), quarter.ledger.mark()
    quarter.lose_a_day("2017-03-05")
    with locked(quarter.sources / "oms.sqlite"):
        done = quarter.refresh()
    assert not done.success
    with quarter.instance() as instance:
        view = DagsterView(instance, quarter.definitions())
        said = view.failure_of(done.run_id)
        assert "oms/transactions 2017-03 unavailable" in said
        assert "oms: " in said
        assert "locked" in said
        assert view.runs_at_work() == []
    assert quarter.fingerprints() == before
    assert quarter.in_state("published") == set(quarter.workshop().graph.pairs())
    assert ("crm/campaigns", "", "published") in quarter.attempts_after(mark)
    assert quarter.refresh().success
    changed = {at for at, found in quarter.fingerprints().items() if before[at] != found}
    assert ("net_revenue", "2017-03") in changed
    assert {month for _, month in changed} == {"2017-03"}
