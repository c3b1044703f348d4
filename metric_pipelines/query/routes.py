"""Routes to an answer, the best of which is taken: rows as they are published, a cut that is kept, published
rows that combine exactly, else the models as of the receipts.

A cut is left where it would answer for fewer months than published rows do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import duckdb

from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.definitions import Metric
from metric_pipelines.dictionary.graph import Graph
from metric_pipelines.dictionary.questions import Question
from metric_pipelines.errors import UsageError
from metric_pipelines.ledger.ledger import Attempt
from metric_pipelines.publication import as_of
from metric_pipelines.publication.unkept import Unkept
from metric_pipelines.query.answers import Explanation, Kind
from metric_pipelines.query.combining import Combination, combination_of, from_published
from metric_pipelines.query.kept_cuts import KeptCut, kept_cut
from metric_pipelines.query.snapshots import OTHERS, Snapshots, computable
from metric_pipelines.query.versions import Versions
from metric_pipelines.semantics import staging
from metric_pipelines.semantics.manifest import parts_of
from metric_pipelines.warehouse.groups import PARTS, TIME

NO_VALUES = "it has no published values of this shape"


@dataclass
class Route:
    """One way to an answer: the months it leaves out and why, the columns beside `value`, what it reads."""

    kind: Kind
    how: str
    lost: Mapping[str, str]
    parts: Sequence[str]
    text: str = ""
    known: Snapshots | None = None
    months: Sequence[str] = ()
    cut: str = ""
    tables: list[str] = field(default_factory=list)
    receipts: dict[int, list[str]] = field(default_factory=dict)
    why_not: dict[str, str] = field(default_factory=dict)

    def sql(self, con: duckdb.DuckDBPyConnection) -> str:
        """Its query, empty where no month is left; what it reads of the models is provided."""
        if self.kind == "model" and self.known is not None and self.months:
            self.receipts = self.known.provide(con, self.months)
        return self.text

    def explanation(self, sql: str) -> Explanation:
        """What is told of it."""
        return Explanation(self.how, self.cut, self.why_not, self.tables, self.receipts, sql)


class Routes:
    """The routes to answers about one metric, whose receipts in force are `receipts`, by month."""

    def __init__(
        self,
        center: Center,
        graph: Graph,
        versions: Versions,
        unkept: Unkept,
        receipts: Mapping[str, Attempt],
        today: date,
    ) -> None:
        self._center, self._graph = center, graph
        self._versions, self._unkept = versions, unkept
        self._receipts, self._today = receipts, today

    def best(self, question: Question, months: Sequence[str]) -> Route:
        """The first of the routes that is exact, and why those before it are not.

        Raises: UsageError where there is none.
        """
        if question.condition is not None:
            found = self.over_models(question, months)
            found.why_not = dict.fromkeys(("same", "rollup", "combined"), "filtered")
            return found
        combination = combination_of(self._center, question.metric, question.grain, question.dimensions)
        published = self._from_published(question, months, combination) if combination else None
        if published is not None and (combination == "same" or _is_as_published(question)):
            return published
        why = {"same": "other_shape"}
        cut = self._kept(question, months, published)
        if isinstance(cut, Route):
            cut.why_not = why
            return cut
        why["rollup"] = cut
        if published is not None:
            published.why_not = why
            return published
        why["combined"] = _why_not_combined(question)
        found = self.over_models(question, months)
        found.why_not = why
        return found

    def over_models(self, question: Question, months: Sequence[str]) -> Route:
        """From the models, as of the receipts.

        Raises: UsageError where they do not know what is asked.
        """
        metric = question.metric
        if not question.compilable:
            raise UsageError(
                f"metrics/{metric.name}",
                f"by {', '.join(question.dimensions) or 'total'} at grain {question.grain}",
                f"grain {metric.grain} by {', '.join(metric.dimensions) or 'total'}",
                "this metric cannot be rolled up; ask for what it is published by",
            )
        known = self._known(question)
        lost = known.lost(months)
        left = [m for m in months if m not in lost]
        found = Route("model", "model", lost, _parts(metric), known=known, months=left)
        if left:
            first = as_of.first_counted(self._center, self._graph, metric)
            asked = staging.Question([metric], question.grain, question.dimensions, first, question.condition)
            found.text = staging.period_sql(self._center, asked)
            found.tables = known.models
        return found

    def _from_published(self, question: Question, months: Sequence[str], combination: Combination) -> Route:
        """From published rows, as they are or combined."""
        metric = question.metric
        lost = {m: NO_VALUES for m in months if not self._has_rows(metric, m, combination)}
        left = [m for m in months if m not in lost]
        parts = PARTS if combination == "ratio" else ()
        found = Route("published", combination, lost, parts)
        if left:
            found.text = from_published(metric, question.grain, question.dimensions, combination, left)
            found.tables = [f"metrics.{metric.name}"]
            found.receipts = self._snapshots(left)
        return found

    def _kept(self, question: Question, months: Sequence[str], published: Route | None) -> Route | str:
        """From a cut, or why not."""
        if not question.metric.rollups:
            return "no_cut"
        known = self._known(question)
        lost = {m: OTHERS for m in months if not known.is_consistent(m)}
        left = [m for m in months if m not in lost]
        if published is not None and not set(lost) <= set(published.lost):
            return "cut_outdated"
        cut = kept_cut(question, left, known, self._computable(question.metric))
        if not isinstance(cut, KeptCut):
            return cut
        text, read = cut.sql(question.dimensions), self._snapshots(cut.periods)
        parts = _parts(question.metric)
        found = Route("rollup", "rollup", lost, parts, text, cut=cut.cut.name, receipts=read)
        found.tables = [f"groups.{table}" for table in cut.tables]
        return found

    def _known(self, question: Question) -> Snapshots:
        metric, asked = question.metric, question.dimensions_read
        receipts = self._computable(metric)
        return Snapshots(
            self._center, self._graph, self._versions, self._unkept, metric, asked, receipts, self._today
        )

    def _computable(self, metric: Metric) -> list[Attempt]:
        return computable(self._receipts, self._graph.nodes[f"metrics/{metric.name}"].computation)

    def _snapshots(self, months: Iterable[str]) -> dict[int, list[str]]:
        found: dict[int, list[str]] = {}
        for month in sorted(months):
            found.setdefault(self._receipts[month].snapshot or 0, []).append(month)
        return found

    def _has_rows(self, metric: Metric, month: str, combination: Combination) -> bool:
        """Whether the metric's view shows this month, in the shape the metric now has."""
        receipt = self._receipts.get(month)
        if receipt is None or receipt.facts.get("table") != self._table():
            return False
        schema = set(receipt.facts.get("schema", {}))
        dimensions = schema - {TIME, "value", *PARTS}
        return dimensions == set(metric.dimensions) and (combination != "ratio" or "numerator" in schema)

    def _table(self) -> str | None:
        """The wide table of the newest receipt: the one the metric's view is over."""
        newest = max(self._receipts.values(), key=lambda r: r.id, default=None)
        return newest.facts.get("table") if newest is not None else None


def _parts(metric: Metric) -> Sequence[str]:
    return PARTS if parts_of(metric) else ()


def _is_as_published(question: Question) -> bool:
    """Whether a metric is asked by the very grain and dimensions that it is published by."""
    metric = question.metric
    return question.grain == metric.grain and set(question.dimensions) == set(metric.dimensions)


def _why_not_combined(question: Question) -> str:
    """Published rows lack a dimension, or do not add up to what is asked."""
    lacking = not set(question.dimensions) <= set(question.metric.dimensions)
    return "not_published_by" if lacking else "not_additive"
