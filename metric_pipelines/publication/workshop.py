"""All that a step works with: what is to be computed, where it is kept, what day it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.graph import Graph, build_graph
from metric_pipelines.ledger.ledger import Ledger
from metric_pipelines.publication.clock import today_of
from metric_pipelines.publication.plan import Facts, open_month
from metric_pipelines.publication.upstream import AskUpstream, nothing_known
from metric_pipelines.semantics.kept_queries import keep_in
from metric_pipelines.warehouse.lake import Lake

COMPILED = "compiled"
"""The folder in the home with compiled queries, so that the next night need not compile them."""


@dataclass(frozen=True)
class Workshop:
    """A center at work in a home folder; `graph` has the months up to today's."""

    center: Center
    graph: Graph
    lake: Lake
    ledger: Ledger
    home: Path
    today: date
    fence: Callable[[], None] = lambda: None
    ask_upstream: AskUpstream = nothing_known

    def facts(self) -> Facts:
        """What a plan is made from, as of now."""
        return Facts(self.center, self.graph, self.ledger.history(), self.today, self.ask_upstream())

    def fenced(self, fence: Callable[[], None]) -> Workshop:
        """The same, whose writes ask `fence` before they commit."""
        return replace(self, fence=fence)


_KEPT: list[tuple[Center, str, Graph]] = []


def _graph(center: Center, last: str) -> Graph:
    """The graph of this very center, made once: each step of a run opens a workshop of its own."""
    for known, until, graph in _KEPT:
        if known is center and until == last:
            return graph
    graph = build_graph(center, last)
    _KEPT[:] = [(center, last, graph), *_KEPT[:3]]
    return graph


def open_workshop(
    center: Center,
    home: Path,
    ledger: Ledger,
    *,
    ask_sources: bool,
    today: date | None = None,
    ask_upstream: AskUpstream = nothing_known,
) -> Workshop:
    """The workshop of a center: its graph up to the month of `today`, by default the clock's.

    `ask_sources`: whether a clock that follows the sources looks at them now, or says what it last saw;
    `ask_upstream` answers for the assets that source tables are copies of.
    """
    keep_in(home / COMPILED)
    today = today or today_of(center, home, ledger, ask_sources=ask_sources)
    last = center.settings.partitions.end or f"{today:%Y-%m}"
    graph = _graph(center, last)
    until, lake = graph.until(open_month(today, graph)), Lake(home / "lake")
    return Workshop(center, until, lake, ledger, home, today, ask_upstream=ask_upstream)
