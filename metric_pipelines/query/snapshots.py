"""The models as they were when a metric's receipts were given: what an answer from the models is made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import duckdb

from metric_pipelines.dictionary import shapes
from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.definitions import Metric
from metric_pipelines.dictionary.graph import Graph, calendar_of, models_joined, models_read
from metric_pipelines.dictionary.months import WHOLE
from metric_pipelines.ledger.ledger import Attempt
from metric_pipelines.publication import as_of
from metric_pipelines.publication.plan import CLOCK
from metric_pipelines.publication.unkept import VIEW_CHANGED, Unkept
from metric_pipelines.query.versions import Versions

OTHERS = "a month it is computed from has no values, or others by now"


class Snapshots:
    """One metric's months that were published by its definition of now, each at its receipt's snapshot;
    `asked` are the dimensions that are grouped or filtered by.

    A model that is joined to for what the metric is published by is one of those it was computed from, and is
    read as of the receipts. One that is joined to for this answer alone is read as it was last published, for
    all months: the same rows, told apart by what is known of them now.
    What the lake keeps no rows of (`unkept`) answers only where it is still what the receipts know.
    """

    def __init__(
        self,
        center: Center,
        graph: Graph,
        versions: Versions,
        unkept: Unkept,
        metric: Metric,
        asked: Sequence[str],
        receipts: Iterable[Attempt],
        today: date,
    ) -> None:
        self._center, self._graph, self._metric = center, graph, metric
        self._versions, self._unkept = versions, unkept
        given = list(receipts)
        self.months = {a.partition: a.snapshot for a in given if a.snapshot is not None}
        self.until = {a.partition: _shown_until(a, today) for a in given}
        self._asked, self._as_now = asked, newly_joined(center, metric, asked)
        joined = [f"models/{model}" for model in models_joined(center, metric, asked)]
        kept = [key for key in joined if key not in self._as_now]
        self._as_of = list(dict.fromkeys([*as_of.models_of(center, metric), *kept]))

    @property
    def graph_months(self) -> list[str]:
        """The months that have come."""
        return self._graph.months

    @property
    def models(self) -> list[str]:
        """The keys of the models that are read."""
        return [*self._as_of, *self._as_now]

    def lost(self, months: Sequence[str]) -> dict[str, str]:
        """Of some months those that the models cannot answer, and why."""
        read = dict.fromkeys([*self.models, f"models/{calendar_of(self._center)}"])
        unkept = [key for key in read if self._unkept.includes(key)]
        now = next((reason for key in unkept if (reason := self._unkept.why_not(key))), "")
        found = {}
        for month in months:
            if not self.is_consistent(month):
                found[month] = OTHERS
            elif now or not all(self._is_of_now(key, month) for key in unkept):
                found[month] = now or VIEW_CHANGED
        return found

    def is_consistent(self, month: str) -> bool:
        """Whether a month is of one state: it and those around it were published, from one version of each
        model that has no months; and those around it are what they were when it was published, those before
        it shown to their end.
        """
        around = as_of.around(self._center, self._graph, self._metric, [month])
        before = [m for m in around if m < month]
        whole = all(self.until.get(m) == as_of.last_day(m) for m in before)
        return (
            whole
            and all(m in self.months for m in around)
            and all(self._is_model_consistent(key, month, around) for key in self._as_of)
        )

    def _is_model_consistent(self, key: str, month: str, around: Iterable[str]) -> bool:
        if not self._graph.nodes[key].partitioned:
            newest = self._newest(key)
            return all(self._versions.of(key, WHOLE, self.months[m]) == newest for m in around)
        return self._is_as_of(key, around, self.months[month])

    def _is_of_now(self, key: str, month: str) -> bool:
        """Whether a whole model that a month was computed from is what it is now."""
        of_receipt = self._versions.of(key, WHOLE, self.months[month])
        return key in self._as_now or of_receipt == self._versions.now(key)

    def are_as_of(self, months: Sequence[str], read: int, until: date) -> bool:
        """Whether what these months are answered from is what all of it was at the snapshot `read`, shown up
        to the day `until`.
        """
        around = as_of.around(self._center, self._graph, self._metric, months)
        shown = all(self.until.get(m) == min(until, as_of.last_day(m)) for m in months)
        same = all(self._versions.of(key, WHOLE, read) == self._versions.now(key) for key in self._as_now)
        return shown and same and all(self._is_as_of(key, around, read) for key in self._keys())

    def provide(self, con: duckdb.DuckDBPyConnection, months: Sequence[str]) -> dict[int, list[str]]:
        """Each month of the models, as it was when that month's receipt was given, as views `models.*`, with
        what is asked for by a join; the months read, by snapshot.
        """
        at: dict[int, list[str]] = {}
        for month in as_of.around(self._center, self._graph, self._metric, months):
            if month in self.months:
                at.setdefault(self.months[month], []).append(month)
        as_of.provide(
            con, self._center, self._graph, [self._metric], at, self.until, self._asked, self._as_now
        )
        return at

    def _keys(self) -> list[str]:
        """The models, and the calendar where it moves values."""
        calendar = [f"models/{calendar_of(self._center)}"]
        joined = shapes.joins_calendar(self._center, self._metric) or shapes.counts_elsewhere(
            self._center, self._metric
        )
        return [*self._as_of, *(calendar if joined else [])]

    def _is_as_of(self, key: str, months: Iterable[str], read: int) -> bool:
        if not self._graph.nodes[key].partitioned:
            return self._versions.of(key, WHOLE, read) == self._newest(key)
        return all(
            m in self.months and self._versions.of(key, m, read) == self._versions.of(key, m, self.months[m])
            for m in months
        )

    def _newest(self, key: str) -> str | None:
        return self._versions.of(key, WHOLE, max(self.months.values()))


def computable(receipts: Mapping[str, Attempt], computation: str) -> list[Attempt]:
    """The receipts that were given for a definition."""
    return [
        receipt
        for receipt in receipts.values()
        if receipt.snapshot is not None and receipt.facts.get("computation") == computation
    ]


def _shown_until(receipt: Attempt, today: date) -> date:
    """The day up to which a month was shown when its receipt was given."""
    clock = receipt.inputs.get(CLOCK)
    return date.fromisoformat(clock) if clock else min(today, as_of.last_day(receipt.partition))


def newly_joined(center: Center, metric: Metric, asked: Sequence[str]) -> list[str]:
    """The keys of the models that are joined to for what is asked, and that the metric was not computed
    from.
    """
    joined, read = models_joined(center, metric, asked), models_read(center, metric)
    return [f"models/{model}" for model in joined if model not in read]
