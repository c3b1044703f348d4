"""A reader: answers questions from one state of a center."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import duckdb

from metric_pipelines.dictionary import shapes
from metric_pipelines.dictionary.definitions import CumulativeMetric, Metric
from metric_pipelines.dictionary.graph import Pair
from metric_pipelines.dictionary.members import in_order
from metric_pipelines.dictionary.months import WHOLE, first_day, month_of, months_between
from metric_pipelines.dictionary.periods import period_start, touches
from metric_pipelines.dictionary.questions import Asked, Question, checked, spec_of
from metric_pipelines.errors import UsageError
from metric_pipelines.ledger.ledger import Attempt, PairHistory
from metric_pipelines.publication.standing import NOTHING, Standing, root_reason, standing
from metric_pipelines.publication.workshop import Workshop
from metric_pipelines.query.answers import Answer, Gap
from metric_pipelines.query.rollups import from_published, last_of_period, rollup_of
from metric_pipelines.query.snapshots import Snapshots, newly_joined
from metric_pipelines.semantics import staging
from metric_pipelines.semantics.manifest import parts_of
from metric_pipelines.semantics.staging import model_sql
from metric_pipelines.warehouse.groups import TIME
from metric_pipelines.warehouse.lake import open_reader
from metric_pipelines.warehouse.tables import name


class Reader:
    """Reads one state of a center: the ledger as of opening, the lake as its receipts know it."""

    def __init__(
        self, shop: Workshop, con: duckdb.DuckDBPyConnection, history: Mapping[Pair, PairHistory]
    ) -> None:
        self.center, self.graph, self.today = shop.center, shop.graph, shop.today
        self.con, self.history, self.ledger = con, history, shop.ledger
        self.standings = standing(self.graph, self.history)

    def values(
        self,
        metric: str,
        by: Sequence[str] = (),
        grain: str | None = None,
        start: date | None = None,
        end: date | None = None,
        filter: str | None = None,
    ) -> Answer:
        """A metric by dimensions at a grain, from `start` to before `end`, of the rows that `filter` is true
        for.

        Raises: UsageError for unknown names, a finer grain than is kept, or dates inside a period.
        """
        question = checked(self.center, metric, Asked(list(by), grain, start, end, filter))
        rollup = None
        if question.condition is None:
            rollup = rollup_of(self.center, question.metric, question.grain, question.dimensions)
        months = self._months(question)
        lost = self._lost(question, months, rollup)
        gaps = list(self._gaps(question.metric, months, lost))
        sql, route = self._sql(question, rollup, [m for m in months if m not in lost])
        columns = [TIME, *question.dimensions, "value"]
        if rollup == "ratio" or (rollup is None and parts_of(question.metric)):
            columns += ["numerator", "denominator"]
        found = self._rows(question, sql, columns) if sql else []
        rows = [row for row in found if not touches(question.grain, row[0], lost)]
        rows = in_order(rows, [spec_of(self.center, question.metric, d) for d in question.dimensions])
        named = [TIME, *question.asked, *columns[1 + len(question.asked) :]]
        return Answer(metric, question.grain, question.asked, named, rows, route, gaps)

    def total(self, metric: str, start: date, end: date) -> Any:
        """One number for a metric over the days from `start` to before `end`, from its published daily rows;
        None without any.

        Raises: UsageError where its days do not add up.
        """
        definition = self.center.metrics[metric]
        rollup = rollup_of(self.center, definition, "year", [])
        if rollup not in ("sum", "ratio"):
            raise UsageError(f"metrics/{metric}", "a total over some days", "a metric whose days add up")
        view, within = f"lake.metrics.{name(metric)}", f"{TIME} >= date '{start}' and {TIME} < date '{end}'"
        value = (
            "sum(value)"
            if rollup == "sum"
            else "sum(numerator)::double / nullif(sum(denominator), 0)::double"
        )
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

    def _months(self, question: Question) -> list[str]:
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

    def _lost(self, question: Question, months: list[str], rollup: str | None) -> list[str]:
        """Months that cannot be answered by their published rows, or from the models as of receipts."""
        metric = question.metric
        if rollup is not None:
            return [m for m in months if not self._has_rows(metric, m, rollup)]
        known = self._snapshots(metric, question.read)
        return [m for m in months if not known.hold(metric, m)]

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

    def _computable(self, metric: Metric) -> dict[str, int]:
        """The snapshots of the months whose receipt was given for the definition the models are asked by."""
        found = {m: self.receipt((f"metrics/{metric.name}", m)) for m in self.graph.months}
        return {
            month: receipt.snapshot
            for month, receipt in found.items()
            if receipt is not None and receipt.snapshot is not None and not self._is_outdated(receipt)
        }

    def _is_outdated(self, receipt: Attempt) -> bool:
        return bool(receipt.facts.get("computation") != self.graph.nodes[receipt.asset].computation)

    def _sql(self, question: Question, rollup: str | None, months: list[str]) -> tuple[str, str]:
        metric, grain, dimensions = question.metric, question.grain, question.dimensions
        if not months:
            return "", "published"
        if rollup is not None:
            return from_published(metric, grain, dimensions, rollup, months), "published"
        if not question.compilable:
            raise UsageError(
                f"metrics/{metric.name}",
                f"by {', '.join(dimensions) or 'total'} at grain {grain}",
                f"grain {metric.grain} by {', '.join(metric.dimensions) or 'total'}",
                "this metric cannot be rolled up; ask for what it is published by",
            )
        last = isinstance(metric, CumulativeMetric) and metric.period_agg is None
        asked = staging.Question([metric], grain, dimensions, self._first(metric), question.condition)
        if last:
            asked = staging.Question([metric], metric.grain, dimensions, None, question.condition)
        self._refuse_unread(metric, question.read)
        self._snapshots(metric, question.read).provide(self.con, metric, months, self.today)
        sql = model_sql(self.center, asked)
        return (last_of_period(f"({sql})", grain, dimensions) if last else sql), "model"

    def _snapshots(self, metric: Metric, asked: list[str]) -> Snapshots:
        return Snapshots(self.center, self.graph, self.ledger, self._computable(metric), asked)

    def _refuse_unread(self, metric: Metric, asked: list[str]) -> None:
        """A model that is joined to for this answer must have been published as it is now defined."""
        for model in newly_joined(self.center, metric, asked):
            receipt = self.receipt((f"models/{model}", WHOLE))
            if receipt is None or self._is_outdated(receipt):
                why = "was never published" if receipt is None else "has changed since it was published"
                where, found = f"metrics/{metric.name}", f"by what model {model} says, which {why}"
                raise UsageError(where, found, f"model {model} as it is defined", "metric-pipelines refresh")

    def _first(self, metric: Metric) -> date | None:
        """The day from which rows of models without months count: they have earlier ones. None where all have
        months, or where earlier rows belong to later periods.
        """
        nodes = [self.graph.nodes[f"models/{model}"] for model in shapes.models_of(self.center, metric)]
        bounded = all(node.partitioned for node in nodes) or shapes.counts_elsewhere(self.center, metric)
        return None if bounded else first_day(self.graph.first)

    def _rows(self, question: Question, sql: str, columns: list[str]) -> list[tuple[Any, ...]]:
        keys = ", ".join(str(i + 1) for i in range(1 + len(question.dimensions)))
        first = period_start(question.grain, first_day(self.graph.first))
        bounds = [f"{TIME} between date '{first}' and date '{self.today}'"]
        bounds += [f"{TIME} >= date '{question.start}'"] if question.start else []
        bounds += [f"{TIME} < date '{question.end}'"] if question.end else []
        bounds.append("value is not null")
        listed, within = ", ".join(map(name, columns)), " and ".join(bounds)
        asked = f"select {listed} from (\n{sql}\n) where {within} order by {keys}"
        try:
            return self.con.execute(asked).fetchall()
        except (duckdb.DataError, duckdb.BinderException) as error:
            if question.condition is None:
                raise
            where, told = f"metrics/{question.metric.name}, filter", str(error).partition("\n")[0]
            raise UsageError(where, told, "values that the dimensions can be compared with") from error


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
