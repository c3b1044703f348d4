"""Stages metrics: one compile, one scan and one temp table for all metrics of a group over a stretch of
months.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

import duckdb

from metric_pipelines.dictionary import shapes
from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.definitions import CumulativeMetric, Metric, SimpleMetric
from metric_pipelines.dictionary.filters import Condition, dimensions_read
from metric_pipelines.errors import ComputationError, database_said
from metric_pipelines.semantics import manifest as m
from metric_pipelines.semantics.filtered_aggregates import with_filters
from metric_pipelines.semantics.metricflow_sql import compile_sql
from metric_pipelines.warehouse.groups import TIME, MetricColumns
from metric_pipelines.warehouse.staged import Staged
from metric_pipelines.warehouse.tables import MONTH, month_list, name
from metric_pipelines.warehouse.tables import columns as table_columns


@dataclass(frozen=True)
class Question:
    """Metrics of one shape, at a grain and by dimensions; of events from a day on, and under a condition."""

    metrics: list[Metric]
    grain: str
    dimensions: list[str]
    first: date | None = None
    condition: Condition | None = None

    @property
    def finest(self) -> str:
        """The grain that the metrics' time has."""
        return self.metrics[0].grain

    @property
    def dimensions_read(self) -> list[str]:
        """The dimensions that are grouped by, and those of the condition."""
        return dimensions_read(self.dimensions, self.condition)

    def constraints(self) -> list[str]:
        """What rows must meet, in MetricFlow's form."""
        found = [m.since(self.first, self.finest)] if self.first else []
        return [*found, *([m.where_template(self.condition, self.finest)] if self.condition else [])]


def group_sql(center: Center, question: Question) -> str:
    """MetricFlow's query for a group: `metric_time` DATE, dimensions, and a column for each metric and its
    parts.
    """
    if shapes.reads_published(center, question.metrics[0]):
        built = m.over_inputs(center, question.metrics, question.dimensions)
        return _query(center, question, built)
    return models_sql(center, question)


def model_sql(center: Center, question: Question) -> str:
    """The query for one metric straight from its models: `metric_time`, dimensions, `value`, its parts where
    it has any.
    """
    metric = question.metrics[0]
    chosen = [TIME, *map(name, question.dimensions), f"{name(metric.name)} as value"]
    for part, key in zip(("numerator", "denominator"), m.parts_of(metric) or (), strict=False):
        chosen.append(f"{name(key)} as {part}")
    inner = models_sql(center, question)
    return f"select {', '.join(chosen)} from (\n{inner}\n) where {name(metric.name)} is not null"


def period_sql(center: Center, question: Question) -> str:
    """The query for one metric straight from its models, at any grain: what is carried forward is read at the
    last day of a period.
    """
    metric = question.metrics[0]
    if isinstance(metric, CumulativeMetric) and metric.period_agg is None:
        daily = model_sql(center, replace(question, grain=metric.grain, first=None))
        return last_of_period(f"({daily})", question.grain, question.dimensions)
    return model_sql(center, question)


def last_of_period(rows: str, grain: str, dimensions: list[str]) -> str:
    """What was carried forward is read at the last day of the period that has values, of any group."""
    keys, time = [name(d) for d in dimensions], f"cast(date_trunc('{grain}', {TIME}) as date) as {TIME}"
    newest = f"{TIME} = max({TIME}) over (partition by date_trunc('{grain}', {TIME}))"
    return (
        f"select {', '.join([time, *keys, 'sum(value) as value'])} from "
        f"(select * from {rows} where value is not null qualify {newest}) group by all"
    )


def models_sql(center: Center, question: Question) -> str:
    """The query for metrics straight from their models: `metric_time`, dimensions, a column for each metric
    and its parts.
    """
    return _query(center, question, m.over_models(center, question.metrics, question.dimensions_read))


def _query(center: Center, question: Question, built: m.Manifest) -> str:
    by = m.group_by(question.grain, question.dimensions)
    inner = compile_sql(built, requested(question.metrics), by, question.constraints())
    keys = [f"cast({by[0]} as date) as {TIME}"]
    keys += [f"{column} as {name(d)}" for column, d in zip(by[1:], question.dimensions, strict=True)]
    values = [_value(center, metric) for metric in requested(question.metrics)]
    return f"select {', '.join([*keys, *values])} from (\n{inner}\n)"


def requested(metrics: Iterable[Metric]) -> list[str]:
    """The metrics to ask for: each with the metrics that are its numerator and denominator."""
    names = [n for metric in metrics for n in (metric.name, *(m.parts_of(metric) or ()))]
    return list(dict.fromkeys(names))


def _value(center: Center, key: str) -> str:
    """A filtered distinct count of nothing is no value, as with WHERE; elsewhere NULL comes by itself."""
    metric = center.metrics.get(key)
    if not isinstance(metric, SimpleMetric) or metric.agg != "count_distinct":
        return name(key)
    ghost = metric.filter is not None and not shapes.filters_rows(metric)
    return f"nullif({name(key)}, 0) as {name(key)}" if ghost else name(key)


def stage(
    con: duckdb.DuckDBPyConnection,
    center: Center,
    question: Question,
    columns: dict[str, MetricColumns],
    months: list[str],
    today: date,
    target: str,
) -> list[Staged]:
    """Computes months of a group into the temp table `target`: `partition_month`, `metric_time`, dimensions,
    the metrics' columns.

    The inputs must be provided: models as views `memory.models.*`, or `memory.main.inputs` (see
    `provide_inputs`).
    Raises: ComputationError with what DuckDB said.
    """
    names = [metric.name for metric in question.metrics]
    sql = group_sql(center, question)
    chosen = [f"cast(date_trunc('month', {TIME}) as date) as {MONTH}", TIME, *map(name, question.dimensions)]
    for metric in question.metrics:
        chosen += named_columns(metric, columns[metric.name])
    within = (
        f"cast(date_trunc('month', {TIME}) as date) in ({month_list(months)}) and {TIME} <= date '{today}'"
    )
    listed = ", ".join(chosen)
    made = f"create or replace temp table {target} as select {listed} from (\n{{}}\n) where {within}"
    try:
        _made_quickly(con, made, sql)
        narrow(con, target)
    except duckdb.Error as error:
        where = center.where(f"metrics/{names[0]}") if len(names) == 1 else ", ".join(names)
        raise ComputationError(
            where, database_said(error)[0], "SQL that runs", "mend expr or filter"
        ) from error
    return [Staged(f"metrics/{n}", target, months, columns[n], question.dimensions, sql) for n in names]


def _made_quickly(con: duckdb.DuckDBPyConnection, made: str, sql: str) -> None:
    """Runs the query with FILTER for CASE; where it fails, as it is: CASE computes no value that is not asked
    for, and that may be one that cannot be computed.
    """
    quick = with_filters(sql)
    if quick != sql:
        try:
            con.execute(made.format(quick))
        except (duckdb.OutOfMemoryException, duckdb.IOException, duckdb.InterruptException):
            raise
        except duckdb.Error:
            pass
        else:
            return
    con.execute(made.format(sql))


def narrow(con: duckdb.DuckDBPyConnection, target: str) -> None:
    """Counts and sums of integers come as HUGEINT, which pandas and many clients read as a float."""
    for column, kind in table_columns(con, target).items():
        if kind == "HUGEINT":
            con.execute(f"alter table {target} alter {name(column)} type bigint")


def named_columns(metric: Metric, columns: MetricColumns) -> list[str]:
    """A metric and its parts, of a query over models or inputs, as the columns they are stored in."""
    sources = {"value": metric.name}
    parts = m.parts_of(metric)
    if columns.parts and parts:
        sources |= {"numerator": parts[0], "denominator": parts[1]}
    return [f"{name(sources[part])} as {name(column)}" for part, column in columns.all.items()]


@dataclass(frozen=True)
class InputRows:
    """Published values of input metrics that stand in one relation: its dimensions, its column for each, and
    the months in which they stand there.
    """

    relation: str
    dimensions: frozenset[str]
    columns: dict[str, str]
    months: list[str]


def provide_inputs(
    con: duckdb.DuckDBPyConnection, names: list[str], dimensions: list[str], rows: list[InputRows]
) -> None:
    """The published values of input metrics as `memory.main.inputs`: metric_time, dimensions, a column an
    input.

    Other dimensions are added up here already (an input that does not add up has none): a window then joins
    far fewer rows. By the same ones there is nothing to add up.
    """
    keys = ", ".join([TIME, *map(name, dimensions)])
    branches = [_input_rows(keys, one, add=one.dimensions != set(dimensions)) for one in rows]
    known = {metric for one in rows for metric in one.columns}
    for metric in names:
        if metric not in known:  # nothing of it is there, but its columns
            nothing = f"select {keys}, value as {name(metric)} from lake.metrics.{name(metric)} where false"
            branches.append(nothing)
    con.execute(f"create or replace view memory.main.{m.INPUTS} as {' union all by name '.join(branches)}")


def _input_rows(keys: str, rows: InputRows, *, add: bool) -> str:
    """The rows in which any of them has a value, within their months; added up, or as they stand."""
    value = "sum({})" if add else "{}"
    values = ", ".join(
        f"{value.format(name(column))} as {name(metric)}" for metric, column in rows.columns.items()
    )
    some = " or ".join(f"{name(column)} is not null" for column in rows.columns.values())
    within = f"{MONTH} in ({month_list(rows.months)}) and ({some})"
    return f"select {keys}, {values} from {rows.relation} where {within}{' group by all' if add else ''}"
