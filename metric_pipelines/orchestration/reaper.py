"""Ends runs whose process is gone, frees the pool slots of finished runs, and says again what the ledger
knows of their pairs.

Dagster itself marks a killed worker only while its code server lives, and never frees its slot: one kill
would block the pool for ever. Runs of ours carry process, start time and host as tags.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import socket
from datetime import timedelta

import dagster as dg
from dagster._core.storage.dagster_run import FINISHED_STATUSES, DagsterRunStatus, RunsFilter
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    PARTITION_NAME_TAG,
)

from metric_pipelines.dictionary.graph import Pair
from metric_pipelines.dictionary.months import WHOLE, months_between
from metric_pipelines.ledger.lease import process_started, same_process
from metric_pipelines.ledger.ledger import now
from metric_pipelines.orchestration.names import Names
from metric_pipelines.orchestration.reports import InputTags, evaluations, materialization, say
from metric_pipelines.publication.publishing import Outcome, recover
from metric_pipelines.publication.standing import NOTHING, standing
from metric_pipelines.publication.workshop import Workshop
from metric_pipelines.warehouse import lake

PID, STARTED, HOST = "metric_pipelines/pid", "metric_pipelines/pid_started", "metric_pipelines/host"
RUN = "metric_pipelines/run"
"""The run that the process tags are of: a run that is launched again carries the tags of the first."""
POOL = "metric_pipelines_lake"
"""The pool of all steps that write a lake."""
IN_PROCESS = ("in_process", "execute_in_process_executor")
MULTIPROCESS = ("multiprocess", "multi_or_in_process_executor")
"""Executors whose processes are known."""
SAID_AGAIN = "metric_pipelines/said_again"
LOOK_BACK = timedelta(days=2)
BADLY = [DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED]
UNFINISHED = [
    DagsterRunStatus.NOT_STARTED,  # killed between making a run and starting it
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
]


def process_tags(pid: int | None = None) -> dict[str, str]:
    """The tags by which a run's process is known; by default, this one."""
    pid = pid or os.getpid()
    return {PID: str(pid), STARTED: process_started(pid) or "", HOST: socket.gethostname()}


_TAGGED: set[tuple[str, int | None]] = set()
"""Runs that this process has written down, so that their other steps need not."""


def tag_process(context: dg.OpExecutionContext) -> None:
    """Writes down which process carries out this run, once; where that is not known, that it is ours."""
    run, pid = context.run, _process_of_run(context)
    if (run.run_id, pid) in _TAGGED:
        return
    if run.tags.get(RUN) != run.run_id or run.tags.get(PID) != str(pid or ""):
        tags = {PID: "", STARTED: "", HOST: ""} if pid is None else process_tags(pid)
        context.instance.add_run_tags(run.run_id, {**tags, RUN: run.run_id})
    _TAGGED.add((run.run_id, pid))


def _process_of_run(context: dg.OpExecutionContext) -> int | None:
    """The process that lives as long as the run. A step of the multiprocess executor has one of its own, made
    by the run's; of steps that are delegated to other machines it is not known here.
    """
    executor, configured = context.job_def.executor_def.name, context.run.run_config.get("execution", {})
    if executor in IN_PROCESS or '"in_process"' in json.dumps(configured):
        return os.getpid()
    parent = multiprocessing.parent_process()
    return parent.pid if executor in MULTIPROCESS and parent is not None else None


def reap(instance: dg.DagsterInstance, workshop: Workshop, names: Names) -> list[dg.DagsterRun]:
    """Ends this host's runs whose process is gone, and returns them; frees slots of finished runs.

    Then says again what the ledger knows of the pairs of these and of all other runs that ended badly.
    """
    dead = [run for run in instance.get_runs(RunsFilter(statuses=UNFINISHED)) if _is_dead(run)]
    for run in dead:
        instance.report_run_failed(run, "its process is gone; ended by the reaper")
    free_slots(instance)
    unsaid = _unsaid(instance)
    if unsaid:
        _settle(workshop)
    for run in unsaid:
        _say_again(instance, workshop, run, names)
        instance.add_run_tags(run.run_id, {SAID_AGAIN: "true"})
    return dead


def _unsaid(instance: dg.DagsterInstance) -> list[dg.DagsterRun]:
    """Runs of the last days that ended badly, by whose hand ever, and whose pairs were not said again yet."""
    badly = RunsFilter(statuses=BADLY, updated_after=now() - LOOK_BACK)
    return [run for run in instance.get_runs(badly) if RUN in run.tags and SAID_AGAIN not in run.tags]


def _settle(workshop: Workshop) -> None:
    """Publications that were under way when their run died: they count before anything is said of them."""
    if workshop.ledger.in_flight():
        with lake.locked(workshop.lake), lake.writer(workshop.lake) as con:
            recover(con, workshop)


def _is_dead(run: dg.DagsterRun) -> bool:
    copied = run.tags.get(RUN, run.run_id) != run.run_id
    if not run.tags.get(PID) or copied or run.tags.get(HOST) != socket.gethostname():
        return False
    return not same_process(int(run.tags[PID]), run.tags.get(STARTED))


def free_slots(instance: dg.DagsterInstance) -> None:
    """Frees the slots of our pool that runs hold which are finished or deleted."""
    storage = instance.event_log_storage
    if not storage.supports_global_concurrency_limits:
        return
    if POOL not in storage.get_concurrency_keys():
        return
    for run_id in storage.get_concurrency_info(POOL).active_run_ids:
        run = instance.get_run_by_id(run_id)
        if run is None or run.status in FINISHED_STATUSES:
            storage.free_concurrency_slots_for_run(run_id)


def _say_again(instance: dg.DagsterInstance, workshop: Workshop, run: dg.DagsterRun, names: Names) -> None:
    """The last word of the ledger on each pair of a dead run: else its planned checks hide good and bad ones
    alike.
    """
    facts = workshop.facts()
    stands, inputs = standing(facts.graph, facts.history), InputTags(instance, names, facts.graph)
    attempted = {a.pair for a in workshop.ledger.attempts_of_run(run.run_id)}
    for pair in sorted(_pairs(workshop, run, names) | attempted):
        own = facts.history.get(pair, NOTHING)
        if own.last is None or pair not in stands:
            continue
        verdicts = workshop.ledger.verdicts([own.last.id])[own.last.id]
        if pair in attempted and own.last.state == "published":
            outcome = Outcome(pair, "published", own.last, tuple(verdicts))
            pointers = inputs.of(pair[0])
            instance.report_runless_asset_event(materialization(outcome, names, facts.graph, pointers))
        node, reason = facts.graph.nodes[pair[0]], own.last.reason or ""
        say(instance, run, evaluations(names, node, pair, verdicts, reason, own.last.state))


def _pairs(workshop: Workshop, run: dg.DagsterRun, names: Names) -> set[Pair]:
    """The pairs that a run was about, by its selections and its partition tags."""
    checked = {check.asset_key for check in run.asset_check_selection or []}
    selected = {names.own(key) for key in {*(run.asset_selection or []), *checked}}
    first = run.tags.get(ASSET_PARTITION_RANGE_START_TAG, run.tags.get(PARTITION_NAME_TAG))
    last = run.tags.get(ASSET_PARTITION_RANGE_END_TAG, first)
    months = months_between(first, last) if first and last else []
    nodes = workshop.graph.nodes
    keys = [key for key in selected if key in nodes]
    return {(k, m) for k in keys for m in (months if nodes[k].partitioned else [WHOLE])}
