"""A dbt project as files of a center: its relations read once, its semantic models flattened, its metrics in
our keys; all of it tried, and what does not hold left out by name.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb

from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.months import day_after, month_of
from metric_pipelines.dictionary.source_definitions import Source
from metric_pipelines.dictionary.validation import load_valid_center
from metric_pipelines.dictionary.yaml_types import Owners, Text
from metric_pipelines.errors import DefinitionError, InvalidCenterError, Problem
from metric_pipelines.exchange.dbt import files
from metric_pipelines.exchange.dbt.carry_over import (
    NOT_CARRIED,
    CarriedOver,
    carry_over,
    needed_models,
)
from metric_pipelines.exchange.dbt.dagster_assets import AssetKeys
from metric_pipelines.exchange.dbt.elements import dimension_elements, entity_elements
from metric_pipelines.exchange.dbt.files import Card
from metric_pipelines.exchange.dbt.flat_model import TIME, FlatModel, with_types
from metric_pipelines.exchange.dbt.joins import Join
from metric_pipelines.exchange.dbt.notes import Note
from metric_pipelines.exchange.dbt.reading import DbtProject
from metric_pipelines.exchange.draft_files import PARTS
from metric_pipelines.exchange.source_file import source_file, source_yaml
from metric_pipelines.exchange.values import slug
from metric_pipelines.ingest.connections import Secrets
from metric_pipelines.publication.dbt_relations import read_relations, with_assets, with_unique_keys
from metric_pipelines.publication.rehearsal import rehearse
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
    relations = _relations(_with_relation(manifest))
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
        theirs = {ours: relation for ours, relation in relations.values()}
        source = read_relations(con, source, theirs, home, wanted.today, secrets)
        tables = {n: f"{name(source.name)}.{name(relations[_relation_key(m)][0])}" for n, m in models.items()}
        say("models")
        joins = _Joins(con, tables)
        carried = carry_over(manifest, tables, joins.refusal)
        typed = {n: _typed(con, model) for n, model in carried.models.items()}
        keys = [(relations[_relation_key(models[n])][0], columns) for n, columns in joins.unique_keys()]
        source = with_unique_keys(source, keys)
        tied = {ours: wanted.assets.get((s.lower(), a.lower())) for (s, a), (ours, _) in relations.items()}
        source = with_assets(source, tied)
        spine_sql = _spine_sql(source.name, spine, relations)
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
    held, refused = _valid(made, metrics, carried, into)
    notes = [*project.notes, *carried.notes, *_beside(manifest), *refused]
    made |= {file: text for file, text in held.values()}
    return DbtCenter(made, sorted(typed), sorted(held), notes)


def relations_read(manifest: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Schema and name of each relation that a center of this manifest reads, in lower case."""
    keys = {_relation_key(model) for model in _with_relation(manifest)}
    return sorted((schema.lower(), alias.lower()) for schema, alias in keys)


def _with_relation(manifest: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    spine = _day_spine(manifest)
    return [*needed_models(manifest).values(), *([spine] if spine else [])]


def _relation_key(model: Mapping[str, Any]) -> tuple[str, str]:
    relation = model["node_relation"]
    return str(relation.get("schema_name") or ""), str(relation["alias"])


def _relations(models: list[Mapping[str, Any]]) -> dict[tuple[str, str], tuple[str, str]]:
    """Our name and theirs of each relation, by schema and alias."""
    keys = list(dict.fromkeys(_relation_key(m) for m in models))
    aliases = [alias for _, alias in keys]
    found = {}
    for schema, alias in keys:
        ours = slug(alias if aliases.count(alias) == 1 else f"{schema}_{alias}") or alias.lower()
        plain = schema in ("", "main", "public")
        found[schema, alias] = ours, alias if plain else f"{schema}.{alias}"
    return found


class _Joins:
    """Whether joins keep rows single, asked of the rows; and the keys by which a contract keeps it so."""

    def __init__(self, con: duckdb.DuckDBPyConnection, tables: Mapping[str, str]) -> None:
        self._con, self._tables = con, tables
        self._found: dict[tuple[str, tuple[str, ...]], str | None] = {}

    def refusal(self, join: Join) -> str | None:
        """Why a join could count rows twice; None where it cannot."""
        key = str(join.model["name"]), self._columns(join)
        if key not in self._found:
            self._found[key] = self._refusal(join, *key)
        return self._found[key]

    def _refusal(self, join: Join, model: str, columns: tuple[str, ...]) -> str | None:
        if not all(re.fullmatch(r"[A-Za-z_]\w*", column) for column in columns):
            return f"{model} is joined by an expression, of which no contract can say that it is unique"
        table, listed = self._tables[model], ", ".join(columns)
        twice = f"select 1 from {table} group by {listed} having count(*) > 1 limit 1"
        if self._con.execute(twice).fetchone() is not None:
            return f"several rows of {model} for one {join.entity}: joining them would count rows twice"
        if join.window and self._overlaps(join, table):
            return f"rows of {model} for one {join.entity} hold on the same day: joining counts rows twice"
        return None

    def _overlaps(self, join: Join, table: str) -> bool:
        by_name = {e.name: e.expr for e in dimension_elements(join.model)}
        start, end = (by_name[name] for name in join.window)
        entity = self._columns(join)[0]
        following = f"lead({start}) over (partition by {entity} order by {start})"
        rows = f"select {end} as ends, {following} as begins from {table} where {entity} is not null"
        late = f"select 1 from ({rows}) where begins is not null and (ends is null or begins < ends) limit 1"
        return self._con.execute(late).fetchone() is not None

    def _columns(self, join: Join) -> tuple[str, ...]:
        """What a row is found by: the entity, partitions, and the day it holds from."""
        plain = {d["name"]: d.get("expr") or d["name"] for d in join.model["dimensions"]}
        entity = next(e.expr for e in entity_elements(join.model) if e.name == join.entity)
        return (entity, *(plain[name] for name in (*join.partitions, *join.window[:1])))

    def unique_keys(self) -> Iterator[tuple[str, list[str]]]:
        """The keys of all joins that are made, by semantic model."""
        for (model, columns), why in self._found.items():
            if why is None:
                yield model, list(columns)


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
        told = "; ".join(line for line in str(error).splitlines() if line.strip())[:300]
        where = f"semantic model {model.semantic_model['name']}"
        raise DefinitionError(
            where, told, "expressions over the columns of its relation", "mend it in dbt"
        ) from error
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
    relations: Mapping[tuple[str, str], tuple[str, str]],
) -> str:
    if spine is None:
        return ""
    table = f"{name(source)}.{name(relations[_relation_key(spine)][0])}"
    return f"select cast({spine['primary_column']['name']} as date) as date_day\nfrom {table}\n"


def _days(
    con: duckdb.DuckDBPyConnection,
    models: Mapping[str, tuple[FlatModel, dict[str, str]]],
    spine: str,
    today: date,
) -> tuple[date | None, str]:
    """The first day of any model, and what day it is for the center: the real one, or the last of a project
    that has ended. A time spine counts as far as the end of the newest month: most are longer than the rows.
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
        last = (
            max(last, min(row[0], day_after(month_of(last)) - timedelta(days=1))) if row and row[0] else last
        )
    return first, "real" if last >= today - STALE else last.isoformat()


def _generated(first: date | None, today: date) -> str:
    start = (first or today).replace(month=1, day=1)
    return GENERATED.format(first=start, last=date(today.year + 10, 12, 31))


def _first_code(into: Center | None) -> int:
    codes = [m.code or "" for m in [*into.metrics.values(), *into.drafts.values()]] if into else []
    used = [int(c.removeprefix("DBT-")) for c in codes if c.startswith("DBT-") and c[4:].isdigit()]
    return max(used, default=0) + 1


def _beside(manifest: Mapping[str, Any]) -> Iterator[Note]:
    """What a manifest says beside models and metrics."""
    for query in manifest.get("saved_queries") or []:
        yield Note("saved_query", f"saved_queries.{query['name']}", "saved queries are not carried over")
    for metric in manifest["metrics"]:
        if metric.get("time_granularity"):
            words = f"is shown by {metric['time_granularity']} where nothing else is asked: ours by its grain"
            yield Note("default_grain", f"metrics.{metric['name']}", words)


def _valid(
    made: Mapping[str, str],
    metrics: Mapping[str, tuple[str, str]],
    carried: CarriedOver,
    into: Center | None,
) -> tuple[dict[str, tuple[str, str]], list[Note]]:
    """The metrics with which the center is valid and its SQL runs; the others as notes.

    Raises: InvalidCenterError where something else than a metric is wrong.
    """
    held, notes = dict(metrics), list[Note]()
    while True:
        with tempfile.TemporaryDirectory(prefix="metric_pipelines_") as folder:
            problems = _problems(Path(folder), {**made, **dict(held.values())}, into)
        wrong: dict[str, str] = {}
        for problem in problems:
            metric = Path(problem.where.rpartition(":")[0] or problem.where).stem
            if metric not in held:
                raise InvalidCenterError("the dbt project", problems)
            wrong.setdefault(metric, f"{problem.found}; expected {problem.expected}")
        if not wrong:
            return held, notes
        for metric, why in wrong.items():
            notes.append(Note(NOT_CARRIED, f"metrics.{metric}", why))
            for below in [metric, *_dependents(metric, carried)]:
                if held.pop(below, None) and below != metric:
                    notes.append(
                        Note(NOT_CARRIED, f"metrics.{below}", f"its input {metric} is not carried over")
                    )


def _dependents(metric: str, carried: CarriedOver) -> list[str]:
    found: list[str] = []
    for other, computed in carried.metrics.items():
        if metric in _names(computed) and other not in found:
            found += [other, *_dependents(other, carried)]
    return found


def _names(computed: Mapping[str, Any]) -> set[str]:
    parts = [
        computed.get(k) for k in ("numerator", "denominator", "metric", "base_metric", "conversion_metric")
    ]
    parts += computed.get("metrics") or []
    return {part["name"] if isinstance(part, dict) else str(part) for part in parts if part}


def _problems(folder: Path, texts: Mapping[str, str], into: Center | None) -> list[Problem]:
    if into is not None:
        for part in ("center.yaml", *PARTS):
            if (into.folder / part).is_dir():
                shutil.copytree(into.folder / part, folder / part)
            elif (into.folder / part).exists():
                shutil.copy(into.folder / part, folder)
    for file, text in texts.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(text, encoding="utf-8")
    try:
        center = load_valid_center(folder)
    except InvalidCenterError as error:
        return list(error.problems)
    return list(rehearse(center))
