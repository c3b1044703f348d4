"""What to do, computed from the ledger: a wave of (asset, partition) pairs that are due and whose inputs are
settled.

No wave holds an asset beside its input, so nothing is computed from what the same wave may withhold, and an
unchanged source stops everything after it. A plan is a list of small values; nothing runs here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.graph import Graph, Pair
from metric_pipelines.dictionary.months import WHOLE, day_after, month_of, spans
from metric_pipelines.ledger.ledger import Attempt, PairHistory
from metric_pipelines.publication.standing import NOTHING, Standing, standing
from metric_pipelines.publication.upstream import Known, was_faulty

REREAD_ALL = timedelta(days=7)
READ = "read"
"""Of a receipt of an incremental table: what a step over all its months has read."""
CLOCK = "clock"
"""Beside its inputs' versions a metric's receipt keeps the day up to which its month was shown."""


@dataclass(frozen=True)
class Work:
    """A rectangle of a plan: assets, and contiguous months (or the whole, where first and last are '')."""

    assets: tuple[str, ...]
    first: str
    last: str

    def __str__(self) -> str:
        span = self.first if self.first == self.last else f"{self.first} to {self.last}"
        return f"{', '.join(self.assets)}" + (f" for {span}" if span else "")


@dataclass(frozen=True)
class Scope:
    """What a refresh is about: assets and months (None: all), and since when sources count as read.

    `read_since` None means that no source is read again. `forced` computes what is chosen even where it is
    not due.
    """

    assets: frozenset[str] | None = None
    months: frozenset[str] | None = None
    read_since: datetime | None = None
    forced: bool = False

    def includes(self, pair: Pair) -> bool:
        """Whether a pair is within the scope; what has no partitions belongs to all months."""
        key, partition = pair
        inside = partition == WHOLE or self.months is None or partition in self.months
        return inside and (self.assets is None or key in self.assets)


@dataclass(frozen=True)
class Facts:
    """What a plan is made from: graph, what happened, what day it is, what is known of assets not ours."""

    center: Center
    graph: Graph
    history: Mapping[Pair, PairHistory]
    today: date
    upstream: Known = field(default_factory=dict)

    def fault(self, pair: Pair) -> str:
        """What is wrong with the asset that a source table is the copy of, in words; mostly empty."""
        return self.upstream[pair[0]].fault(pair[1]) if pair[0] in self.upstream else ""

    def maker(self, pair: Pair) -> str:
        """Who is making that asset now; mostly empty."""
        return self.upstream[pair[0]].maker(pair[1]) if pair[0] in self.upstream else ""


def inputs_in_force(facts: Facts, pair: Pair) -> dict[str, str]:
    """The data version in force of every input of a pair, by `key@partition`; what the pair is computed from
    now.

    A metric also depends on how far its month has come: it shows no day after today.
    """
    found = facts.upstream[pair[0]].inputs(pair[1]) if pair[0] in facts.upstream else {}
    for key, partition in facts.graph.inputs(pair):
        published = facts.history.get((key, partition), NOTHING).published
        found[f"{key}@{partition}"] = (published.data_version or "") if published else ""
    if pair[0].startswith("metrics/"):
        found[CLOCK] = str(min(facts.today, day_after(pair[1]) - timedelta(days=1)))
    return found


def wave(facts: Facts, scope: Scope) -> list[Pair]:
    """The pairs that can be computed now: due, and all inputs published and not to be done themselves."""
    return [pair for pair, root in _to_do(facts, scope).items() if pair == root and scope.includes(pair)]


def waiting(facts: Facts, scope: Scope) -> dict[Pair, Pair]:
    """Due pairs of a scope that it cannot compute, each with the pair outside it that is to be done first."""
    return {
        pair: root
        for pair, root in _to_do(facts, scope).items()
        if scope.includes(pair) and not scope.includes(root) and is_due(facts, pair, scope)
    }


def _to_do(facts: Facts, scope: Scope) -> dict[Pair, Pair]:
    """All pairs that are not settled: those to be done now by themselves, what depends on them by one of
    those.
    """
    stands = standing(facts.graph, facts.history)
    found: dict[Pair, Pair] = {}
    for pair in facts.graph.pairs():
        inputs = facts.graph.inputs(pair)
        first = next((found[given] for given in inputs if given in found), None)
        if first is not None:
            found[pair] = first
        elif _inputs_published(stands, inputs) and is_due(
            facts, pair, scope if scope.includes(pair) else Scope()
        ):
            found[pair] = pair
    return found


def _inputs_published(stands: Mapping[Pair, Standing], inputs: Collection[Pair]) -> bool:
    return all(stands[given].state == "published" for given in inputs)


def is_due(facts: Facts, pair: Pair, scope: Scope) -> bool:
    """Whether a pair must be computed: never was, its definition or an input changed, or its source is to be
    read.
    """
    own, node = facts.history.get(pair, NOTHING), facts.graph.nodes[pair[0]]
    if scope.forced and _before(own.latest, scope.read_since):
        return True
    if node.kind == "source":
        return _source_due(facts, pair, own, scope)
    if own.last is None:
        return own.latest is None or _before(own.latest, scope.read_since)
    return own.last.version != node.version or own.last.inputs != inputs_in_force(facts, pair)


def _before(attempt: Attempt | None, since: datetime | None) -> bool:
    if since is None:
        return False
    return attempt is None or _utc(attempt.started_at, since) < since


def _utc(moment: datetime, like: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=like.tzinfo)


def _source_due(facts: Facts, pair: Pair, own: PairHistory, scope: Scope) -> bool:
    """A source is read once a refresh: its open months by default, all of them weekly, or always (`reread:
    all`); an incremental table is asked for what changed in any month. Each is also read whenever the asset
    it is the copy of was made anew, failed, or is good again.
    """
    if facts.maker(pair):
        return False
    if upstream_moved(facts, pair):
        return True
    if pair[0] not in facts.upstream and was_faulty(own.latest):
        return False  # nobody here can say that it is good again
    if not _before(own.latest, scope.read_since):
        return False
    assert scope.read_since is not None
    if own.latest is not None and own.latest.state == "unavailable":
        return True
    system, table = pair[0].split("/")
    reread = facts.center.sources[system].tables[table].reread
    if (
        own.last is None
        or own.last.state == "withheld"
        or own.last.version != facts.graph.nodes[pair[0]].version
    ):
        return True
    if is_incremental(facts.center, pair[0]):
        newest = facts.history.get((pair[0], facts.graph.partitions(pair[0])[-1]), NOTHING).latest
        chosen = scope.months is not None and pair[1] in scope.months
        return chosen or not _was_asked(newest, scope.read_since)
    recent = reread == "all" or pair[1] == WHOLE or pair[1] in facts.graph.months[-reread:]
    chosen = scope.months is not None and pair[1] in scope.months
    return recent or chosen or _before(own.last, scope.read_since - REREAD_ALL)


def upstream_moved(facts: Facts, pair: Pair) -> bool:
    """Whether the asset that a source table is the copy of was made anew, failed, or is good again since the
    table was last tried.
    """
    known, latest = inputs_in_force(facts, pair), facts.history.get(pair, NOTHING).latest
    return bool(known) and known != (latest.inputs if latest is not None else {})


def is_incremental(center: Center, key: str) -> bool:
    """Whether an asset is a source table that is read by what changed."""
    spec = center.source_table(key)
    return spec is not None and spec.incremental is not None


def _was_asked(newest: Attempt | None, since: datetime) -> bool:
    """Whether a table was asked for its changes, by its newest month: every such step attempts that one."""
    if newest is None or _before(newest, since):
        return False
    return newest.state != "published" or READ in newest.facts


def rectangles(pairs: Collection[Pair]) -> list[Work]:
    """The pairs as few rectangles: assets with the same months together, contiguous months together."""
    months: dict[str, list[str]] = {}
    for key, partition in pairs:
        months.setdefault(key, []).append(partition)
    alike: dict[tuple[str, ...], list[str]] = {}
    for key, partitions in months.items():
        alike.setdefault(tuple(sorted(partitions)), []).append(key)
    found = []
    for alike_months, keys in alike.items():
        stretches = [(WHOLE, WHOLE)] if alike_months == (WHOLE,) else spans(list(alike_months))
        found += [Work(tuple(keys), first, last) for first, last in stretches]
    return found


def plan(facts: Facts, scope: Scope) -> list[Work]:
    """The next wave as rectangles; empty where nothing is to be done."""
    return rectangles(wave(facts, scope))


def foreseen(facts: Facts, scope: Scope) -> tuple[list[Work], list[Work]]:
    """For a dry run: what will be computed for certain (it is due by itself), and what follows from it as far
    as it turns out changed.
    """
    certain = set(wave(facts, scope))
    touched: set[Pair] = set()
    for pair in facts.graph.pairs():
        touches = any(given in certain or given in touched for given in facts.graph.inputs(pair))
        if pair in certain or not touches or not scope.includes(pair):
            continue
        due = facts.graph.nodes[pair[0]].kind != "source" and is_due(facts, pair, scope)
        (certain if due else touched).add(pair)
    order = list(facts.graph.pairs())
    return rectangles([p for p in order if p in certain]), rectangles([p for p in order if p in touched])


def open_month(today: date, graph: Graph) -> str:
    """The month of today, within the center's months."""
    return max(graph.first, min(month_of(today), graph.last))
