"""A rehearsal: every model's and simple metric's SQL is run over empty tables of the declared types.

It finds what only a database knows (a column that is not there, a type that does not fit, a contract the SQL
does not keep) before anything is read. No data is touched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import duckdb

from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.definitions import SimpleMetric
from metric_pipelines.dictionary.filters import parsed_filter
from metric_pipelines.dictionary.graph import build_graph
from metric_pipelines.dictionary.yaml_types import Column
from metric_pipelines.errors import Problem
from metric_pipelines.ingest.texts import sql_type
from metric_pipelines.semantics import joined_views
from metric_pipelines.warehouse.lake import step_database
from metric_pipelines.warehouse.tables import name

AGGREGATES = {"count_distinct": "count(distinct {})", "average": "avg({})"}


def rehearse(center: Center) -> Iterator[Problem]:
    """What of a valid center's SQL would fail at its first refresh, with its file."""
    graph = build_graph(center, center.settings.partitions.start)
    with step_database() as con:
        con.execute("set TimeZone = 'UTC'")
        for node in graph.nodes.values():
            if node.kind == "source":
                system = node.key.split("/")[0]
                _empty(con, node.key, center.sources[system].tables[node.name].columns)
            elif node.kind == "model":
                yield from _model(con, center, node.name)
            elif isinstance(metric := center.metrics[node.name], SimpleMetric):
                yield from _metric(con, center, metric)
                yield from _joins(con, center, metric)


def _empty(con: duckdb.DuckDBPyConnection, key: str, columns: Mapping[str, Column]) -> None:
    schema, table = key.split("/")
    con.execute(f"create schema if not exists {name(schema)}")
    listed = ", ".join(f"{name(c)} {_empty_type(column)}" for c, column in columns.items())
    con.execute(f"create or replace table {name(schema)}.{name(table)} ({listed})")


def _empty_type(column: Column) -> str:
    return "varchar" if column.type == "any" else sql_type(column)


def _model(con: duckdb.DuckDBPyConnection, center: Center, key: str) -> Iterator[Problem]:
    model, file = center.models[key], str(center.sql_file(key))
    text = center.sql[key].strip().rstrip(";")
    try:
        rows = con.execute(f"describe select * from (\n{text}\n)").fetchall()
    except duckdb.Error as error:
        yield Problem(file, _told(error), "SQL that runs on its sources' columns", "mend the model's SQL")
        _empty(con, f"models/{key}", model.columns)
        return
    made = {str(row[0]): str(row[1]).lower() for row in rows}
    for column, spec in model.columns.items():
        where = center.where(f"models/{key}", "columns", column)
        if column not in made:
            yield Problem(where, f"column {column!r} is not in the SQL", "what the SQL selects", file)
        elif spec.type != "any" and made[column] != sql_type(spec).replace(" ", ""):
            found = f"the SQL makes {column} a {made[column]}"
            yield Problem(where, found, spec.type, f"cast it in {file}, or mend the type")
    _empty(con, f"models/{key}", model.columns)


def _metric(con: duckdb.DuckDBPyConnection, center: Center, metric: SimpleMetric) -> Iterator[Problem]:
    key, columns = f"metrics/{metric.name}", center.models[metric.model].columns
    aggregate = AGGREGATES.get(metric.agg, metric.agg + "({})").format(metric.expr)
    if metric.percentile is not None:
        aggregate = f"quantile_cont({metric.expr}, {metric.percentile})"
    where = ""
    if metric.filter is not None:
        where = f" where {parsed_filter(metric.filter, columns, center.where(key, 'filter'))}"
    try:
        con.execute(f"select {aggregate} from models.{name(metric.model)}{where}")
    except duckdb.Error as error:
        place = "filter" if metric.filter is not None else "expr"
        yield Problem(center.where(key, place), _told(error), "an expression over the model's columns")


def _joins(con: duckdb.DuckDBPyConnection, center: Center, metric: SimpleMetric) -> Iterator[Problem]:
    """The joins by which its dimensions are reached."""
    try:
        joined_views.provide(con, center, [metric.model], metric.dimensions)
    except duckdb.Error as error:
        where = center.where(f"metrics/{metric.name}", "dimensions")
        yield Problem(where, _told(error), "dimensions whose joins run", "mend the entities' expr")


def _told(error: duckdb.Error) -> str:
    return "; ".join(line for line in str(error).splitlines() if line.strip())[:300]
