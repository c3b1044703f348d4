"""The one path to any number: published tables where they give it exactly, else the models at the receipts'
snapshots.

What was withheld is not computed anew here: a month answers with what its last receipt published, or not at
all. A period that touches a month that was never published is left out and named. Stays out: how a number is
shown, who may ask.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import duckdb
import pandas as pd

from metric_pipelines.dictionary import shapes
from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.definitions import (
    GRAINS,
    ConversionMetric,
    CumulativeMetric,
    DerivedMetric,
    Grain,
    Metric,
)
from metric_pipelines.dictionary.graph import Pair, calendar_of
from metric_pipelines.dictionary.months import day_after, first_day, month_of, months_between, shift
from metric_pipelines.dictionary.shapes import Reach
from metric_pipelines.errors import UsageError
from metric_pipelines.ledger.ledger import Attempt, PairHistory
from metric_pipelines.publication.standing import NOTHING, Standing, root_reason, standing
from metric_pipelines.publication.workshop import Workshop
from metric_pipelines.semantics.manifest import parts_of
from metric_pipelines.semantics.staging import Question, model_sql
from metric_pipelines.warehouse import tables
from metric_pipelines.warehouse.groups import TIME
from metric_pipelines.warehouse.lake import open_reader
from metric_pipelines.warehouse.tables import MONTH, name


@dataclass(frozen=True)
class Gap:
    """A month that is not as of now: `kept` where its last good values are answered, else it is left out."""

    month: str
    state: str
    kept: bool
    reason: str


@dataclass(frozen=True)
class Answer:
    """Rows of (metric_time, dimensions, value[, numerator, denominator]), ordered, and their gaps."""

    metric: str
    grain: Grain
    dimensions: list[str]
    columns: list[str]
    rows: list[tuple[Any, ...]]
    route: str
    gaps: list[Gap] = field(default_factory=list)

    def frame(self) -> pd.DataFrame:
        """The rows as pandas: `metric_time` as datetime64, dimensions as text, `value` exact (Decimal) or
        float.
        """
        frame = pd.DataFrame(self.rows, columns=self.columns)
        frame[TIME] = pd.to_datetime(frame[TIME])
        return frame


class Reader:
    """Reads one state of a center: the ledger as of opening, the lake as its receipts know it."""

    def __init__(
        self, shop: Workshop, con: duckdb.DuckDBPyConnection, history: Mapping[Pair, PairHistory]
    ) -> None:
        self.center, self.graph, self.today = shop.center, shop.graph, shop.today
        self.con, self.history = con, history
        self.standings = standing(self.graph, self.history)

    def values(
        self,
        metric: str,
        by: Sequence[str] = (),
        grain: str | None = None,
        start: date | None = None,
        end: date | None = None,
    ) -> Answer:
        """A metric by dimensions at a grain, from `start` to before `end`.

        Raises: UsageError for unknown names, a finer grain than is kept, or dates inside a period.
        """
        question = _checked(self.center, metric, list(by), grain, start, end)
        rollup = _rollup(self.center, question.metric, question.grain, question.dimensions)
        months = self._months(question)
        lost = self._lost(question.metric, months, rollup)
        gaps = list(self._gaps(question.metric, months, lost))
        sql, route = self._sql(question, rollup, [m for m in months if m not in lost])
        rows = [row for row in self._rows(question, sql) if not touches(question.grain, row[0], lost)]
        columns = [TIME, *question.dimensions, "value"]
        columns += ["numerator", "denominator"] if rows and len(rows[0]) > len(columns) else []
        return Answer(metric, question.grain, question.dimensions, columns, rows, route, gaps)

    def total(self, metric: str, start: date, end: date) -> Any:
        """One number for a metric over the days from `start` to before `end`, from its published daily rows;
        None without any.

        Raises: UsageError where its days do not add up.
        """
        definition = self.center.metrics[metric]
        rollup = _rollup(self.center, definition, "year", [])
        if rollup not in ("sum", "ratio"):
            raise UsageError(f"metrics/{metric}", "a total over some days", "a metric whose days add up")
        months = [
            m
            for m in months_between(month_of(start), month_of(end - timedelta(days=1)))
            if m in self.graph.months
        ]
        view, within = f"lake.metrics.{name(metric)}", f"{TIME} >= date '{start}' and {TIME} < date '{end}'"
        value = (
            "sum(value)"
            if rollup == "sum"
            else "sum(numerator)::double / nullif(sum(denominator), 0)::double"
        )
        if not months:
            return None
        row = self.con.execute(f"select {value} from {view} where {within}").fetchone()
        return row[0] if row else None

    def receipt(self, pair: Pair) -> Attempt | None:
        """The receipt in force of a pair."""
        return self.history.get(pair, NOTHING).published

    def stand(self, pair: Pair) -> Standing:
        """How a pair stands."""
        return self.standings.get(pair, Standing("missing", "not yet due"))

    def why(self, pair: Pair) -> str:
        """The reason why a pair is withheld or blocked."""
        return root_reason(self.standings, pair)

    def _months(self, question: _Question) -> list[str]:
        """The months that the asked periods touch."""
        first = month_of(question.start) if question.start else self.graph.first
        last = month_of(question.end - timedelta(days=1)) if question.end else self.graph.months[-1]
        return [m for m in months_between(first, last) if m in self.graph.months]

    def _gaps(self, metric: Metric, months: Iterable[str], lost: Collection[str]) -> Iterator[Gap]:
        """Months that are not as of now, or are left out."""
        for month in months:
            pair = (f"metrics/{metric.name}", month)
            stand, receipt, kept = self.stand(pair), self.receipt(pair), month not in lost
            if stand.state != "published":
                reason = self.why(pair) if stand.state in ("withheld", "blocked") else stand.reason
                yield Gap(month, stand.state, kept, reason)
            elif receipt is not None and self._is_outdated(receipt):
                yield Gap(month, "stale", kept, "its definition changed since; refresh")
            elif not kept:
                yield Gap(month, "incomplete", kept, "a month it is computed from has no values")

    def _lost(self, metric: Metric, months: list[str], rollup: str | None) -> list[str]:
        """Months that cannot be answered by their published rows, or from the models as of receipts."""
        if rollup is not None:
            return [m for m in months if not self._has_rows(metric, m, rollup)]
        reach = shapes.whole_reach(self.center, metric)
        return [
            m
            for m in months
            if not all(self._computable(metric, n) for n in self._around([m], Reach(reach.back)))
        ]

    def _has_rows(self, metric: Metric, month: str, rollup: str) -> bool:
        """Whether the metric's view shows this month, in the shape the metric now has."""
        receipt = self.receipt((f"metrics/{metric.name}", month))
        if receipt is None or receipt.facts.get("table") != self._table(metric):
            return False
        schema = set(receipt.facts.get("schema", {}))
        dimensions = schema - {TIME, "value", "numerator", "denominator"}
        return dimensions == set(metric.dimensions) and (rollup != "ratio" or "numerator" in schema)

    def _table(self, metric: Metric) -> str | None:
        """The wide table of the newest receipt of a metric: the one its view is over."""
        receipts = [self.receipt((f"metrics/{metric.name}", m)) for m in self.graph.months]
        newest = max((r for r in receipts if r is not None), key=lambda r: r.id, default=None)
        return newest.facts.get("table") if newest is not None else None

    def _computable(self, metric: Metric, month: str) -> bool:
        """Whether a month's receipt was given for the very definition the models would be asked by."""
        receipt = self.receipt((f"metrics/{metric.name}", month))
        return receipt is not None and not self._is_outdated(receipt)

    def _is_outdated(self, receipt: Attempt) -> bool:
        return bool(receipt.facts.get("computation") != self.graph.nodes[receipt.asset].computation)

    def _sql(self, question: _Question, rollup: str | None, months: list[str]) -> tuple[str, str]:
        metric, grain, dimensions = question.metric, question.grain, question.dimensions
        if not months:
            return "", "published"
        if rollup is not None:
            return _from_published(metric, grain, dimensions, rollup, months), "published"
        if not question.compilable:
            raise UsageError(
                f"metrics/{metric.name}",
                f"by {', '.join(dimensions) or 'total'} at grain {grain}",
                f"grain {metric.grain} by {', '.join(metric.dimensions) or 'total'}",
                "this metric cannot be rolled up; ask for what it is published by",
            )
        reach = shapes.whole_reach(self.center, metric)
        self._provide(metric, self._around(months, reach))
        return model_sql(self.center, Question([metric], grain, dimensions)), "model"

    def _around(self, months: list[str], reach: Reach) -> list[str]:
        """The months, and those around them that their values depend on."""
        first, last = shift(months[0], -reach.back), shift(months[-1], reach.ahead)
        return [m for m in self.graph.months if first <= m <= last]

    def _provide(self, metric: Metric, months: list[str]) -> None:
        """Each month of the models as it was when that month's receipt was given."""
        models = [f"models/{m}" for m in shapes.models_of(self.center, metric)]
        calendar = f"models/{calendar_of(self.center)}"
        for key in [*models, calendar]:
            parts = []
            for snapshot, chosen in self._snapshots(metric, months).items():
                at = f"{tables.relation(key)} at (version => {snapshot})"
                where = (
                    f" where {MONTH} in ({tables.month_list(chosen)})"
                    if self.graph.nodes[key].partitioned
                    else ""
                )
                if key == calendar:  # what is carried forward ends today
                    where = f" where date_day <= date '{self.today}'"
                parts.append(f"select * from {at}{where}")
            if not self.graph.nodes[key].partitioned:
                parts = parts[-1:]
            self.con.execute("create schema if not exists memory.models")
            view = f"memory.models.{name(key.removeprefix('models/'))}"
            self.con.execute(f"create or replace view {view} as {' union all by name '.join(parts)}")

    def _snapshots(self, metric: Metric, months: list[str]) -> dict[int, list[str]]:
        found: dict[int, list[str]] = {}
        for month in months:
            receipt = self.receipt((f"metrics/{metric.name}", month))
            if receipt is not None and receipt.snapshot is not None:
                found.setdefault(receipt.snapshot, []).append(month)
        return dict(sorted(found.items()))

    def _rows(self, question: _Question, sql: str) -> list[tuple[Any, ...]]:
        if not sql:
            return []
        keys = ", ".join(str(i + 1) for i in range(1 + len(question.dimensions)))
        bounds = [f"{TIME} <= date '{self.today}'"]
        bounds += [f"{TIME} >= date '{question.start}'"] if question.start else []
        bounds += [f"{TIME} < date '{question.end}'"] if question.end else []
        chosen = [TIME, *question.dimensions, "value"] + (
            ["numerator", "denominator"] if "as numerator" in sql else []
        )
        bounds.append("value is not null")
        listed, within = ", ".join(map(name, chosen)), " and ".join(bounds)
        return self.con.execute(f"select {listed} from (\n{sql}\n) where {within} order by {keys}").fetchall()


@contextmanager
def open_for_reading(shop: Workshop) -> Iterator[Reader]:
    """A reader of the newest state, closed at the end: what is published meanwhile does not show.

    Raises: EnvironmentBrokenError where nothing was published yet.
    """
    history = shop.ledger.history()
    receipts = [own.published for own in history.values() if own.published is not None]
    con = open_reader(shop.lake, max((r.snapshot for r in receipts if r.snapshot is not None), default=None))
    try:
        yield Reader(shop, con, history)
    finally:
        con.close()


@dataclass(frozen=True)
class _Question:
    metric: Metric
    grain: Grain
    dimensions: list[str]
    start: date | None
    end: date | None
    compilable: bool


def _checked(
    center: Center, metric: str, by: list[str], grain: str | None, start: date | None, end: date | None
) -> _Question:
    if metric in center.drafts:
        raise center.drafts[metric].not_computed()
    if metric not in center.metrics:
        raise UsageError.unknown_name("", "metric", metric, center.metrics)
    definition = center.metrics[metric]
    chosen = grain or definition.grain
    if chosen not in GRAINS:
        raise UsageError.unknown_name("--grain", "grain", chosen, GRAINS)
    finest: Grain = chosen
    if GRAINS.index(finest) < GRAINS.index(definition.grain):
        raise UsageError(
            f"metrics/{metric}", f"grain {chosen}", f"{definition.grain} or coarser", "it is defined by month"
        )
    known = set.intersection(
        *(set(center.models[m].dimensions) for m in shapes.models_of(center, definition))
    )
    for dimension in by:
        if dimension not in known | set(definition.dimensions):
            raise UsageError.unknown_name(f"metrics/{metric}", "dimension", dimension, known)
    if finest != definition.grain and _is_shifted(center, definition):
        expected, remedy = (
            f"grain {definition.grain}",
            "what is compared with another period has no coarser grain",
        )
        raise UsageError(f"metrics/{metric}", f"grain {chosen}", expected, remedy)
    for day, option in ((start, "--start"), (end, "--end")):
        if (
            day is not None
            and period_start(finest, day) != day
            and not (option == "--end" and day > date(9999, 1, 1))
        ):
            border = period_start(finest, day)
            raise UsageError(
                option, f"{day} is inside a {chosen}", f"the first day of a {chosen}, such as {border}"
            )
    if start and end and start >= end:
        raise UsageError("--end", f"{end} is not after {start}", "a later day; --end itself is not included")
    return _Question(definition, finest, list(dict.fromkeys(by)), start, end, set(by) <= known)


def _is_shifted(center: Center, metric: Metric) -> bool:
    """Whether a metric, or one below it, compares with another period."""
    offsets = metric.metrics if isinstance(metric, DerivedMetric) else []
    shifted = any(part.offset_window or part.offset_to_grain for part in offsets)
    return shifted or any(_is_shifted(center, center.metrics[name]) for name in shapes.input_names(metric))


def period_start(grain: Grain, day: date) -> date:
    """The first day of the period that holds a day; weeks start on Monday."""
    match grain:
        case "day":
            return day
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case "quarter":
            return date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)
        case "year":
            return date(day.year, 1, 1)


def touches(grain: Grain, start: date, months: Iterable[str]) -> bool:
    """Whether the period from `start` on overlaps one of the months."""
    end = {
        "day": start + timedelta(days=1),
        "week": start + timedelta(days=7),
        "month": day_after(month_of(start)),
        "quarter": day_after(month_of(start + timedelta(days=62))),
        "year": date(start.year + 1, 1, 1),
    }[grain]
    return any(start < day_after(month) and first_day(month) < end for month in months)


def _rollup(center: Center, metric: Metric, grain: Grain, dimensions: list[str]) -> str | None:
    """How published rows combine at a grain and dimensions: `same`, `sum`, `ratio`, `last`; None where they
    do not.
    """
    if not set(dimensions) <= set(metric.dimensions) or (grain == "week" and metric.grain == "month"):
        return None
    dropped = set(metric.dimensions) - set(dimensions)
    coarser = grain != metric.grain
    parts = parts_of(metric)
    if parts:
        over = dropped | ({shapes.TIME} if coarser else set())
        return "ratio" if all(_part_adds_up(center, metric, part, over) for part in parts) else None
    if not dropped and not coarser:
        return "same"
    if isinstance(metric, CumulativeMetric):
        return "last" if shapes.adds_up(center.metrics[metric.metric], dropped) else None
    return "sum" if shapes.rolls_up(metric, grain, dimensions) else None


def _part_adds_up(center: Center, metric: Metric, part: str, over: set[str]) -> bool:
    if not over:
        return True
    if part in center.metrics:
        return shapes.adds_up(center.metrics[part], over)
    return isinstance(metric, ConversionMetric)  # conversions are counted once each, so they add up


def _from_published(
    metric: Metric, grain: Grain, dimensions: list[str], rollup: str, months: list[str]
) -> str:
    """A query over the metric's view that combines its rows."""
    view, keys = f"lake.metrics.{name(metric.name)}", [name(d) for d in dimensions]
    time = f"cast(date_trunc('{grain}', {TIME}) as date) as {TIME}"
    rows = f"(select * from {view} where date_trunc('month', {TIME}) in ({tables.month_list(months)}))"
    if rollup == "same":
        return f"select {', '.join([TIME, *keys, 'value'])} from {rows} where value is not null"
    if rollup == "last":
        return _last_of_period(rows, time, keys, grain)
    value = "sum(value) as value"
    if rollup == "ratio":
        value = (
            "sum(numerator)::double / nullif(sum(denominator), 0)::double as value, "
            "sum(numerator) as numerator, sum(denominator) as denominator"
        )
    return f"select {', '.join([time, *keys, value])} from {rows} group by all"


def _last_of_period(rows: str, time: str, keys: list[str], grain: Grain) -> str:
    """What was carried forward is read at the last day of the period that has values."""
    newest = f"{TIME} = max({TIME}) over (partition by date_trunc('{grain}', {TIME}))"
    return (
        f"select {', '.join([time, *keys, 'sum(value) as value'])} from "
        f"(select * from {rows} where value is not null qualify {newest}) group by all"
    )
