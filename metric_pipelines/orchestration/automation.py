"""What starts a refresh by itself: the schedule of the night, and the sensor that finishes what was begun
elsewhere, the site included.
"""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition
from dagster._core.execution.backfill import BulkActionsFilter, BulkActionStatus
from dagster._core.storage.dagster_run import DagsterRunStatus, RunsFilter

from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.ledger import lease
from metric_pipelines.orchestration.assets import OpenWorkshop
from metric_pipelines.orchestration.names import Names
from metric_pipelines.orchestration.reaper import RUN, reap
from metric_pipelines.orchestration.refresh_job import LAST_REFRESH, OP
from metric_pipelines.publication.plan import Scope, plan
from metric_pipelines.publication.refresh import troubles
from metric_pipelines.publication.standing import NOTHING
from metric_pipelines.publication.workshop import Workshop
from metric_pipelines.settings import Settings
from metric_pipelines.site.writing import assets_address, is_behind

ACTIVE = [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED]
TRIES = 2
SITE_SECONDS = 60
BACKFILL = timedelta(hours=1)
"""So long a backfill is waited for, from its begin."""


def nightly(center: Center, job: dg.JobDefinition, names: Names) -> dg.ScheduleDefinition:
    """The refresh of the night (02:00 unless `center.yaml` says otherwise), in the center's time zone."""
    return dg.ScheduleDefinition(
        name=names.name("nightly"),
        job=job,
        cron_schedule=center.settings.refresh_at,
        execution_timezone=center.settings.time_zone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Reads the sources and computes what is due, every night.",
    )


def follow(
    job: dg.JobDefinition, site: UnresolvedAssetJobDefinition | None, open_shop: OpenWorkshop, names: Names
) -> dg.SensorDefinition:
    """Every 5 seconds: ends dead runs, and refreshes what became due by a run started in the UI or left
    behind, or by what became of an asset that a source table is the copy of; where nothing is due, builds the
    site that such a run has left behind (`site` is the job that does, None where there is no site).
    """
    jobs: list[dg.JobDefinition | UnresolvedAssetJobDefinition] = [job]
    if site is not None:
        jobs.append(site)

    @dg.sensor(
        name=names.name("follow"),
        jobs=jobs,
        minimum_interval_seconds=5,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Finishes what was started in the UI, and ends runs whose process is gone.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason | dg.RunRequest:
        shop = open_shop(ask_sources=False, instance=context.instance)
        reap(context.instance, shop, names)
        busy = _busy(context.instance, shop, {at.name for at in jobs}, names)
        if busy:
            return dg.SkipReason(busy)
        left_behind = lease.left_behind(shop.ledger)
        if not left_behind and not plan(shop.facts(), Scope()) and not _untold(shop):
            return _site_request(context.instance, shop, site, names)
        config = {"ops": {names.name(OP): {"config": {"read_sources": left_behind}}}}
        return _request(context.instance, job.name, names.name(f"{shop.ledger.mark()}"), config)

    return sensor


def _busy(instance: dg.DagsterInstance, shop: Workshop, jobs: set[str], names: Names) -> str:
    """Who is at work: the lease, a run of ours, or a backfill of ours, which rests between two of its runs.
    What is only queued does not count, nor a backfill that takes long, else it could wait for ever; nor do
    other people's runs.
    """
    holder = lease.holder(shop.ledger)
    if holder is not None:
        return f"{holder} is at work"
    runs = instance.get_runs(RunsFilter(statuses=ACTIVE))
    mine = next((run for run in runs if run.job_name in jobs or _is_ours(run, shop, names)), None)
    if mine is not None:
        return f"run {mine.run_id} is at work"
    since = datetime.now(tz=UTC) - BACKFILL
    asked = BulkActionsFilter(statuses=[BulkActionStatus.REQUESTED], created_after=since)
    for backfill in instance.get_backfills(filters=asked):
        if any(names.ours(key, shop.graph) is not None for key in backfill.asset_selection or ()):
            return f"backfill {backfill.backfill_id} is at work"
    return ""


def _is_ours(run: dg.DagsterRun, shop: Workshop, names: Names) -> bool:
    """Whether a run computes assets of ours: it is tagged as soon as it does."""
    selected = run.asset_selection or ()
    return RUN in run.tags or any(names.ours(key, shop.graph) is not None for key in selected)


def _untold(shop: Workshop) -> bool:
    """Whether something was withheld or could not be read since the last refresh of everything."""
    told, facts = int(shop.ledger.noted(LAST_REFRESH) or 0), shop.facts()
    return any(
        (latest := facts.history.get(trouble.pair, NOTHING).latest) is not None and latest.id > told
        for trouble in troubles(facts, Scope())
    )


def _site_request(
    instance: dg.DagsterInstance, shop: Workshop, site: UnresolvedAssetJobDefinition | None, names: Names
) -> dg.SkipReason | dg.RunRequest:
    """Builds the site where it is behind, once in a while: each attempt moves the ledger."""
    if site is None or not is_behind(shop, assets_address(Settings().dagster_address, shop.ledger)):
        return dg.SkipReason("nothing is due")
    last = instance.get_run_records(RunsFilter(job_name=site.name), limit=1)
    if last and time.time() - last[0].create_timestamp.timestamp() < SITE_SECONDS:
        return dg.SkipReason(f"the site is behind; it is built every {SITE_SECONDS} seconds at most")
    return _request(instance, site.name, names.name(f"site-{shop.ledger.mark()}"), {})


def _request(
    instance: dg.DagsterInstance, job: str, state: str, config: dict[str, Any]
) -> dg.SkipReason | dg.RunRequest:
    """At most two tries for one state of the ledger: what moves nothing is not repeated for ever. `state`
    names the center, too, since several may share an instance.
    """
    for attempt in range(TRIES):
        key = f"{state}-{attempt}"
        if not instance.get_runs(RunsFilter(tags={"dagster/run_key": key}), limit=1):
            return dg.RunRequest(run_key=key, job_name=job, run_config=config)
    return dg.SkipReason(f"tried {TRIES} times at state {state} of the ledger; see the failed run of {job}")
