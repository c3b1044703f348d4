"""The Dagster instance as a center finds it: what is there, what degrades, what to set. Changes nothing.

An instance of ours that was never used is not opened: that would make its files.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
from dagster._core.scheduler.instigation import InstigatorStatus, InstigatorType
from dagster._daemon.types import DaemonHeartbeat
from dagster_shared.yaml_utils import load_yaml_from_path

from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.ledger.ledger import now
from metric_pipelines.orchestration.event_log import BufferedSqliteEventLogStorage
from metric_pipelines.orchestration.reaper import POOL
from metric_pipelines.orchestration.their_assets import ask
from metric_pipelines.publication.examination import Finding, installed

HOME = "DAGSTER_HOME"
TESTED = ("1.13.", "1.12.")
OURS = "metric_pipelines.orchestration.storage"
SILENCE = 120.0
NEEDED = ("SCHEDULER", "SENSOR", "QUEUED_RUN_COORDINATOR")


def examine_instance(center: Center, project: Path, home: Path) -> Iterator[Finding]:
    """All findings of Dagster: its version, the instance, the daemon, schedule, sensor, their assets."""
    yield _version()
    folder = Path(os.environ[HOME]) if os.environ.get(HOME) else _folder(project, home)
    file = folder / "dagster.yaml"
    if not file.exists():
        yield Finding("instance", f"{file} is not there", "warn", "metric-pipelines refresh makes one")
        return
    configured = load_yaml_from_path(str(file)) or {}
    if OURS in str(configured) and not (home / "dagster" / "history").exists():
        yield Finding("instance", f"{file}: not used yet", "warn", "metric-pipelines refresh begins it")
        return
    try:
        with dg.DagsterInstance.from_config(str(folder)) as instance:
            yield from _instance(instance, folder)
            yield from _daemons(instance)
            yield from _instigators(instance, center)
            yield from _their_assets(instance, center)
    except Exception as error:  # noqa: BLE001 (whatever keeps it from opening is what is to be said)
        said = f"{file}: {type(error).__name__}"  # its words may hold the connection
        yield Finding("instance", said, "fail", "see `dagster instance info`")


def _folder(project: Path, home: Path) -> Path:
    return project if (project / "dagster.yaml").exists() else home / "dagster"


def _version() -> Finding:
    found = installed("dagster")
    if found.startswith(TESTED):
        return Finding("Dagster", found)
    tested = ", ".join(f"{minor}x" for minor in TESTED)
    return Finding("Dagster", f"{found}, which is not tested", "warn", f"tested: {tested}")


def _instance(instance: dg.DagsterInstance, folder: Path) -> Iterator[Finding]:
    storage = instance.event_log_storage
    yield Finding("instance", f"{folder}, {type(storage).__name__}")
    if not isinstance(storage, BufferedSqliteEventLogStorage):
        said = "not ours: a refresh of many metrics takes longer (about 0.1 s an asset and month)"
        yield Finding("event log", said, "warn", "nothing to do where storage is shared; see docs")
    url = str(getattr(storage, "postgres_url", ""))
    if url.startswith("postgresql://") and installed("sqlalchemy") >= "2.1":
        said = "dagster-postgres cannot write by psycopg 3, which postgresql:// means to SQLAlchemy 2.1"
        yield Finding(
            "event log", said, "fail", "postgres_url: postgresql+psycopg2://..., or scheme the same"
        )
    if storage.supports_global_concurrency_limits:
        yield _pool(instance)


def _pool(instance: dg.DagsterInstance) -> Finding:
    limits = {pool.name: pool.limit for pool in instance.event_log_storage.get_pool_limits()}
    default = instance.global_op_concurrency_default_limit
    limit = limits.get(POOL, default)
    if limit is None:
        said = f"{POOL} has no limit: steps of runs from the UI wait for each other at the lake instead"
        return Finding("pool", said, "ok", f"optional: dagster instance concurrency set {POOL} 1")
    return Finding("pool", f"{POOL}: at most {limit} at a time")


def _daemons(instance: dg.DagsterInstance) -> Iterator[Finding]:
    beats: dict[str, DaemonHeartbeat] = dict(instance.get_daemon_heartbeats())
    silent = [
        kind for kind in NEEDED if kind not in beats or now().timestamp() - beats[kind].timestamp > SILENCE
    ]
    if not silent:
        yield Finding("daemon", "running")
        return
    remedy = "metric-pipelines up, or `dagster-daemon run`: without it nothing starts by itself"
    yield Finding("daemon", f"not heard of: {', '.join(silent).lower()}", "warn", remedy)


def _instigators(instance: dg.DagsterInstance, center: Center) -> Iterator[Finding]:
    """Schedule and sensor: both run unless somebody stopped them, which alone is stored."""
    for kind, plain in ((InstigatorType.SCHEDULE, "nightly"), (InstigatorType.SENSOR, "follow")):
        names = {plain, f"{center.settings.name}_{plain}"}
        states = [
            s for s in instance.all_instigator_state(instigator_type=kind) if s.instigator_name in names
        ]
        stopped = [s.instigator_name for s in states if s.status is InstigatorStatus.STOPPED]
        if stopped:
            yield Finding(plain, f"{', '.join(stopped)} is stopped", "warn", "start it in the Dagster UI")
        else:
            yield Finding(plain, "on" if states else "on by default; never evaluated here")


def _their_assets(instance: dg.DagsterInstance, center: Center) -> Iterator[Finding]:
    """Assets of somebody else that source tables name: known here or not, and how they are."""
    known = ask(instance, center, "")
    for source in center.sources.values():
        for name, table in source.tables.items():
            if table.asset is None:
                continue
            what, found = f"asset {'/'.join(table.asset)}", known.get(f"{source.name}/{name}")
            if found is None:
                said = "this instance has never seen it: whether it is good is not known"
                yield Finding(what, said, "warn", f"set {HOME} to the instance that makes it")
            elif found.fault(""):
                yield Finding(
                    what, found.fault(""), "fail", "mend it and make it anew: the sensor does the rest"
                )
            else:
                yield Finding(what, found.maker("") or "good, as far as its last run and checks say")
