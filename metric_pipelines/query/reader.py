"""A reader: answers questions from one state of a center."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any, Literal

import duckdb

from metric_pipelines.dictionary.definitions import Metric
from metric_pipelines.dictionary.graph import Pair
from metric_pipelines.dictionary.members import in_order
from metric_pipelines.dictionary.months import WHOLE, first_day, month_of, months_between
from metric_pipelines.dictionary.periods import period_start, touches
from metric_pipelines.dictionary.questions import Asked, Question, checked, spec_of
from metric_pipelines.errors import UsageError
from metric_pipelines.ingest import folders_in_place
from metric_pipelines.ledger.ledger import Attempt, PairHistory
from metric_pipelines.publication.standing import NOTHING, Standing, root_reason, standing
from metric_pipelines.publication.unkept import Unkept
from metric_pipelines.publication.workshop import Workshop
from metric_pipelines.query.answers import Answer, Gap
from metric_pipelines.query.combining import combination_of
from metric_pipelines.query.routes import Routes
from metric_pipelines.query.snapshots import newly_joined
from metric_pipelines.query.versions import Versions
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
        self.versions = Versions(self.ledger, self.history)
        self.unkept = Unkept(con, shop.center, shop.graph, history, shop.home)

    def values(
        self,
        metric: str,
        by: Sequence[str] = (),
        grain: str | None = None,
        start: date | None = None,
        end: date | None = None,
        filter: str | None = None,
        *,
        route: Literal["model"] | None = None,
        explain: bool = False,
    ) -> Answer:
        """A metric by dimensions at a grain, from `start` to before `end`, of the rows that `filter` is true
        for; from the models alone where `route` says so.

        Raises: UsageError for unknown names, a finer grain than is kept, or dates inside a period.
        """
        question = checked(self.center, metric, Asked(list(by), grain, start, end, filter))
        try:
            found = self._answer(question, route, explain=explain)
        except duckdb.IOException:
            if not self.unkept.moved():
                raise
            return self._answer(question, route, explain=explain)
        return self._answer(question, route, explain=explain) if self.unkept.moved() else found

    def total(self, metric: str, start: date, end: date) -> Any:
        """One number for a metric over the days from `start` to before `end`, from its published daily rows;
        None without any.

        Raises: UsageError where its days do not add up.
        """
        definition = self.center.metrics[metric]
        combination = combination_of(self.center, definition, "year", [])
        if combination not in ("sum", "ratio"):
            raise UsageError(f"metrics/{metric}", "a total over some days", "a metric whose days add up")
        view, within = f"lake.metrics.{name(metric)}", f"{TIME} >= date '{start}' and {TIME} < date '{end}'"
        value = (
            "sum(value)"
            if combination == "sum"
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

    def _answer(self, question: Question, route: Literal["model"] | None, *, explain: bool) -> Answer:
        metric, receipts = question.metric, self._receipts(question.metric)
        routes = Routes(self.center, self.graph, self.versions, self.unkept, receipts, self.today)
        months = self._months(question)
        chosen = routes.best(question, months) if route is None else routes.over_models(question, months)
        if chosen.kind == "model" and chosen.months:
            self._refuse_unread(question)
        sql = chosen.sql(self.con)
        columns = [TIME, *question.dimensions, "value", *chosen.parts]
        asked = self._asked(question, sql, columns) if sql else ""
        found = self._rows(question, asked)
        rows = [row for row in found if not touches(question.grain, row[0], chosen.lost)]
        rows = in_order(rows, [spec_of(self.center, metric, d) for d in question.dimensions])
        named = [TIME, *question.asked, *columns[1 + len(question.asked) :]]
        gaps = list(self._gaps(metric, months, chosen.lost))
        told = chosen.explanation(asked) if explain else None
        unmatched = question.condition.text if question.condition and asked and not found else None
        return Answer(
            metric.name, question.grain, question.asked, named, rows, chosen.kind, gaps, told, unmatched
        )

    def _months(self, question: Question) -> list[str]:
        """The months that the asked periods touch."""
        first = month_of(question.start) if question.start else self.graph.first
        last = month_of(question.end - timedelta(days=1)) if question.end else self.graph.months[-1]
        return [m for m in months_between(first, last) if m in self.graph.months]

    def _gaps(self, metric: Metric, months: Iterable[str], lost: Mapping[str, str]) -> Iterator[Gap]:
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
                yield Gap(month, "incomplete", kept, lost[month])

    def _receipts(self, metric: Metric) -> dict[str, Attempt]:
        """The receipts in force of a metric, by month."""
        found = {m: self.receipt((f"metrics/{metric.name}", m)) for m in self.graph.months}
        return {month: receipt for month, receipt in found.items() if receipt is not None}

    def _is_outdated(self, receipt: Attempt) -> bool:
        return bool(receipt.facts.get("computation") != self.graph.nodes[receipt.asset].computation)

    def _refuse_unread(self, question: Question) -> None:
        """A model that is joined to for this answer must have been published as it is now defined."""
        for key in newly_joined(self.center, question.metric, question.dimensions_read):
            receipt = self.receipt((key, WHOLE))
            if receipt is None or self._is_outdated(receipt):
                model = self.graph.nodes[key].name
                why = "was never published" if receipt is None else "has changed since it was published"
                where, found = f"metrics/{question.metric.name}", f"by what model {model} says, which {why}"
                raise UsageError(where, found, f"model {model} as it is defined", "metric-pipelines refresh")

    def _asked(self, question: Question, sql: str, columns: list[str]) -> str:
        keys = ", ".join(str(i + 1) for i in range(1 + len(question.dimensions)))
        first = period_start(question.grain, first_day(self.graph.first))
        bounds = [f"{TIME} between date '{first}' and date '{self.today}'"]
        bounds += [f"{TIME} >= date '{question.start}'"] if question.start else []
        bounds += [f"{TIME} < date '{question.end}'"] if question.end else []
        bounds.append("value is not null")
        listed, within = ", ".join(map(name, columns)), " and ".join(bounds)
        return f"select {listed} from (\n{sql}\n) where {within} order by {keys}"

    def _rows(self, question: Question, asked: str) -> list[tuple[Any, ...]]:
        if not asked:
            return []
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
    newest = max((r.snapshot for r in receipts if r.snapshot is not None), default=None)
    con = open_reader(shop.lake, newest, folders_in_place(shop.center.sources.values(), shop.home))
    try:
        yield Reader(shop, con, history)
    finally:
        con.close()
