"""What starts a refresh by itself: the schedule of the night, and the sensor that finishes what was begun
elsewhere.
"""

import dagster as dg
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

ACTIVE = [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED]
TRIES = 2


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


def follow(job: dg.JobDefinition, open_shop: OpenWorkshop, names: Names) -> dg.SensorDefinition:
    """Every 5 seconds: ends dead runs, and refreshes what became due by a run started in the UI or left
    behind, or by what became of an asset that a source table is the copy of.
    """

    @dg.sensor(
        name=names.name("follow"),
        job=job,
        minimum_interval_seconds=5,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Finishes what was started in the UI, and ends runs whose process is gone.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason | dg.RunRequest:
        shop = open_shop(ask_sources=False, instance=context.instance)
        reap(context.instance, shop, names)
        busy = _busy(context.instance, shop, job.name, names)
        if busy:
            return dg.SkipReason(busy)
        left_behind = lease.left_behind(shop.ledger)
        if not left_behind and not plan(shop.facts(), Scope()) and not _untold(shop):
            return dg.SkipReason("nothing is due")
        return _request(context.instance, shop, left_behind, names)

    return sensor


def _busy(instance: dg.DagsterInstance, shop: Workshop, job: str, names: Names) -> str:
    """Who is at work: the lease, or a run of ours. What is only queued does not count, else it could wait for
    ever; nor do other people's runs.
    """
    holder = lease.holder(shop.ledger)
    if holder is not None:
        return f"{holder} is at work"
    runs = instance.get_runs(RunsFilter(statuses=ACTIVE))
    mine = next((run for run in runs if run.job_name == job or _is_ours(run, shop, names)), None)
    return f"run {mine.run_id} is at work" if mine is not None else ""


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


def _request(
    instance: dg.DagsterInstance, shop: Workshop, left_behind: bool, names: Names
) -> dg.SkipReason | dg.RunRequest:
    """At most two tries for one state of the ledger: what moves nothing is not repeated for ever."""
    mark = shop.ledger.mark()
    for attempt in range(TRIES):
        key = names.name(f"{mark}-{attempt}")  # several centers may share an instance
        if not instance.get_runs(RunsFilter(tags={"dagster/run_key": key}), limit=1):
            read = {"read_sources": left_behind}
            return dg.RunRequest(run_key=key, run_config={"ops": {names.name(OP): {"config": read}}})
    return dg.SkipReason(f"tried {TRIES} times at state {mark} of the ledger; see the failed refresh")
