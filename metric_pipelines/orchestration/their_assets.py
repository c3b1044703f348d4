"""Asks the Dagster instance of the assets that our source tables are copies of: made, failed, under way.

All is read from the instance alone, so that schedule, sensor, a run's steps and the command line see the
same. Their partitions are told by the dates in their keys, since the storage does not keep their definitions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import dagster as dg
import sqlalchemy as sa
from dagster._core.event_api import PartitionKeyFilter
from dagster._core.storage.asset_check_execution_record import (
    AssetCheckExecutionRecord,
    AssetCheckExecutionRecordStatus,
    AssetCheckPartitionInfo,
)
from dagster._core.storage.dagster_run import FINISHED_STATUSES, DagsterRunStatus
from dagster._core.storage.event_log import SqlEventLogStorage
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable

from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.months import WHOLE
from metric_pipelines.orchestration.failures import first_failure, told
from metric_pipelines.orchestration.their_partitions import months_of
from metric_pipelines.publication.upstream import Known, Upstream

LONGEST = 300
JUDGED = {AssetCheckExecutionRecordStatus.SUCCEEDED, AssetCheckExecutionRecordStatus.FAILED}
FAILED = (DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED)
Said = tuple[str, str]
"""A partition of theirs ('' for the whole), and words."""


def ask(instance: dg.DagsterInstance, center: Center, run_id: str) -> Known:
    """What the instance knows of each asset that a source table names; those it has never heard of are left
    out. What the run `run_id` itself is doing does not count as under way.
    """
    found, asked = {}, dict[tuple[str, ...], _Asset]()
    for source in center.sources.values():
        for name, table in source.tables.items():
            if table.asset is None:
                continue
            parts = tuple(table.asset)
            asset = asked.setdefault(parts, _Asset(instance, dg.AssetKey(list(parts)), run_id))
            timed = table.partition_by is not None and table.columns[table.partition_by].type != "date"
            zones = (source.time_zone, center.settings.time_zone) if timed else None
            known = asset.by_month(zones)
            if known is not None:
                found[f"{source.name}/{name}"] = known
    return found


class _Asset:
    """One asset of theirs; asked once."""

    def __init__(self, instance: dg.DagsterInstance, key: dg.AssetKey, run_id: str) -> None:
        self._instance, self._key, self._run_id = instance, key, run_id
        self._storage = instance.event_log_storage
        self._name = "/".join(key.path)
        self._made = self._materialized()
        self._faults: list[Said] = []
        self._making: list[Said] = []
        for partition, run in self._begun():
            self._judge_run(partition, run)
        for info in self._checks():
            self._judge_check(info)

    def by_month(self, zones: tuple[str, str] | None) -> Upstream | None:
        """By our months; `zones` are the source's and the center's, where its rows carry a time."""
        if not (self._made or self._faults or self._making):
            return None
        keys = [*self._made, *(at for at, _ in self._faults), *(at for at, _ in self._making)]
        months = months_of(keys, zones)
        versions: dict[str, int] = {}
        for at, version in self._made.items():
            for month in months[at]:
                versions[month] = max(version, versions.get(month, 0))
        return Upstream(
            self._name,
            versions,
            _joined((month, words) for at, words in self._faults for month in months[at]),
            _joined((month, words) for at, words in self._making for month in months[at]),
        )

    def _materialized(self) -> dict[str, int]:
        """The newest materialization by partition, '' for one without."""
        kind = dg.DagsterEventType.ASSET_MATERIALIZATION
        found = dict(self._storage.get_latest_storage_id_by_partition(self._key, kind))
        for record in self._instance.get_asset_records([self._key]):
            last = record.asset_entry.last_materialization_record
            if last is not None and last.partition_key is None:
                found[WHOLE] = last.storage_id
        return found

    def _begun(self) -> Iterator[tuple[str, str]]:
        """Partitions that were begun since they were last made, with the run."""
        storage = self._storage
        begun = storage.get_latest_asset_partition_materialization_attempts_without_materializations(
            self._key
        )
        yield from ((at, run_id) for at, (run_id, _) in begun.items() if at)
        planned = storage.get_latest_planned_materialization_info(self._key)
        if planned is None or planned.storage_id < max(self._made.values(), default=0):
            return
        if all(run_id != planned.run_id for run_id, _ in begun.values()):
            yield WHOLE, planned.run_id

    def _judge_run(self, partition: str, run_id: str) -> None:
        run = self._instance.get_run_by_id(run_id)
        if run is None or run_id == self._run_id:
            return
        if run.status not in FINISHED_STATUSES:
            self._making.append((partition, f"{self._name} is being made by run {run_id[:8]}"))
        elif run.status in FAILED:
            ended = "was canceled" if run.status is DagsterRunStatus.CANCELED else "failed"
            said = _first_line(self._error_of(run_id))
            self._faults.append((partition, f"{self._name} {ended} in run {run_id[:8]}{said}"))

    def _error_of(self, run_id: str) -> str:
        """What the first failed step said."""
        failed = self._instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
        return told(first_failure(entry.dagster_event for entry in failed))

    def _checks(self) -> list[AssetCheckPartitionInfo]:
        """The last word of every check that was ever made on it, by partition."""
        if not isinstance(self._storage, SqlEventLogStorage):
            return []
        table = AssetCheckExecutionsTable.c
        query = sa.select(table.check_name).where(table.asset_key == self._key.to_string()).distinct()
        with self._storage.index_connection() as con:
            names = [str(name) for name in con.execute(query).scalars()]
        keys = [dg.AssetCheckKey(self._key, name) for name in sorted(names)]
        return list(self._storage.get_asset_check_partition_info(keys)) if keys else []

    def _judge_check(self, info: AssetCheckPartitionInfo) -> None:
        at = info.partition_key or WHOLE
        if info.latest_execution_status is AssetCheckExecutionRecordStatus.SUCCEEDED:
            return
        if info.latest_execution_status is AssetCheckExecutionRecordStatus.PLANNED:
            run = self._instance.get_run_by_id(info.latest_planned_run_id)
            if run is not None and run.status not in FINISHED_STATUSES and run.run_id != self._run_id:
                words = f"{self._name} is being checked by run {run.run_id[:8]}"
                self._making.append((at, words))
        judged = self._storage.get_asset_check_execution_history(
            info.check_key, 1, status=JUDGED, partition_filter=PartitionKeyFilter(key=info.partition_key)
        )
        if judged and _blocks(judged[0]):
            self._faults.append((at, f"{self._name} failed: {_told(judged[0])}"))


def _blocks(record: AssetCheckExecutionRecord) -> bool:
    evaluation = record.evaluation
    return (
        evaluation is not None
        and not evaluation.passed
        and evaluation.severity is dg.AssetCheckSeverity.ERROR
    )


def _told(record: AssetCheckExecutionRecord) -> str:
    said = record.evaluation.description if record.evaluation is not None else None
    return f"check {record.key.name} in run {record.run_id[:8]}{_first_line(said or '')}"


def _first_line(text: str) -> str:
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return f": {line[:LONGEST]}" if line else ""


def _joined(said: Iterable[Said]) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for month, words in said:
        found.setdefault(month, []).append(words)
    return {month: "; ".join(dict.fromkeys(words)) for month, words in found.items()}


__all__ = ["ask"]
