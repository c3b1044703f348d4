"""Reads source tables into temp tables of the step's connection: types as the source's YAML says, months by
local day.

    connections   which engine a connection means, secrets from the environment, retry while it is away
    attached, databases, files (headers, workbooks)   one kind of source system each: its tables as texts
    in_place      Parquet files that are not copied
    staging       texts to types, exactly; months; what a cast would change is refused
    sqlite_state  one state of a SQLite file for all tables of a step
    changes       the same for what changed since a cursor value

Stays out: contracts (`quality/`) and writing (`publication/`).
"""

from metric_pipelines.ingest.changes import (
    Changes,
    Cursor,
    contract_finds_doubled_keys,
    refuse_unmergeable,
    stage_changes,
)
from metric_pipelines.ingest.connections import folders_in_place, opened, read, scheme_problems
from metric_pipelines.ingest.staging import newest_day, stage
from metric_pipelines.ingest.system import System

__all__ = [
    "Changes",
    "Cursor",
    "System",
    "contract_finds_doubled_keys",
    "folders_in_place",
    "newest_day",
    "opened",
    "read",
    "refuse_unmergeable",
    "scheme_problems",
    "stage",
    "stage_changes",
]
