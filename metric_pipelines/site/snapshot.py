"""All that the pages show, read once: definitions, what happened, how everything stands, numbers.

The pages are made from this alone; nothing is read while they are written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import duckdb

from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.graph import Graph, Pair
from metric_pipelines.errors import MetricPipelinesError
from metric_pipelines.ledger import log
from metric_pipelines.ledger.ledger import Verdict
from metric_pipelines.publication.health import Health, health, receipts
from metric_pipelines.publication.plan import Facts
from metric_pipelines.publication.roots import Root, roots_of
from metric_pipelines.publication.standing import NOTHING, Standing, standing
from metric_pipelines.publication.workshop import Workshop
from metric_pipelines.query import Reader, open_for_reading
from metric_pipelines.scorecards import Line, line_of
from metric_pipelines.site.timeline import Moment

Told = Callable[[str, int, int], None]
"""Told how far a step (`reading`, `writing`) has come: its name, done, of how many."""


@dataclass(frozen=True)
class Snapshot:
    """A center at one moment. `lines` has each metric's numbers, `unread` why one could not be read;
    `timeline` has the definitions over time.
    """

    facts: Facts
    stands: dict[Pair, Standing]
    verdicts: dict[int, list[Verdict]]
    healths: dict[str, Health]
    lines: dict[str, Line]
    events: list[log.Event]
    computations: dict[str, list[log.Computation]]
    judged: dict[Pair, int]
    unread: dict[str, str]
    timeline: list[Moment]

    @property
    def center(self) -> Center:
        """The definitions."""
        return self.facts.center

    @property
    def graph(self) -> Graph:
        """The graph, with months up to today."""
        return self.facts.graph

    @property
    def today(self) -> date:
        """The center's day."""
        return self.facts.today

    @cached_property
    def events_of(self) -> dict[str, list[log.Event]]:
        """What happened, by asset."""
        found: dict[str, list[log.Event]] = {}
        for event in self.events:
            found.setdefault(event.asset, []).append(event)
        return found

    @cached_property
    def roots(self) -> list[Root]:
        """What is not as of now, by root cause."""
        return roots_of(self.facts, self.stands, _troubled(self.facts, self.stands))

    def withheld_months(self, key: str) -> dict[str, Standing]:
        """The months of an asset that are withheld or blocked."""
        stands = {p: self.stands[key, p] for p in self.graph.partitions(key)}
        return {p: stand for p, stand in stands.items() if stand.state in ("withheld", "blocked")}


def take_snapshot(shop: Workshop, timeline: list[Moment], tell: Told) -> Snapshot:
    """Reads everything; numbers only where something was published."""
    facts = shop.facts()
    happened = log.events(shop.ledger)
    wanted = {own.last.id for own in facts.history.values() if own.last is not None} | set(receipts(facts))
    wanted |= {event.id for event in happened if event.what == "withheld"}
    verdicts = shop.ledger.verdicts(wanted)
    healths = {one.metric: one for one in health(facts, verdicts)}
    unread: dict[str, str] = {}
    with _reading(shop) as reader:
        lines = dict(_lines(reader, facts, healths, tell, unread))
    return Snapshot(
        facts,
        standing(facts.graph, facts.history),
        verdicts,
        healths,
        lines,
        happened,
        log.computations(shop.ledger),
        log.judged(shop.ledger),
        unread,
        timeline,
    )


@contextmanager
def _reading(shop: Workshop) -> Iterator[Reader | None]:
    if not shop.lake.catalog.exists():
        yield None
        return
    with open_for_reading(shop) as reader:
        yield reader


def _lines(
    reader: Reader | None, facts: Facts, healths: dict[str, Health], tell: Told, unread: dict[str, str]
) -> Iterator[tuple[str, Line]]:
    """Numbers of all metrics; what cannot be read is said on its card, and takes no other along."""
    metrics = sorted(facts.center.metrics.values(), key=lambda m: (m.department, m.tier, m.name))
    for done, metric in enumerate(metrics):
        tell("reading", done, len(metrics))
        line = Line.without_data(metric, healths[metric.name])
        try:
            line = line if reader is None else line_of(reader, metric, healths[metric.name])
        except (MetricPipelinesError, duckdb.Error) as error:
            unread[metric.name] = str(error).splitlines()[0]
        yield metric.name, line
    tell("reading", len(metrics), len(metrics))


def _troubled(facts: Facts, stands: dict[Pair, Standing]) -> Iterator[Pair]:
    for pair, stand in stands.items():
        latest = facts.history.get(pair, NOTHING).latest
        away = latest is not None and latest.state == "unavailable"
        if away or stand.state in ("withheld", "blocked"):
            yield pair
