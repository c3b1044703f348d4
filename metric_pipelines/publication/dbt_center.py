"""A dbt project as files of a center: its relations read once, its semantic models flattened, its metrics in
our keys; all of it tried, and what does not hold left out by name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb

from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.months import month_of
from metric_pipelines.dictionary.source_definitions import Source
from metric_pipelines.dictionary.yaml_types import Owners, Text
from metric_pipelines.errors import DefinitionError, database_said
from metric_pipelines.exchange.dbt import files
from metric_pipelines.exchange.dbt.carry_over import (
    carry_over,
    needed_models,
)
from metric_pipelines.exchange.dbt.dagster_assets import AssetKeys
from metric_pipelines.exchange.dbt.files import Card
from metric_pipelines.exchange.dbt.flat_model import TIME, FlatModel, with_types
from metric_pipelines.exchange.dbt.notes import Note
from metric_pipelines.exchange.dbt.reading import DbtProject
from metric_pipelines.exchange.source_file import source_file, source_yaml
from metric_pipelines.exchange.values import slug
from metric_pipelines.ingest.connections import Secrets
from metric_pipelines.publication.dbt_joins import Joins
from metric_pipelines.publication.dbt_relations import (
    Relation,
    RelationKey,
    named_relations,
    read_relations,
    relation_key,
    with_assets,
    with_unique_keys,
)
from metric_pipelines.publication.dbt_trial import valid_metrics, valid_queries
from metric_pipelines.warehouse.lake import scratch_database
from metric_pipelines.warehouse.tables import name

STALE = timedelta(days=45)
"""A project whose newest day is older is taken for one that has ended: its clock stands still there."""
GENERATED = """select cast(unnest(days) as date) as date_day
from (select generate_series(date '{first}', date '{last}', interval 1 day) as days)
"""


@dataclass(frozen=True)
class Wanted:
    """What is asked for beside the project: its source system's name and connection, the cards' words, and
    the assets of dagster-dbt that the tables are tied to."""

    source: str
    connection: str
    label: str
    department: str
    owners: Owners
    today: date
    assets: AssetKeys = field(default_factory=dict)


@dataclass(frozen=True)
class DbtCenter:
    """Files by their names below a center's folder (`center.yaml` too), what they hold and what not."""

    files: dict[str, str]
    models: list[str]
    metrics: list[str]
    notes: list[Note]


Progress = Callable[[str], None]


def dbt_center(
    project: DbtProject, wanted: Wanted, into: Center | None, home: Path, secrets: Secrets, say: Progress
) -> DbtCenter:
    """The files that a dbt project becomes, for a new center or for one that is there (`into`).

    Raises: UsageError, SourceDataError (a relation that does not exist), SourceUnavailableError.
    """
    manifest = project.manifest
    models, spine = needed_models(manifest), _day_spine(manifest)
    relations = named_relations(_with_relation(manifest), wanted.connection)
    source = Source(
        name=wanted.source,
        label=Text(en=wanted.label),
        description=Text(en=f"What dbt builds in the project {wanted.label}."),
        owners=wanted.owners,
        connection=wanted.connection,
        time_zone="UTC",
        tables={},
    )
    with scratch_database() as con:
        say("relations")
        theirs = {relation.ours: relation.theirs for relation in relations.values()}
        source = read_relations(con, source, theirs, home, wanted.today, secrets)
        ours = {n: relations[relation_key(m)].ours for n, m in models.items()}
        tables = {n: f"{name(source.name)}.{name(table)}" for n, table in ours.items()}
        say("models")
        joins = Joins(con, tables)
        carried = carry_over(manifest, tables, joins.refusal)
        typed = {n: _typed(con, model) for n, model in carried.models.items()}
        source = with_unique_keys(source, [(ours[n], columns) for n, columns in joins.unique_keys()])
        source = with_assets(source, {r.ours: wanted.assets.get(_lower(key)) for key, r in relations.items()})
        spine_sql = _spine_sql(source.name, spine, relations)
        timeless = list(_timeless(con, typed, tables))
        first, today = _days(con, typed, spine_sql, wanted.today)
    card = Card(wanted.department, wanted.owners, wanted.today.isoformat(), _first_code(into))
    made = {source_file(source): source_yaml(source, {})}
    for model, columns in typed.values():
        made |= files.model_files(model, model.sql, columns, card)
    if into is None or not any(m.time_spine for m in into.models.values()):
        made |= files.calendar_files(spine_sql or _generated(first, wanted.today), card)
    if into is None:
        label, start = wanted.label, month_of(first or wanted.today)
        made["center.yaml"] = files.center_file(slug(label) or "dbt_metrics", label, start, today, card)
    say("metrics")
    metrics = files.metric_files(carried, manifest, card)
    valid, refused = valid_metrics(made, metrics, carried, into)
    notes = [*project.notes, *carried.notes, *timeless, *_beside(manifest), *refused]
    made |= {file: text for file, text in valid.values()}
    queries, left = valid_queries(made, files.query_files(carried, manifest), into)
    made |= queries
    notes += left
    return DbtCenter(made, sorted(typed), sorted(valid), notes)


def relations_read(manifest: Mapping[str, Any]) -> list[RelationKey]:
    """Schema and name of each relation that a center of this manifest reads, in lower case."""
    return sorted({_lower(relation_key(model)) for model in _with_relation(manifest)})


def _with_relation(manifest: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    spine = _day_spine(manifest)
    return [*needed_models(manifest).values(), *([spine] if spine else [])]


def _lower(key: RelationKey) -> RelationKey:
    return key[0].lower(), key[1].lower()


TYPES = {
    "BIGINT": "int64", "VARCHAR": "string", "DATE": "date", "TIMESTAMP": "timestamp", "DOUBLE": "double",
    "BOOLEAN": "boolean",
}  # fmt: skip
CASTS = {
    "TINYINT": "bigint", "SMALLINT": "bigint", "INTEGER": "bigint", "UTINYINT": "bigint",
    "USMALLINT": "bigint", "UINTEGER": "bigint", "HUGEINT": "bigint", "FLOAT": "double",
    "TIMESTAMP_S": "timestamp", "TIMESTAMP_MS": "timestamp", "TIMESTAMP_NS": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamp", "UUID": "varchar",
}  # fmt: skip


def _typed(con: duckdb.DuckDBPyConnection, model: FlatModel) -> tuple[FlatModel, dict[str, str]]:
    """The model with what our types do not know cast to what they do, and its columns' types.

    Raises: DefinitionError where its SQL does not run: it names what DuckDB said.
    """
    try:
        found = _described(con, model.sql)
        cast = with_types(model, {c: CASTS[t] for c, t in found.items() if t in CASTS})
        columns = _described(con, cast.sql)
    except duckdb.Error as error:
        where, expected = (
            f"semantic model {model.semantic_model['name']}",
            "expressions over its relation's columns",
        )
        raise DefinitionError(where, database_said(error)[0], expected, "mend it in dbt") from error
    return cast, {
        c: TYPES.get(t) or (t.lower() if t.startswith("DECIMAL") else "any") for c, t in columns.items()
    }


def _described(con: duckdb.DuckDBPyConnection, sql: str) -> dict[str, str]:
    rows = con.execute(f"describe select * from (\n{sql}\n)").fetchall()
    return {str(row[0]): str(row[1]) for row in rows}


def _day_spine(manifest: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The time spine by day, with its relation."""
    settings = manifest.get("project_configuration") or {}
    for spine in settings.get("time_spines") or []:
        if spine["primary_column"]["time_granularity"] == "day":
            return dict(spine)
    for old in settings.get("time_spine_table_configurations") or []:
        if old["grain"] == "day":
            *schema, alias = re.findall(r'"[^"]+"|[^".]+', str(old["location"]))
            relation = {"schema_name": schema[-1].strip('"') if schema else "", "alias": alias.strip('"')}
            return {"node_relation": relation, "primary_column": {"name": old["column_name"]}}
    return None


def _spine_sql(
    source: str,
    spine: Mapping[str, Any] | None,
    relations: Mapping[RelationKey, Relation],
) -> str:
    if spine is None:
        return ""
    table = f"{name(source)}.{name(relations[relation_key(spine)].ours)}"
    return f"select cast({spine['primary_column']['name']} as date) as date_day\nfrom {table}\n"


def _days(
    con: duckdb.DuckDBPyConnection,
    models: Mapping[str, tuple[FlatModel, dict[str, str]]],
    spine: str,
    today: date,
) -> tuple[date | None, str]:
    """The first day of any model, and what day it is for the center: the real one, or the last of a project
    that has ended. A time spine counts to the end of the newest year: most are longer than the rows, and what
    is shifted or carried forward is whole in every period there.
    """
    found: list[tuple[date, date]] = []
    for model, _ in models.values():
        query = f"select min({TIME}), max({TIME}) from (\n{model.sql}\n) where {TIME} < date '9000-01-01'"
        low, high = con.execute(query).fetchone() or (None, None)
        found += [(low, high)] if low is not None else []
    if not found:
        return None, "real"
    first, last = min(low for low, _ in found), max(high for _, high in found)
    if spine:
        row = con.execute(f"select max(date_day) from (\n{spine}\n)").fetchone()
        last = max(last, min(row[0], date(last.year, 12, 31))) if row and row[0] else last
    return first, "real" if last >= today - STALE else last.isoformat()


def _timeless(
    con: duckdb.DuckDBPyConnection,
    models: Mapping[str, tuple[FlatModel, dict[str, str]]],
    tables: Mapping[str, str],
) -> Iterator[Note]:
    """Rows that belong to no period, and so to no value of any."""
    for key, (model, _) in models.items():
        kept = f"select count(*) from (\n{model.sql}\n)"
        whole = f"select count(*) from {tables[model.semantic_model['name']]}"
        row = con.execute(f"select ({whole}) - ({kept})").fetchone()
        if row and row[0]:
            text = f"{row[0]:,} row(s) without {model.time} belong to no period and are not counted"
            yield Note("no_time", f"{key}.{model.time}", text)


def _generated(first: date | None, today: date) -> str:
    start = (first or today).replace(month=1, day=1)
    return GENERATED.format(first=start, last=date(today.year + 10, 12, 31))


def _first_code(into: Center | None) -> int:
    codes = [m.code or "" for m in [*into.metrics.values(), *into.drafts.values()]] if into else []
    used = [int(c.removeprefix("DBT-")) for c in codes if c.startswith("DBT-") and c[4:].isdigit()]
    return max(used, default=0) + 1


def _beside(manifest: Mapping[str, Any]) -> Iterator[Note]:
    """What a manifest says beside models and metrics."""
    for metric in manifest["metrics"]:
        if metric.get("time_granularity"):
            words = f"is shown by {metric['time_granularity']} where nothing else is asked: ours by its grain"
            yield Note("default_grain", f"metrics.{metric['name']}", words)
