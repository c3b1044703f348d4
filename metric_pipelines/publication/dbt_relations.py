"""The relations of a dbt project, read once: as a source of ours, and as tables that SQL can be tried on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from functools import partial
from pathlib import Path

import duckdb

from metric_pipelines.dictionary.source_definitions import Source, SourceColumn, SourceTable
from metric_pipelines.dictionary.yaml_types import TableRules, Text
from metric_pipelines.ingest.connections import Secrets, read
from metric_pipelines.ingest.drafting import Found, ReadOnce, drafted_table
from metric_pipelines.ingest.drafting.tables import TYPED
from metric_pipelines.ingest.system import System
from metric_pipelines.warehouse.tables import name


def read_relations(
    con: duckdb.DuckDBPyConnection,
    source: Source,
    relations: Mapping[str, str],
    home: Path,
    today: date,
    secrets: Secrets,
) -> Source:
    """The source with a table for each relation (ours: theirs); its rows are `<source>.<table>` in `con`.

    Of its contract it has the types alone: what else holds, dbt's own tests say.
    Raises: SourceDataError (no such relation), SourceUnavailableError.
    """
    con.execute(f"create schema if not exists {name(source.name)}")
    tables = read(con, source, home, partial(_read, con, source, relations, today), secrets)
    return source.model_copy(update={"tables": tables})


def _read(
    con: duckdb.DuckDBPyConnection,
    source: Source,
    relations: Mapping[str, str],
    today: date,
    system: System,
) -> dict[str, SourceTable]:
    once = ReadOnce(system)
    found: dict[str, SourceTable] = {}
    for ours, theirs in relations.items():
        drafted = drafted_table(con, once, source, Found(theirs, theirs), ours, today)
        found[ours] = _types_alone(ours, theirs, drafted.spec)
        con.execute(f"create or replace table {name(source.name)}.{name(ours)} as from {TYPED}")
    return found


def _types_alone(ours: str, theirs: str, spec: SourceTable) -> SourceTable:
    columns = {
        column: SourceColumn.model_validate(
            {"type": one.type, "nullable": True, "from": one.source_name, "format": one.format}
        )
        for column, one in spec.columns.items()
    }
    kept = {
        "table": theirs if theirs != ours else None,
        "label": Text(en=ours.replace("_", " ")),
        "description": Text(en=f"dbt's relation {theirs}."),
        "partition_by": None,
        "columns": columns,
        "checks": TableRules(),
    }
    return spec.model_copy(update=kept)


def with_assets(source: Source, assets: Mapping[str, list[str] | None]) -> Source:
    """The source with each table tied to the asset that makes it, where there is one."""
    tables = {n: t.model_copy(update={"asset": assets.get(n)}) for n, t in source.tables.items()}
    return source.model_copy(update={"tables": tables})


def with_unique_keys(source: Source, keys: Iterable[tuple[str, list[str]]]) -> Source:
    """The source with keys (table, columns) that must stay unique, where they name columns."""
    tables = dict(source.tables)
    for table, columns in keys:
        spec = tables[table]
        if not set(columns) <= set(spec.columns) or columns in spec.checks.unique:
            continue
        checks = spec.checks.model_copy(update={"unique": [*spec.checks.unique, columns]})
        tables[table] = spec.model_copy(update={"checks": checks})
    return source.model_copy(update={"tables": tables})
