"""The rows of the buffered event log: the same as the stock class writes, and the SQL they are bound to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import sqlalchemy as sa
from dagster import AssetCheckEvaluation
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluationPlanned
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus
from dagster._core.storage.event_log import schema
from sqlalchemy.dialects import sqlite as sqlite_dialect

Row = dict[str, Any]  # a row of a table of Dagster's, by column

_EVENTS, _CHECKS = schema.SqlEventLogStorageTable, schema.AssetCheckExecutionsTable
INSERT_EVENT = _EVENTS.insert()
INSERT_MIRRORED = _EVENTS.insert().returning(_EVENTS.c.id, sort_by_parameter_order=True)
INSERT_CHECK = _CHECKS.insert()
UPDATE_CHECK = _CHECKS.update().where(  # it sets the columns that are bound by their own names
    _CHECKS.c.asset_key == sa.bindparam("of_asset_key"),
    _CHECKS.c.check_name == sa.bindparam("of_check_name"),
    _CHECKS.c.run_id == sa.bindparam("of_run_id"),
    _CHECKS.c.partition.is_not_distinct_from(sa.bindparam("of_partition")),  # right for no partition as well
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event that is not written yet."""

    event: EventLogEntry
    row: Row  # of `event_logs`, made when the event came: what cannot be written as JSON is refused then
    since: float  # monotonic seconds


@dataclass(frozen=True, slots=True)
class Mirrored:
    """An event that the index has too."""

    event: EventLogEntry
    row: Row
    id: int  # in the index


@lru_cache
def upsert_asset(columns: tuple[str, ...]) -> sqlite_dialect.Insert:
    """What the index keeps of an asset, in some columns."""
    insert = sqlite_dialect.insert(schema.AssetKeyTable)
    new = {column: insert.excluded[column] for column in columns if column != "asset_key"}
    return insert.on_conflict_do_update(index_elements=["asset_key"], set_=new)


def planned_rows(planned: Mirrored) -> list[Row]:
    """The rows of a planned evaluation, one a partition."""
    data = cast(AssetCheckEvaluationPlanned, planned.event.get_dagster_event().event_specific_data)
    row = {
        "asset_key": data.asset_key.to_string(),
        "check_name": data.check_name,
        "run_id": planned.event.run_id,
        "execution_status": AssetCheckExecutionRecordStatus.PLANNED.value,
        **_evaluation_columns(planned),
    }
    partitions = data.partitions_subset.get_partition_keys() if data.partitions_subset else [None]
    return [{**row, "partition": partition} for partition in partitions]


def verdict(evaluated: Mirrored) -> Row:
    """What `UPDATE_CHECK` is bound to for an evaluation."""
    evaluation = cast(AssetCheckEvaluation, evaluated.event.get_dagster_event().event_specific_data)
    target = evaluation.target_materialization_data
    status = AssetCheckExecutionRecordStatus
    return {
        "of_asset_key": evaluation.asset_key.to_string(),
        "of_check_name": evaluation.check_name,
        "of_run_id": evaluated.event.run_id,
        "of_partition": evaluation.partition,
        "execution_status": (status.SUCCEEDED if evaluation.passed else status.FAILED).value,
        "materialization_event_storage_id": target.storage_id if target else None,
        **_evaluation_columns(evaluated),
    }


def _evaluation_columns(mirrored: Mirrored) -> Row:
    return {
        "evaluation_event": mirrored.row["event"],
        "evaluation_event_timestamp": mirrored.row["timestamp"],
        "evaluation_event_storage_id": mirrored.id,
    }
