"""Cuts: the rollups of metrics, computed from their models and staged beside the metrics' own values.

A period that overlaps several months is computed anew with each of them, from all of them as they are in
force at one snapshot, and stands under each. The receipt says which snapshot: a reader takes a period from
the month whose snapshot has what is in force (`query/kept_cuts.py`).
Metrics of a group that have a cut in common are one query, where nothing of theirs needs one alone.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from metric_pipelines.dictionary import shapes
from metric_pipelines.dictionary.definitions import Grain, Metric
from metric_pipelines.dictionary.graph import by_of
from metric_pipelines.dictionary.periods import months_in, periods_in
from metric_pipelines.dictionary.rollups import Cut, cuts_of
from metric_pipelines.errors import ComputationError, database_said
from metric_pipelines.publication import as_of, measures
from metric_pipelines.publication.workshop import Workshop
from metric_pipelines.semantics import staging
from metric_pipelines.warehouse.groups import TIME, MetricColumns
from metric_pipelines.warehouse.staged import StagedCut
from metric_pipelines.warehouse.tables import MONTH, name

Columns = Mapping[str, MetricColumns]


def stage(
    con: duckdb.DuckDBPyConnection,
    shop: Workshop,
    metrics: Sequence[Metric],
    columns: Columns,
    months: Sequence[str],
    read: int,
) -> dict[str, list[StagedCut]]:
    """The cuts of metrics for some months, by metric, from the models as of the snapshot `read`.

    Raises: ComputationError with what DuckDB said.
    """
    members: dict[Cut, list[Metric]] = {}
    for metric in metrics:
        for cut in cuts_of(metric):
            members.setdefault(cut, []).append(metric)
    found: dict[str, list[StagedCut]] = {}
    homes = measures.tables_of(shop, metrics)
    for cut, sharing in members.items():
        for alike in together(shop, sharing):
            table = _computed(con, shop, cut, alike, columns, months, read)
            for metric in alike:
                by = by_of(shop.center, metric, cut.dimensions)
                target, kept = f"{homes[metric.name]}__{cut.grain}__{by}", columns[metric.name]
                staged = StagedCut(
                    cut.name, cut.grain, list(cut.dimensions), table, target, kept, read, shop.today
                )
                found.setdefault(metric.name, []).append(staged)
    return found


def provide(
    con: duckdb.DuckDBPyConnection,
    shop: Workshop,
    metrics: Sequence[Metric],
    grain: Grain,
    by: Sequence[str],
    months: Sequence[str],
    read: int,
) -> None:
    """The models of metrics, for all months of the periods that overlap `months`, as of one snapshot, with
    what these are published by and the dimensions `by`.
    """
    whole = [m for month in months for start in periods_in(grain, month) for m in months_in(grain, start)]
    span = [m for m in shop.graph.months if min(whole) <= m <= max(whole)]
    wide = {m for metric in metrics for m in as_of.around(shop.center, shop.graph, metric, span)}
    until = {m: min(shop.today, as_of.last_day(m)) for m in shop.graph.months}
    asked = list(dict.fromkeys([*by, *(name for metric in metrics for name in metric.dimensions)]))
    as_of.provide(con, shop.center, shop.graph, metrics, {read: sorted(wide)}, until, asked)


def by_month(rows: str, grain: Grain, months: Sequence[str], columns: str) -> str:
    """Rows of periods, once for each of the months that their period overlaps."""
    pairs = ", ".join(
        f"(date '{month}-01', date '{start}')" for month in months for start in periods_in(grain, month)
    )
    return (
        f"select p.{MONTH}, {columns} from (\n{rows}\n) as a"
        f" join (values {pairs}) as p({MONTH}, period) on a.{TIME} = p.period"
    )


def together(shop: Workshop, metrics: Sequence[Metric]) -> list[list[Metric]]:
    """Metrics that one query answers as each alone would be: none fills gaps or counts on other days than its
    rows', and all are counted by the same times from the same day on.
    """
    found: dict[Any, list[Metric]] = {}
    for metric in metrics:
        leaves = shapes.leaves(shop.center, metric)
        apart = shapes.counts_elsewhere(shop.center, metric) or any(map(shapes.fills_gaps, leaves))
        times = sorted({(leaf.model, leaf.time or "") for leaf in leaves})
        first = as_of.first_counted(shop.center, shop.graph, metric)
        key = metric.name if apart else (metric.grain, tuple(times), first)
        found.setdefault(key, []).append(metric)
    return list(found.values())


def _computed(
    con: duckdb.DuckDBPyConnection,
    shop: Workshop,
    cut: Cut,
    metrics: list[Metric],
    columns: Columns,
    months: Sequence[str],
    read: int,
) -> str:
    """A temp table with the months of a cut: `partition_month`, `metric_time`, dimensions, the columns of the
    metrics.
    """
    provide(con, shop, metrics, cut.grain, cut.dimensions, months, read)
    first = as_of.first_counted(shop.center, shop.graph, metrics[0])
    question = staging.Question(metrics, cut.grain, list(cut.dimensions), first)
    if len(metrics) == 1:
        rows = staging.period_sql(shop.center, question)
        values = [f"{part} as {name(column)}" for part, column in columns[metrics[0].name].all.items()]
    else:
        rows = staging.models_sql(shop.center, question)
        values = [c for metric in metrics for c in staging.named_columns(metric, columns[metric.name])]
    keys = [TIME, *map(name, cut.dimensions)]
    sql = by_month(rows, cut.grain, months, ", ".join([*keys, *values]))
    table = f"cut_{uuid.uuid4().hex[:12]}"
    try:
        con.execute(f"create or replace temp table {table} as {sql}")
        staging.narrow(con, table)
    except duckdb.Error as error:
        place = shop.center.where(f"metrics/{metrics[0].name}", "rollups")
        raise ComputationError(place, database_said(error)[0], "SQL that runs", "mend its rollups") from error
    return table
