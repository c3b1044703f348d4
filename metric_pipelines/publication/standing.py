"""How every (asset, partition) stands: the one question that the plan, the steps and health ask.

`blocked` travels down the graph and is derived, never stored: an input that is withheld today may be
published tomorrow.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from metric_pipelines.dictionary.graph import Graph, Pair
from metric_pipelines.dictionary.months import WHOLE
from metric_pipelines.ledger.ledger import PairHistory

State = Literal["published", "withheld", "blocked", "missing"]


@dataclass(frozen=True)
class Standing:
    """State of a pair; `because` is the input that blocks it, `reason` the words of the root cause."""

    state: State
    reason: str = ""
    because: Pair | None = None


NOTHING = PairHistory()


def standing(
    graph: Graph, history: Mapping[Pair, PairHistory], keys: Collection[str] | None = None
) -> dict[Pair, Standing]:
    """The standing of every pair of the graph, inputs first; or of some assets and what they derive from."""
    wanted = None if keys is None else {*keys}.union(*map(graph.upstream, keys))
    found: dict[Pair, Standing] = {}
    for pair in graph.pairs():
        if wanted is None or pair[0] in wanted:
            found[pair] = _standing(graph, pair, history.get(pair, NOTHING), found)
    return found


def _standing(graph: Graph, pair: Pair, own: PairHistory, others: Mapping[Pair, Standing]) -> Standing:
    for given in graph.inputs(pair):
        if others[given].state in ("withheld", "blocked"):
            return Standing("blocked", f"{label(given)} is {others[given].state}", given)
    if own.last is not None and own.last.state == "withheld":
        return Standing("withheld", own.last.reason or "")
    if own.last is not None:
        return Standing("published")
    if own.latest is not None and own.latest.state == "unavailable":
        return Standing("withheld", own.latest.reason or "")
    return Standing("missing", "never computed")


def chain(standings: Mapping[Pair, Standing], pair: Pair) -> list[Pair]:
    """From a blocked pair to the withheld one at its root, both included."""
    path = [pair]
    while (because := standings[path[-1]].because) is not None:
        path.append(because)
    return path


def root_reason(standings: Mapping[Pair, Standing], pair: Pair) -> str:
    """Why a pair is withheld or blocked, in words, down to the root cause."""
    path = chain(standings, pair)
    root = standings[path[-1]].reason
    steps = " <- ".join(label(p) for p in path[1:])
    return f"{steps}: {root}" if steps else root


def label(pair: Pair) -> str:
    """`metrics/net_revenue 2017-06`, or the asset alone where it has no partitions."""
    return pair[0] if pair[1] == WHOLE else f"{pair[0]} {pair[1]}"
