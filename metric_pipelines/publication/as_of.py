"""Models as they were at snapshots, as views `models.*` for one metric or several: what a cut is computed
from, what a metric is compared with, and what a question is answered from.

Stays out: which snapshot goes for which month.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta

import duckdb

from metric_pipelines.dictionary import shapes
from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.definitions import Metric
from metric_pipelines.dictionary.graph import Graph, calendar_of, models_joined
from metric_pipelines.dictionary.months import day_after, first_day, shift
from metric_pipelines.publication.workshop import Workshop
from metric_pipelines.semantics import joined_views
from metric_pipelines.warehouse import tables
from metric_pipelines.warehouse.tables import MONTH, name


def models_of(center: Center, metric: Metric) -> list[str]:
    """The keys of the models that a metric is computed from."""
    return [f"models/{model}" for model in shapes.models_of(center, metric)]


def around(center: Center, graph: Graph, metric: Metric, months: Sequence[str]) -> list[str]:
    """The months, and those around them that their values depend on, as far as they have come."""
    reach = shapes.whole_reach(center, metric)
    first, last = shift(months[0], -reach.back), shift(months[-1], reach.ahead)
    return [m for m in graph.months if first <= m <= last]


def last_day(month: str) -> date:
    """The last day of a month."""
    return day_after(month) - timedelta(days=1)


def first_counted(center: Center, graph: Graph, metric: Metric) -> date | None:
    """The day from which rows of models without months count: they have earlier ones. None where all have
    months, or where earlier rows belong to later periods.
    """
    bounded = all(graph.nodes[key].partitioned for key in models_of(center, metric))
    return None if bounded or shapes.counts_elsewhere(center, metric) else first_day(graph.first)


def provide(
    con: duckdb.DuckDBPyConnection,
    center: Center,
    graph: Graph,
    metrics: Sequence[Metric],
    at: Mapping[int, Sequence[str]],
    until: Mapping[str, date],
    asked: Sequence[str] = (),
    as_now: Collection[str] = (),
) -> None:
    """The models of metrics as views, with what is `asked` for by a join: each month as of the snapshot that
    `at` gives it, a whole model as of the last of them, or, of `as_now`, of the reader's; no day after the
    one that `until` gives for a month, nor after the latest of these.
    """
    calendar = f"models/{calendar_of(center)}"
    keys = list(dict.fromkeys(key for metric in metrics for key in models_of(center, metric)))
    joined = [f"models/{model}" for metric in metrics for model in models_joined(center, metric, asked)]
    con.execute("create schema if not exists memory.models")
    for key in dict.fromkeys([*keys, *joined, calendar]):
        node = graph.nodes[key]
        time = "date_day" if key == calendar else time_of(center, metrics, node.name)
        known = shown(time, until, whole=not node.partitioned)
        parts = [
            f"select * from {tables.relation(key)} at (version => {snapshot}) where {known}"
            + (f" and {MONTH} in ({tables.month_list(list(months))})" if node.partitioned else "")
            for snapshot, months in sorted(at.items())
        ]
        query = " union all by name ".join(parts if node.partitioned else parts[-1:])
        if key in as_now:
            query = f"select * from {tables.relation(key)} where {known}"
        con.execute(f"create or replace view memory.models.{name(node.name)} as {query}")
    joined_views.provide(con, center, [graph.nodes[key].name for key in keys], asked)


def time_of(center: Center, metrics: Iterable[Metric], model: str) -> str | None:
    """The column by which all that metrics count of a model is dated; None where there are several."""
    times = {time for metric in metrics for time in shapes.times_of(center, metric, model)}
    return times.pop() if len(times) == 1 else None


def known_today(shop: Workshop, metrics: Sequence[Metric], key: str) -> str:
    """The condition that rows of a model are dated up to today: nothing later has happened, whatever its
    source says. The calendar goes on.
    """
    node = shop.graph.nodes[key]
    if node.kind != "model" or node.name == calendar_of(shop.center):
        return "true"
    open_month = {shop.graph.months[-1]: min(shop.today, last_day(shop.graph.months[-1]))}
    return shown(time_of(shop.center, metrics, node.name), open_month, whole=not node.partitioned)


def shown(time: str | None, until: Mapping[str, date], *, whole: bool) -> str:
    """The condition that rows are of no day after the one that their month is shown up to; of a whole model,
    nor after the last month.
    """
    if time is None or not until:
        return "true"
    day, newest = f"cast({name(time)} as date)", max(until.values())
    found = [f"{day} <= date '{newest}'"] if whole else []
    for month, last in until.items():
        if last < last_day(month) and not (whole and last == newest):
            found.append(f"not ({day} > date '{last}' and {day} < date '{day_after(month)}')")
    return " and ".join(found) or "true"
