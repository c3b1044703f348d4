"""What is not published, by root cause: a withheld or unreadable asset and all that it blocks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from metric_pipelines.dictionary.graph import Pair
from metric_pipelines.ledger.ledger import Attempt
from metric_pipelines.publication.plan import Facts
from metric_pipelines.publication.standing import NOTHING, Standing, chain


@dataclass
class Root:
    """A root cause: its reason by month, and the months of each asset that it blocks."""

    asset: str
    state: str
    reasons: dict[str, str] = field(default_factory=dict)
    blocked: dict[str, list[str]] = field(default_factory=dict)

    @property
    def months(self) -> list[str]:
        """The months it is about."""
        return sorted(self.reasons)


def root_of(stands: Mapping[Pair, Standing], pair: Pair) -> Pair:
    """The withheld pair at the root of a blocked one; itself where nothing blocks it."""
    return chain(stands, pair)[-1]


def roots_of(
    facts: Facts,
    stands: Mapping[Pair, Standing],
    pairs: Iterable[Pair],
    waiting: Mapping[Pair, Pair] | None = None,
) -> list[Root]:
    """The root causes of pairs that are not published or could not be read; what blocks most comes first.

    `waiting`: pairs that wait for another that is due, and which.
    """
    found: dict[tuple[str, str], Root] = {}
    for pair in pairs:
        due = (waiting or {}).get(pair)
        root = due or root_of(stands, pair)
        state, reason = ("waiting", "") if due else _why(facts, stands, root)
        if state:
            entry = found.setdefault((root[0], state), Root(root[0], state))
            entry.reasons[root[1]] = reason
            if pair != root:
                entry.blocked.setdefault(pair[0], []).append(pair[1])
    return sorted(found.values(), key=lambda one: (one.state == "missing", -len(one.blocked)))


def _why(facts: Facts, stands: Mapping[Pair, Standing], root: Pair) -> tuple[str, str]:
    """State and reason of a root; empty where it is published and was read."""
    stand, latest = stands[root], facts.history.get(root, NOTHING).latest
    away = latest is not None and latest.state == "unavailable"
    if stand.state == "published":
        return ("unavailable", latest.reason or "") if latest is not None and away else ("", "")
    if latest is not None and away and stand.state == "withheld":
        return "unavailable", latest.reason or stand.reason
    return stand.state, stand.reason


@dataclass(frozen=True)
class Trail:
    """Since when a root cause lasts: the first attempt that failed since the last good one, and that one."""

    first: Attempt | None
    published: Attempt | None


def trails(attempts: Iterable[Attempt], roots: Iterable[Root]) -> dict[tuple[str, str], Trail]:
    """The trail of each root cause, by asset and state; `attempts` are those at the roots' assets, oldest
    first. Of several months, the longest that lasts.
    """
    good: dict[Pair, Attempt] = {}
    failed: dict[Pair, Attempt] = {}
    for attempt in attempts:
        if attempt.state == "published":
            good[attempt.pair] = attempt
            failed.pop(attempt.pair, None)
        elif attempt.state in ("withheld", "unavailable"):
            failed.setdefault(attempt.pair, attempt)
    found = {}
    for root in roots:
        pairs = [(root.asset, month) for month in root.reasons]
        first = min((failed[pair] for pair in pairs if pair in failed), key=lambda a: a.id, default=None)
        last = max((good[pair] for pair in pairs if pair in good), key=lambda a: a.id, default=None)
        found[root.asset, root.state] = Trail(first, last)
    return found
