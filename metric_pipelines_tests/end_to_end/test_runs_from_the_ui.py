"""Runs as the UI launches them: some assets or months, a check alone; and the sensor that ends the rest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.storage.tags import ASSET_PARTITION_RANGE_END_TAG, ASSET_PARTITION_RANGE_START_TAG

from metric_pipelines.demo import changes
from metric_pipelines.orchestration.assets import FORCED_TAG
from metric_pipelines.quality.rules import CHECKS
from metric_pipelines_tests.end_to_end.center_at_work import CenterAtWork
from metric_pipelines_tests.end_to_end.conftest import BAD, After, lent
from metric_pipelines_tests.end_to_end.dagster_view import FAILED, SUCCEEDED, DagsterView, key_of

pytestmark = pytest.mark.slow

MONTH = "2017-02"
SILENT = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True)
class Ui(DagsterView):
    """Launches runs of Dagster's own job of all assets as the UI does: by selection and partition tags."""

    def launch(
        self,
        assets: Iterable[str] = (),
        checks: Iterable[tuple[str, str]] = (),
        months: str = "",
        **tags: str,
    ) -> Any:
        """A run over `2017-01`, or `2017-01 2017-03`, or no months."""
        chosen = {dg.AssetCheckKey(key_of(key), check) for key, check in checks}
        job = self.definitions.resolve_implicit_global_asset_job_def().get_subset(
            asset_selection={key_of(key) for key in assets}, asset_check_selection=chosen or None
        )
        first, _, last = months.partition(" ")
        span = {ASSET_PARTITION_RANGE_START_TAG: first, ASSET_PARTITION_RANGE_END_TAG: last} if last else {}
        return job.execute_in_process(
            instance=self.instance,
            run_config=SILENT,
            partition_key=first if first and not last else None,
            tags={**span, **tags},
            raise_on_error=False,
        )

    def follow(self) -> dg.SkipReason | dg.RunRequest:
        """One evaluation of the sensor."""
        sensor = self.definitions.resolve_sensor_def("follow")
        found = sensor(dg.build_sensor_context(instance=self.instance, definitions=self.definitions))
        assert isinstance(found, dg.SkipReason | dg.RunRequest)
        return found

    def obey(self, request: dg.RunRequest) -> Any:
        """Launches the refresh that the sensor asked for."""
        return self.definitions.resolve_job_def("refresh").execute_in_process(
            instance=self.instance,
            run_config={**request.run_config, **SILENT},
            tags={**request.tags, "dagster/run_key": str(request.run_key)},
            raise_on_error=False,
        )


@contextmanager
def ui(at_work: CenterAtWork) -> Iterator[Ui]:
    with at_work.instance() as instance:
        yield Ui(instance, at_work.definitions())


@pytest.fixture
def bad(broken: After, tmp_path: Path) -> Iterator[CenterAtWork]:
    """A center with a withheld month; the test's own."""
    yield from lent(broken.at_work.home, tmp_path / "home")


def test_the_sensor_is_idle_where_nothing_is_due(quarter: CenterAtWork) -> None:
    with ui(quarter) as launched:
        found = launched.follow()
    assert isinstance(found, dg.SkipReason)
    assert found.skip_message == "nothing is due"


def test_a_source_month_is_followed_by_all_that_reads_it(quarter: CenterAtWork) -> None:
    before, mark = quarter.fingerprints(), quarter.ledger.mark()
    quarter.lose_a_day("2017-03-05")
    with ui(quarter) as launched:
        assert launched.launch(["oms/transactions"], months="2017-03").success
        assert quarter.attempts_after(mark) == [("oms/transactions", "2017-03", "published")]
        request = launched.follow()
        assert isinstance(request, dg.RunRequest)
        assert launched.obey(request).success
        assert isinstance(launched.follow(), dg.SkipReason)
        assert launched.not_succeeded() == set()
        assert launched.stale(quarter.in_state("published")) == {}
    made = quarter.attempts_after(mark)
    assert [made.count(attempt) for attempt in made] == [1] * len(made)
    changed = {at for at, found in quarter.fingerprints().items() if before[at] != found}
    assert ("net_revenue", "2017-03") in changed
    assert {month for _, month in changed} == {"2017-03"}


def test_one_metric_of_a_group_and_one_month_leaves_its_neighbours_alone(quarter: CenterAtWork) -> None:
    before = quarter.fingerprints()
    quarter.lose_a_day("2017-02-05")
    lines = ["oms/transactions", "models/promotion_weeks", "models/basket_lines"]
    assert quarter.refresh(lines, [MONTH]).success
    mark = quarter.ledger.mark()
    with ui(quarter) as launched:
        assert launched.launch(["metrics/net_revenue"], months=MONTH).success
        assert launched.statuses(("metrics/net_revenue", MONTH)) == [SUCCEEDED] * len(CHECKS)
        assert isinstance(launched.follow(), dg.RunRequest)
    assert quarter.attempts_after(mark) == [("metrics/net_revenue", MONTH, "published")]
    changed = {at for at, found in quarter.fingerprints().items() if before[at] != found}
    assert changed == {("net_revenue", MONTH)}


def test_several_months_of_several_metrics_in_one_run(quarter: CenterAtWork) -> None:
    before, mark = quarter.fingerprints(), quarter.ledger.mark()
    chosen = ["metrics/net_revenue", "metrics/units"]
    with ui(quarter) as launched:
        result = launched.launch(chosen, months="2017-01 2017-03", **{FORCED_TAG: "true"})
        assert result.success
        assert launched.not_succeeded() == set()
        assert launched.stale(quarter.in_state("published")) == {}
        assert launched.data_versions() == quarter.data_versions()
    made = quarter.attempts_after(mark)
    assert set(made) == {
        (key, month, "published") for key in chosen for month in ("2017-01", MONTH, "2017-03")
    }
    assert quarter.fingerprints() == before


def test_what_did_not_change_is_said_again_and_not_computed(quarter: CenterAtWork) -> None:
    mark = quarter.ledger.mark()
    with ui(quarter) as launched:
        result = launched.launch(["metrics/average_basket"], months="2017-01 2017-03")
        assert result.success
        materialized = [e.materialization for e in result.get_asset_materialization_events()]
        assert {m.partition for m in materialized} == {"2017-01", "2017-02", "2017-03"}
        assert launched.not_succeeded() == set()
    assert quarter.attempts_after(mark) == []


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("oms/transactions", "choose months"),
        # Dagster looks for the months of the inputs before the step begins, and refuses by itself.
        ("metrics/net_revenue", "Cannot access partition_key for a non-partitioned run"),
    ],
)
def test_an_asset_without_a_month_is_refused(quarter: CenterAtWork, key: str, said: str) -> None:
    mark = quarter.ledger.mark()
    with ui(quarter) as launched:
        result = launched.launch([key])
        assert not result.success
        assert said in launched.failure_of(result.run_id)
        assert {status for (_, month), status in launched.checks(key).items() if month} == {SUCCEEDED}
    assert quarter.ledger.mark() == mark


def test_a_month_that_has_not_come_is_not_computed(quarter: CenterAtWork) -> None:
    mark = quarter.ledger.mark()
    with ui(quarter) as launched:
        launched.launch(["metrics/net_revenue"], months="2017-05")
        said = launched.evaluations(("metrics/net_revenue", "2017-05"))
        assert ("metrics/net_revenue", "2017-05") not in launched.materialized()
    assert quarter.ledger.mark() == mark
    assert {e.severity for e in said} == {dg.AssetCheckSeverity.WARN}
    assert "not yet due" in str(said[0].metadata["not evaluated"].value)


def test_a_check_alone_without_a_month_judges_the_open_one_and_touches_none(quarter: CenterAtWork) -> None:
    mark = quarter.ledger.mark()
    with ui(quarter) as launched:
        result = launched.launch(checks=[("metrics/net_revenue", "expectations")])
        assert result.success
        (found,) = result.get_asset_check_evaluations()
        checks = launched.checks("metrics/net_revenue")
    assert found.passed
    assert found.metadata["judged"].value == "2017-03"
    assert {status for (_, month), status in checks.items() if month} == {SUCCEEDED}
    assert quarter.ledger.mark() == mark


def test_a_check_alone_with_a_month_judges_that_month(quarter: CenterAtWork) -> None:
    mark = quarter.ledger.mark()
    with ui(quarter) as launched:
        result = launched.launch(checks=[("metrics/net_revenue", "contract")], months="2017-01")
        assert result.success
        assert launched.not_succeeded() == set()
        said = launched.evaluations(("metrics/net_revenue", "2017-01"))
    assert [(e.check_name, e.passed) for e in said] == [(check, True) for check in sorted(CHECKS)]
    assert quarter.ledger.mark() == mark


def test_a_check_alone_does_not_hide_a_red_month(bad: CenterAtWork) -> None:
    with ui(bad) as launched:
        assert launched.launch(checks=[("metrics/net_revenue", "expectations")], months=BAD).success
        assert launched.checks("metrics/net_revenue")["expectations", BAD] is FAILED
        assert launched.launch(checks=[("metrics/average_basket", "contract")], months=BAD).success
        said = launched.evaluations(("metrics/average_basket", BAD))
    assert {e.severity for e in said} == {dg.AssetCheckSeverity.WARN}
    assert bad.in_state("withheld") >= {("metrics/net_revenue", BAD)}


def test_months_around_a_blocked_one_are_good_and_the_blocked_one_says_why(bad: CenterAtWork) -> None:
    mark = bad.ledger.mark()
    with ui(bad) as launched:
        assert launched.launch(["metrics/average_basket"], months="2017-01 2017-03").success
        checks = launched.checks("metrics/average_basket")
        said = launched.evaluations(("metrics/average_basket", BAD))
    assert {status for (_, month), status in checks.items() if month != BAD} == {SUCCEEDED}
    assert {e.severity for e in said} == {dg.AssetCheckSeverity.WARN}
    assert f"metrics/net_revenue {BAD}" in str(said[0].metadata["not evaluated"].value)
    assert bad.ledger.mark() == mark


def test_a_refresh_that_cried_is_not_asked_for_again_until_something_moves(bad: CenterAtWork) -> None:
    with ui(bad) as launched:
        assert isinstance(launched.follow(), dg.SkipReason)
        launched.launch(["metrics/net_revenue"], months=BAD, **{FORCED_TAG: "true"})
        request = launched.follow()
        assert isinstance(request, dg.RunRequest)
        assert not launched.obey(request).success
        assert isinstance(launched.follow(), dg.SkipReason)


def test_a_mended_source_month_from_the_ui_releases_all_that_it_blocked(
    bad: CenterAtWork, broken: After
) -> None:
    changes.fix(bad.sources)
    with ui(bad) as launched:
        assert launched.launch(["oms/transactions"], months=BAD).success
        request = launched.follow()
        assert isinstance(request, dg.RunRequest)
        assert launched.obey(request).success
        assert launched.not_succeeded() == set()
    assert bad.fingerprints() == broken.before
