"""The relations of a dbt project, read once: as a source of ours, and as tables that SQL can be tried on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

from metric_pipelines.dictionary.source_definitions import Source, SourceColumn, SourceTable
from metric_pipelines.dictionary.yaml_types import TableRules, Text
from metric_pipelines.errors import UsageError, listed
from metric_pipelines.exchange.known import free
from metric_pipelines.exchange.values import slug
from metric_pipelines.ingest.connections import Secrets, read
from metric_pipelines.ingest.drafting import Found, ReadOnce, drafted_table
from metric_pipelines.ingest.drafting.tables import TYPED
from metric_pipelines.ingest.system import System
from metric_pipelines.warehouse.tables import name

RelationKey = tuple[str, str]
"""The schema and the name of a relation, as dbt has them."""
DEFAULT_SCHEMAS = {"duckdb": "main", "sqlite": "main", "postgresql": "public"}
"""What a name without a schema is read from, by the engine of a connection."""


@dataclass(frozen=True)
class Relation:
    """A relation by our name of it, and by the name it is read by."""

    ours: str
    theirs: str


def relation_key(model: Mapping[str, Any]) -> RelationKey:
    """The relation of a semantic model, or of a time spine."""
    relation = model["node_relation"]
    return str(relation.get("schema_name") or ""), str(relation["alias"])


def named_relations(models: Sequence[Mapping[str, Any]], connection: str) -> dict[RelationKey, Relation]:
    """The relations of semantic models, each with a name of its own.

    Raises: UsageError where they stand in several databases: one connection reads one.
    """
    _refuse_two_databases(models)
    engine = connection.partition(":")[0].partition("+")[0]
    default = ("", DEFAULT_SCHEMAS.get(engine, ""))
    keys = list(dict.fromkeys(relation_key(model) for model in models))
    aliases = [alias for _, alias in keys]
    found: dict[RelationKey, Relation] = {}
    for schema, alias in keys:
        whole = alias if aliases.count(alias) == 1 else f"{schema}_{alias}"
        ours, taken = slug(whole) or alias.lower(), {relation.ours for relation in found.values()}
        name_ = free(ours, taken.__contains__, 2) if ours in taken else ours
        found[schema, alias] = Relation(name_, alias if schema in default else f"{schema}.{alias}")
    return found


def _refuse_two_databases(models: Sequence[Mapping[str, Any]]) -> None:
    relations = [model["node_relation"] for model in models]
    databases = dict.fromkeys(str(r["database"]).lower() for r in relations if r.get("database"))
    if len(databases) > 1:
        example = next(r["alias"] for r in relations if str(r["database"]).lower() == list(databases)[1])
        found = f"relations in the databases {listed(databases)} ({example} in the last)"
        raise UsageError("the dbt project", found, "one database", "leave its semantic models out")


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
