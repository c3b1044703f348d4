"""Cuts as they are kept: which months' copies of the asked periods are what is in force, and their rows.

A period that overlaps several months stands under each of them, as of the snapshot it was computed at. A copy
is exact where the models of all these months are, as of their receipts, what they were at that snapshot.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from metric_pipelines.dictionary.definitions import Metric
from metric_pipelines.dictionary.periods import months_in, periods_in
from metric_pipelines.dictionary.questions import Question
from metric_pipelines.dictionary.rollups import Cut, cuts_of
from metric_pipelines.ledger.ledger import Attempt
from metric_pipelines.publication.measures import ROLLUPS
from metric_pipelines.query.snapshots import Snapshots
from metric_pipelines.semantics.manifest import parts_of
from metric_pipelines.warehouse.groups import TIME, MetricColumns, relation
from metric_pipelines.warehouse.tables import MONTH, name

Why = Literal["no_cut", "cut_not_yet_kept", "cut_outdated"]


@dataclass(frozen=True)
class KeptCut:
    """The periods of a cut that are exact, by the month they are read under, and that month's table."""

    metric: Metric
    cut: Cut
    periods: Mapping[str, list[date]]
    receipts: Mapping[str, Attempt]

    @property
    def tables(self) -> list[str]:
        """The lake's tables that are read."""
        return list(dict.fromkeys(self._table(month) for month in self.periods))

    def sql(self, dimensions: Sequence[str]) -> str:
        """A query over the kept rows: `metric_time`, dimensions, `value`, and its parts where it has any."""
        branches = [self._branch(table, dimensions) for table in self.tables]
        return " union all by name ".join(branches)

    def _table(self, month: str) -> str:
        return str(self.receipts[month].facts[ROLLUPS]["cuts"][self.cut.name]["table"])

    def _branch(self, table: str, dimensions: Sequence[str]) -> str:
        months = [month for month in self.periods if self._table(month) == table]
        version = self.receipts[months[0]].column_version or 0
        columns = MetricColumns(self.metric.name, version, parts_of(self.metric) is not None).all
        chosen = [TIME, *map(name, dimensions), *(f"{name(c)} as {part}" for part, c in columns.items())]
        pairs = ", ".join(
            f"(date '{month}-01', date '{start}')" for month in months for start in self.periods[month]
        )
        return f"select {', '.join(chosen)} from {relation(table)} where ({MONTH}, {TIME}) in ({pairs})"


def kept_cut(
    question: Question, months: Sequence[str], known: Snapshots, receipts: Iterable[Attempt]
) -> KeptCut | Why:
    """The cut that answers for all asked periods of some months, or why none does."""
    metric, grain = question.metric, question.grain
    cut = Cut.of(grain, question.dimensions)
    if cut not in cuts_of(metric):
        return "no_cut"
    keeping = {
        receipt.partition: receipt
        for receipt in receipts
        if cut.name in receipt.facts.get(ROLLUPS, {}).get("cuts", {})
    }
    periods: dict[str, list[date]] = {}
    found = dict[tuple[str, ...], str | None]()
    for start in sorted({start for month in months for start in periods_in(grain, month)}):
        if not question.includes(start):
            continue
        overlapped = [m for m in months_in(grain, start) if m in known.graph_months]
        if not set(overlapped) <= set(months):
            continue  # it touches a month that is left out, and so it is
        alike = tuple(overlapped)
        if alike not in found:
            found[alike] = _exact(alike, known, keeping)
        month = found[alike]
        if month is None:
            return "cut_outdated" if keeping else "cut_not_yet_kept"
        periods.setdefault(month, []).append(start)
    return KeptCut(metric, cut, periods, keeping) if periods else "cut_not_yet_kept"


def _exact(months: Sequence[str], known: Snapshots, keeping: Mapping[str, Attempt]) -> str | None:
    """The month whose copy of a period over these months is what is in force, the newest of them."""
    for month in reversed(months):
        own = keeping[month].facts[ROLLUPS] if month in keeping else None
        if own and known.are_as_of(months, own["read"], date.fromisoformat(own["until"])):
            return month
    return None
