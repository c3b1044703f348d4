"""The job `refresh`: one op that holds the lease, reaps, and carries out the plan by child runs in its own
process.

Launched alike by the schedule, the command line and the sensor `follow`. It ends failed, naming them, when
something is withheld, blocked or unavailable, after everything good is published: that is the gate. Before it
fails it tells people (`alerting.py`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any

import dagster as dg
from dagster._core.errors import DagsterExecutionInterruptedError
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    PARENT_RUN_ID_TAG,
    ROOT_RUN_ID_TAG,
)

from metric_pipelines.dictionary.months import WHOLE
from metric_pipelines.errors import InternalError
from metric_pipelines.ledger import lease
from metric_pipelines.ledger.ledger import now
from metric_pipelines.orchestration.alerting import Alarm
from metric_pipelines.orchestration.assets import EPOCH_TAG, FORCED_TAG, TODAY_TAG, OpenWorkshop
from metric_pipelines.orchestration.blocked import say_blocked
from metric_pipelines.orchestration.failures import first_failure, told
from metric_pipelines.orchestration.names import Names
from metric_pipelines.orchestration.reaper import process_tags, reap, tag_process
from metric_pipelines.orchestration.site_asset import build_after_refresh
from metric_pipelines.publication.plan import Scope, Work
from metric_pipelines.publication.refresh import Trouble, refresh
from metric_pipelines.publication.workshop import Workshop
from metric_pipelines.starting import seldom_collected
from metric_pipelines.warehouse.lake import kept_open

OP = "carry_out_plan"
LAST_REFRESH = "mark_of_last_refresh"
Announce = Callable[[Work | lease.Holder], None]
"""Told what is about to be computed, or who is waited for."""
JobOf = Callable[[], dg.JobDefinition]


class RefreshConfig(dg.Config):
    """What a refresh is about. Empty lists mean everything; `forced` computes what is selected even if it is
    not due.
    """

    assets: list[str] = []  # noqa: RUF012 (Dagster's config classes are pydantic models)
    months: list[str] = []  # noqa: RUF012
    forced: bool = False
    read_sources: bool = True

    def scope(self, since: datetime) -> Scope:
        """The scope of a plan."""
        return Scope(
            frozenset(self.assets) or None,
            frozenset(self.months) or None,
            since if self.read_sources or self.forced else None,
            self.forced,
        )


@dataclass(frozen=True)
class Means:
    """What a refresh works with: `assets_job` gives the job of all assets, whose child runs it makes; whether
    the site is built at the end.
    """

    open_shop: OpenWorkshop
    assets_job: JobOf
    announce: Announce
    names: Names
    site: bool = True


def refresh_job(means: Means, tags: Mapping[str, str], alarm: Alarm) -> dg.JobDefinition:
    """The job; `alarm` tells people."""
    names = means.names

    @dg.op(
        name=names.name(OP),
        description="Plan from the ledger, carry it out in waves, fail if anything is withheld.",
    )
    def refresh_op(context: dg.OpExecutionContext, config: RefreshConfig) -> None:
        tag_process(context)
        scope = config.scope(now())
        try:
            shop = means.open_shop(ask_sources=True, instance=context.instance)
        except Exception as error:
            alarm.without_shop(context, error)
            raise
        try:
            with seldom_collected():
                shop, found = _carried_out(context, config, scope, shop, means)
        except Exception as error:
            alarm.after(context, shop, scope, error)
            raise
        alarm.after(context, shop, scope)
        if found:
            listed = "\n".join(str(trouble) for trouble in found)
            raise dg.Failure(f"{len(found)} not published:\n{listed}", allow_retries=False)

    @dg.job(
        name=names.name("refresh"),
        tags=tags,
        executor_def=dg.in_process_executor,
        description="Everything that is due, in waves; fails if anything is withheld.",
    )
    def job() -> None:
        refresh_op()

    return job


def _carried_out(
    context: dg.OpExecutionContext, config: RefreshConfig, scope: Scope, shop: Workshop, means: Means
) -> tuple[Workshop, list[Trouble]]:
    """The center as it is in the end, and what is not published."""
    announce, names = means.announce, means.names
    with lease.held(
        shop.ledger, f"refresh {context.run_id[:8]}", waiting=lambda h: _waiting(context, announce, h)
    ) as epoch:
        for run in reap(context.instance, shop, names):
            context.log.warning(f"run {run.run_id} was left behind by a process that is gone; ended")
        shop = means.open_shop(ask_sources=True, instance=context.instance, epoch=str(epoch))
        _say_unsettled(context, shop)
        alive = partial(lease.renew, shop.ledger, epoch)
        child = _Child(context, means.assets_job(), epoch, shop.today, config.forced, announce, alive, names)
        with kept_open(shop.lake):
            found = refresh(shop, scope, child.execute)
        try:
            say_blocked(context.instance, context.run, shop, names)
            if not (config.assets or config.months or child.failed):
                shop.ledger.note(LAST_REFRESH, str(shop.ledger.mark()))
            if means.site:
                build_after_refresh(context, shop, names)
        finally:
            child.raise_failed()
    return shop, found


def _say_unsettled(context: dg.OpExecutionContext, shop: Workshop) -> None:
    """Says which assets of others are not known here, or are being made: what that means for the plan."""
    facts = shop.facts()
    for key, node in facts.graph.nodes.items():
        spec = shop.center.source_table(key)
        if node.kind != "source" or spec is None or spec.asset is None:
            continue
        name = "/".join(spec.asset)
        if key not in facts.upstream:
            context.log.warning(f"{key}: this Dagster instance knows nothing of {name}, good or bad")
        making = {facts.maker((key, partition)) for partition in facts.graph.partitions(key)} - {""}
        for words in sorted(making):
            context.log.warning(f"{key} is not read while {words}")


def _waiting(context: dg.OpExecutionContext, announce: Announce, holder: lease.Holder) -> None:
    context.log.info(f"waiting for {holder}")
    announce(holder)


class _Child:
    """Carries out a rectangle of work as a run of its own, in this process. One that fails by a fault of ours
    or a full disk keeps no other from being carried out; it is not tried again.
    """

    def __init__(
        self,
        context: dg.OpExecutionContext,
        job: dg.JobDefinition,
        epoch: int,
        today: date,
        forced: bool,
        announce: Announce,
        alive: Callable[[], None],
        names: Names,
    ) -> None:
        self._names = names
        self._context, self._job, self._announce, self._alive = context, job, announce, alive
        self.failed: dict[Work, InternalError] = {}
        self._tags = {
            PARENT_RUN_ID_TAG: context.run_id,
            ROOT_RUN_ID_TAG: context.run_id,
            EPOCH_TAG: f"{epoch} of {context.run_id}",
            TODAY_TAG: str(today),
            **({FORCED_TAG: "true"} if forced else {}),
            **process_tags(),
        }

    def execute(self, work: Work) -> None:
        """Raises: BusyError where the lease is lost, DagsterExecutionInterruptedError."""
        if any(_is_part(work, failed) for failed in self.failed):
            return
        self._context.log.info(f"computing {work}")
        self._alive()
        self._announce(work)
        result = self._job.execute_in_process(
            instance=self._context.instance,
            asset_selection=[self._names.asset(key) for key in work.assets],
            tags=self._tags | _range_tags(work),
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
        if interrupted(result):
            raise DagsterExecutionInterruptedError
        if not result.success:
            self._context.log.error(f"run {result.run_id} failed: {work}")
            self._alive()  # a lost lease is no fault of this part: nothing more is to be done
            why = told(first_failure(result.all_events)) or "see the run's log"
            self.failed[work] = InternalError(f"run {result.run_id}", f"computing {work} failed: {why}")

    def raise_failed(self) -> None:
        """Raises: InternalError for the first that failed, with the number of the others."""
        if not self.failed:
            return
        first, *others = self.failed.values()
        more = f"; and {len(others)} more, see the log of the refresh" if others else ""
        raise InternalError(first.where, f"{first.found}{more}")


def _is_part(work: Work, of: Work) -> bool:
    return set(work.assets) <= set(of.assets) and of.first <= work.first and work.last <= of.last


def _range_tags(work: Work) -> dict[str, str]:
    if work.first == WHOLE:
        return {}
    return {ASSET_PARTITION_RANGE_START_TAG: work.first, ASSET_PARTITION_RANGE_END_TAG: work.last}


def interrupted(result: Any) -> bool:
    """Whether a run ended because its process was told to stop."""
    errors = [event.step_failure_data.error for event in result.all_events if event.is_step_failure]
    names = [link.cls_name for error in errors if error is not None for link in (error, error.cause) if link]
    return DagsterExecutionInterruptedError.__name__ in names


def with_epoch(workshop: Workshop, epoch: str | None) -> Workshop:
    """The workshop whose commits are fenced by the lease of the refresh they belong to."""
    return workshop if epoch is None else workshop.fenced(lease.fence(workshop.ledger, int(epoch)))
