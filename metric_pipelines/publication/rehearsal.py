"""A rehearsal: the SQL of models and of simple metrics is run over empty tables of the declared types.

It finds what only a database knows (a column that is not there, a type that does not fit, a contract the SQL
does not keep) before anything is read. No data is touched.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import duckdb

from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.definitions import SimpleMetric
from metric_pipelines.dictionary.filters import parsed_filter
from metric_pipelines.dictionary.graph import GROUP_SIZE
from metric_pipelines.dictionary.metric_rules import metric_problems
from metric_pipelines.dictionary.model_sql import statement, tables_read
from metric_pipelines.dictionary.validation import examined
from metric_pipelines.dictionary.yaml_types import Column
from metric_pipelines.errors import DefinitionError, InvalidCenterError, Problem, database_said
from metric_pipelines.ingest.texts import sql_type
from metric_pipelines.semantics import joined_views
from metric_pipelines.warehouse.lake import step_database
from metric_pipelines.warehouse.tables import name

AGGREGATES = {"count_distinct": "count(distinct {})", "average": "avg({})"}


def examined_and_rehearsed(folder: Path) -> tuple[Center, list[Problem]]:
    """What can be read of the center in `folder`, and every problem of it, those of its SQL too.

    Raises: InvalidCenterError where center.yaml cannot be read, DefinitionError where there is none.
    """
    center, problems = examined(folder)
    return center, [*problems, *rehearse(center)]


def load_rehearsed(folder: Path) -> Center:
    """The center in `folder`, valid as a whole, with SQL that runs.

    Raises: InvalidCenterError with every problem.
    """
    center, problems = examined_and_rehearsed(folder)
    if problems:
        raise InvalidCenterError(str(folder), problems)
    return center


def rehearse(center: Center) -> Iterator[Problem]:
    """What would fail at the first refresh, with its file: of all SQL that has no other problem."""
    columns: dict[str, Mapping[str, Column]] = {
        f"{source.name}/{name}": table.columns
        for source in center.sources.values()
        for name, table in source.tables.items()
    }
    columns |= {f"models/{name}": model.columns for name, model in center.models.items()}
    known = {key for key, declared in columns.items() if declared}
    with step_database() as con:
        for key in known:
            _empty(con, key, {name: _declared(column) for name, column in columns[key].items()})
        for model in _in_order(center, known):
            yield from _model(con, center, model)
        for metrics in _asked_together(center, known):
            if len(metrics) == 1 or any(_of_metrics(con, center, metrics)):
                for metric in metrics:
                    yield from _of_metrics(con, center, [metric])


def _asked_together(center: Center, known: Collection[str]) -> Iterator[list[SimpleMetric]]:
    """The metrics that have no problem by themselves: those over one model, so many at once."""
    over: dict[str, list[SimpleMetric]] = {}
    for metric in center.metrics.values():
        if not isinstance(metric, SimpleMetric) or f"models/{metric.model}" not in known:
            continue
        if not any(metric_problems(center, metric)):
            over.setdefault(metric.model, []).append(metric)
    for metrics in over.values():
        for i in range(0, len(metrics), GROUP_SIZE):
            yield metrics[i : i + GROUP_SIZE]


def _in_order(center: Center, known: set[str]) -> Iterator[str]:
    """The models whose SQL can be run, each after those it reads as far as there is such an order."""
    waiting = {f"models/{name}": read for name, sql in center.sql.items() if (read := _read_of(sql)) <= known}
    while waiting:
        ready = [key for key, read in waiting.items() if waiting.keys().isdisjoint(read)] or [*waiting]
        for key in ready:
            del waiting[key]
            yield key.removeprefix("models/")


def _read_of(sql: str) -> set[str]:
    """The tables that a model's SQL reads; one that there is not, where it must not be run."""
    try:
        return set(tables_read(sql, ""))
    except DefinitionError:
        return {""}


def _empty(con: duckdb.DuckDBPyConnection, key: str, types: Mapping[str, str]) -> None:
    """An empty table of columns of these types."""
    schema, table = key.split("/")
    con.execute(f"create schema if not exists {name(schema)}")
    apart = {column.lower(): column for column in types}.values()
    listed = ", ".join(f"{name(column)} {types[column]}" for column in apart)
    con.execute(f"create or replace table {name(schema)}.{name(table)} ({listed})")


def _declared(column: Column) -> str:
    return "varchar" if column.type == "any" else sql_type(column)


def _model(con: duckdb.DuckDBPyConnection, center: Center, key: str) -> Iterator[Problem]:
    model, file = center.models[key], str(center.sql_file(key))
    try:
        rows = con.execute(f"describe select * from ({statement(center.sql[key])}\n)").fetchall()
    except duckdb.Error as error:
        said, line = database_said(error)
        yield Problem(file + line, said, "SQL that runs on its sources' columns", "mend the model's SQL")
        return
    made = {str(row[0]).lower(): str(row[1]).lower() for row in rows}
    for column, spec in model.columns.items():
        where = center.where(f"models/{key}", "columns", column)
        kind = made.get(column.lower())
        if kind is None:
            yield Problem(where, f"column {column!r} is not in the SQL", "what the SQL selects", file)
        elif spec.type != "any" and kind != sql_type(spec).replace(" ", ""):
            found = f"the SQL makes {column} a {kind}"
            yield Problem(where, found, spec.type, f"cast it in {file}, or mend the type")
    if any(spec.type == "any" for spec in model.columns.values()):
        _empty(con, f"models/{key}", {c: made.get(c.lower(), "varchar") for c in model.columns})


def _of_metrics(
    con: duckdb.DuckDBPyConnection, center: Center, metrics: list[SimpleMetric]
) -> Iterator[Problem]:
    """What is wrong with metrics over one model, asked together: with the first of them, if not with all."""
    key, model, first = f"metrics/{metrics[0].name}", metrics[0].model, metrics[0]
    values = ", ".join(_aggregate(center, metric) for metric in metrics)
    try:
        con.execute(f"select {values} from models.{name(model)}")
    except duckdb.Error as error:
        place = "filter" if first.filter is not None else "expr"
        expected = "an expression over the model's columns"
        yield Problem(center.where(key, place), database_said(error)[0], expected)
    try:
        joined_views.provide(con, center, [model], [d for metric in metrics for d in metric.dimensions])
    except duckdb.Error as error:
        where = center.where(key, "dimensions")
        expected = "dimensions whose joins run"
        yield Problem(where, database_said(error)[0], expected, "mend the entities' expr")


def _aggregate(center: Center, metric: SimpleMetric) -> str:
    called = AGGREGATES.get(metric.agg, metric.agg + "({})").format(metric.expr)
    if metric.percentile is not None:
        called = f"quantile_cont({metric.expr}, {metric.percentile})"
    if metric.filter is None:
        return called
    where = center.where(f"metrics/{metric.name}", "filter")
    return (
        f"{called} filter (where {parsed_filter(metric.filter, center.models[metric.model].columns, where)})"
    )
