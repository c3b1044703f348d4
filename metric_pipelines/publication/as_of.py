"""Models as they were at snapshots, as views `models.*` for one metric or several: what a cut is computed
from, what a metric is compared with, and what a question is answered from.

Stays out: which snapshot goes for which month.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
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
        times = ["date_day"] if key == calendar else times_of(center, metrics, node.name)
        shown = Shown.of(times, until, whole=not node.partitioned)
        parts = [
            f"select {shown.columns} from {tables.relation(key)} at (version => {snapshot})"
            f" where {shown.rows}"
            + (f" and {MONTH} in ({tables.month_list(list(months))})" if node.partitioned else "")
            for snapshot, months in sorted(at.items())
        ]
        query = " union all by name ".join(parts if node.partitioned else parts[-1:])
        if key in as_now:
            query = f"select {shown.columns} from {tables.relation(key)} where {shown.rows}"
        con.execute(f"create or replace view memory.models.{name(node.name)} as {query}")
    joined_views.provide(con, center, [graph.nodes[key].name for key in keys], asked)


def times_of(center: Center, metrics: Iterable[Metric], model: str) -> list[str]:
    """The columns by which what metrics count of a model is dated."""
    return sorted({time for metric in metrics for time in shapes.times_of(center, metric, model)})


def known_today(shop: Workshop, metrics: Sequence[Metric], key: str) -> Shown:
    """What of a model has happened up to today, whatever its source says. The calendar goes on."""
    node = shop.graph.nodes[key]
    if node.kind != "model" or node.name == calendar_of(shop.center):
        return Shown()
    open_month = {shop.graph.months[-1]: min(shop.today, last_day(shop.graph.months[-1]))}
    times = times_of(shop.center, metrics, node.name)
    return Shown.of(times, open_month, whole=not node.partitioned)


@dataclass(frozen=True)
class Shown:
    """What is shown of a model: no row of a day after the one that its month is shown up to. Where rows are
    dated by several columns, what a later one says has not happened yet: it is null.
    """

    columns: str = "*"
    rows: str = "true"

    @classmethod
    def of(cls, times: Sequence[str], until: Mapping[str, date], *, whole: bool) -> Shown:
        known = {time: _known(f"cast({name(time)} as date)", until, whole=whole) for time in times}
        bounded = {time: condition for time, condition in known.items() if condition}
        if len(times) == 1:
            return cls(rows=bounded.get(times[0], "true"))
        nulled = [f"case when {text} then {name(time)} end as {name(time)}" for time, text in bounded.items()]
        return cls(f"* replace ({', '.join(nulled)})") if nulled else cls()


def _known(day: str, until: Mapping[str, date], *, whole: bool) -> str:
    """The condition on a day; of a whole model, it is not after the last month either."""
    if not until:
        return ""
    newest = max(until.values())
    found = [f"{day} <= date '{newest}'"] if whole else []
    for month, last in until.items():
        if last < last_day(month) and not (whole and last == newest):
            found.append(f"not ({day} > date '{last}' and {day} < date '{day_after(month)}')")
    return " and ".join(found)
