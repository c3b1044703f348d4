"""A refresh: plan, carry out, plan again, until nothing is left or nothing moved; then what is wrong, by
name.

How a rectangle of work is carried out is handed in: orchestration makes a Dagster run of it, a test calls the
step itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from metric_pipelines.dictionary.graph import Pair
from metric_pipelines.publication.plan import Facts, Scope, Work, plan, waiting
from metric_pipelines.publication.standing import NOTHING, label, root_reason, standing
from metric_pipelines.publication.workshop import Workshop

ORDER = ("withheld", "unavailable", "waiting", "missing", "blocked")


@dataclass(frozen=True)
class Trouble:
    """A pair that is not as it should be after a refresh, and why."""

    pair: Pair
    state: str
    reason: str

    def __str__(self) -> str:
        return f"{label(self.pair)} {self.state}: {self.reason}"


def refresh(shop: Workshop, scope: Scope, execute: Callable[[Work], None]) -> list[Trouble]:
    """Carries out waves of work until nothing is left, and returns what is not as it was asked for."""
    while works := plan(shop.facts(), scope):
        before = shop.ledger.mark()
        for work in works:
            execute(work)
        if shop.ledger.mark() == before:
            break
    return troubles(shop.facts(), scope)


def troubles(facts: Facts, scope: Scope) -> list[Trouble]:
    """What is withheld, could not be read, waits for something that was not asked for, was never computed
    though asked for, or is blocked by one of these; roots first.
    """
    stands = standing(facts.graph, facts.history)
    found = [
        Trouble(pair, "waiting", f"{label(root)} is due, and was not selected")
        for pair, root in waiting(facts, scope).items()
    ]
    for pair, stand in stands.items():
        if not scope.includes(pair):
            continue
        latest = facts.history.get(pair, NOTHING).latest
        if stand.state in ("withheld", "blocked"):
            found.append(Trouble(pair, stand.state, root_reason(stands, pair)))
        elif latest is not None and latest.state == "unavailable":
            found.append(Trouble(pair, "unavailable", latest.reason or ""))
        elif stand.state == "missing" and scope.forced and all(t.pair != pair for t in found):
            found.append(Trouble(pair, "missing", "its inputs were never published"))
    return sorted(found, key=lambda t: ORDER.index(t.state))
