"""The models as they were when a metric's receipts were given: what an answer from the models is made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import duckdb

from metric_pipelines.dictionary import shapes
from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.definitions import Metric
from metric_pipelines.dictionary.graph import Graph, calendar_of
from metric_pipelines.dictionary.months import WHOLE
from metric_pipelines.ledger.ledger import Attempt, Ledger
from metric_pipelines.publication import as_of
from metric_pipelines.publication.plan import CLOCK


class Versions:
    """What the models held as of any snapshot; asked of the ledger once a model."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._known: dict[str, dict[str, list[tuple[int, str]]]] = {}

    def of(self, key: str, partition: str, snapshot: int) -> str | None:
        """The contents of a partition as of a snapshot; None before its first publication."""
        if key not in self._known:
            self._known[key] = {}
            for attempt in self._ledger.attempts_of([key]):
                if attempt.state == "published" and attempt.snapshot is not None:
                    at = (attempt.snapshot, attempt.data_version or "")
                    self._known[key].setdefault(attempt.partition, []).append(at)
        known = [(at, version) for at, version in self._known[key].get(partition, ()) if at <= snapshot]
        newest = max((at for at, _ in known), default=None)
        return next((version for at, version in reversed(known) if at == newest), None)


class Snapshots:
    """One metric's months that were published by its definition of now, each at its receipt's snapshot."""

    def __init__(
        self,
        center: Center,
        graph: Graph,
        versions: Versions,
        metric: Metric,
        receipts: Iterable[Attempt],
        today: date,
    ) -> None:
        self._center, self._graph, self._versions, self._metric = center, graph, versions, metric
        given = list(receipts)
        self.months = {a.partition: a.snapshot for a in given if a.snapshot is not None}
        self.until = {a.partition: _shown_until(a, today) for a in given}

    @property
    def graph_months(self) -> list[str]:
        """The months that have come."""
        return self._graph.months

    def hold(self, month: str) -> bool:
        """Whether a month can be answered: it and those around it were published, from one version of each
        model that has no months; and those around it are what they were when it was published, those before
        it shown to their end.
        """
        around = as_of.around(self._center, self._graph, self._metric, [month])
        before = [m for m in around if m < month]
        whole = all(self.until.get(m) == as_of.last_day(m) for m in before)
        return (
            whole
            and all(m in self.months for m in around)
            and all(self._holds(key, month, around) for key in as_of.models_of(self._center, self._metric))
        )

    def _holds(self, key: str, month: str, around: Iterable[str]) -> bool:
        if not self._graph.nodes[key].partitioned:
            newest = self._newest(key)
            return all(self._versions.of(key, WHOLE, self.months[m]) == newest for m in around)
        return self._is_as_of(key, around, self.months[month])

    def are_as_of(self, months: Sequence[str], read: int, until: date) -> bool:
        """Whether what these months are answered from is what all of it was at the snapshot `read`, shown up
        to the day `until`.
        """
        around = as_of.around(self._center, self._graph, self._metric, months)
        shown = all(self.until.get(m) == min(until, as_of.last_day(m)) for m in months)
        return shown and all(self._is_as_of(key, around, read) for key in self._keys())

    def provide(self, con: duckdb.DuckDBPyConnection, months: Sequence[str]) -> dict[int, list[str]]:
        """Each month of the models, as it was when that month's receipt was given, as views `models.*`; the
        months read, by snapshot.
        """
        at: dict[int, list[str]] = {}
        for month in as_of.around(self._center, self._graph, self._metric, months):
            if month in self.months:
                at.setdefault(self.months[month], []).append(month)
        as_of.provide(con, self._center, self._graph, [self._metric], at, self.until)
        return at

    def _keys(self) -> list[str]:
        """The models, and the calendar where it moves values."""
        calendar = [f"models/{calendar_of(self._center)}"]
        joined = shapes.joins_calendar(self._center, self._metric) or shapes.counts_elsewhere(
            self._center, self._metric
        )
        return [*as_of.models_of(self._center, self._metric), *(calendar if joined else [])]

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
