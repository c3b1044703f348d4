"""The health of a metric in one word and one reason: never published, withheld, failing, stale or healthy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from metric_pipelines.dictionary.definitions import Metric
from metric_pipelines.dictionary.graph import Pair
from metric_pipelines.ledger.ledger import Attempt, Verdict
from metric_pipelines.publication.clock import last_deadline
from metric_pipelines.publication.plan import CLOCK, Facts, Scope, inputs_in_force, is_due
from metric_pipelines.publication.standing import NOTHING, Standing, label, root_reason, standing

HealthState = Literal["never published", "withheld", "failing", "stale", "healthy"]


@dataclass(frozen=True)
class Health:
    """How a metric is; `months` are those the state is about."""

    metric: str
    state: HealthState
    reason: str
    months: tuple[str, ...] = ()


def health(facts: Facts, verdicts: Mapping[int, list[Verdict]]) -> list[Health]:
    """The health of every metric; `verdicts` are those of the receipts in force, by attempt."""
    stands = standing(facts.graph, facts.history)
    due = _due(facts, stands)
    return [_health(facts, stands, due, verdicts, node.key) for node in facts.graph.of_kind("metric")]


def receipts(facts: Facts) -> list[int]:
    """The attempts whose verdicts `health` wants to know."""
    return [own.published.id for own in facts.history.values() if own.published is not None]


def _due(facts: Facts, stands: Mapping[Pair, Standing]) -> set[Pair]:
    """Pairs that would be computed anew by what changed, and all that depends on them."""
    found: set[Pair] = set()
    for pair in facts.graph.pairs():
        inputs = facts.graph.inputs(pair)
        if any(given in found for given in inputs) or (
            stands[pair].state == "published" and _outdated(facts, pair)
        ):
            found.add(pair)
    return found


def _outdated(facts: Facts, pair: Pair) -> bool:
    """Whether definition or inputs changed; that a day has passed is for the freshness rule to judge."""
    last = facts.history[pair].last
    if last is None or last.version != facts.graph.nodes[pair[0]].version:
        return is_due(facts, pair, Scope())
    return is_due(facts, pair, Scope()) and _timeless(last.inputs) != _timeless(inputs_in_force(facts, pair))


def _timeless(inputs: Mapping[str, str]) -> dict[str, str]:
    return {key: version for key, version in inputs.items() if key != CLOCK}


def _health(
    facts: Facts,
    stands: Mapping[Pair, Standing],
    due: set[Pair],
    verdicts: Mapping[int, list[Verdict]],
    key: str,
) -> Health:
    name = key.removeprefix("metrics/")
    pairs = [(key, month) for month in facts.graph.months]
    if not any(facts.history.get(pair, NOTHING).published for pair in pairs):
        return Health(name, "never published", _never(stands, pairs))
    withheld = [pair for pair in pairs if stands[pair].state in ("withheld", "blocked")]
    if withheld:
        return Health(name, "withheld", root_reason(stands, withheld[0]), tuple(p[1] for p in withheld))
    for pair in pairs:
        failed = _warning(facts, verdicts, pair)
        if failed:
            return Health(name, "failing", failed, (pair[1],))
    return _stale(facts, stands, due, pairs, name) or Health(
        name, "healthy", "published, checked, up to date"
    )


def _never(stands: Mapping[Pair, Standing], pairs: list[Pair]) -> str:
    blocked = next((p for p in pairs if stands[p].state in ("withheld", "blocked")), None)
    return root_reason(stands, blocked) if blocked else "no refresh has computed it yet"


def _warning(facts: Facts, verdicts: Mapping[int, list[Verdict]], pair: Pair) -> str:
    receipt = facts.history.get(pair, NOTHING).published
    found = verdicts.get(receipt.id, []) if receipt else []
    failed = [verdict for verdict in found if not verdict.passed]
    return f"{pair[1]}: {failed[0].check} warns" if failed else ""


def _stale(
    facts: Facts, stands: Mapping[Pair, Standing], due: set[Pair], pairs: list[Pair], name: str
) -> Health | None:
    missing = [pair for pair in pairs if stands[pair].state == "missing"]
    if missing:
        return Health(name, "stale", f"{missing[0][1]} was never computed", tuple(p[1] for p in missing))
    outdated = [pair for pair in pairs if pair in due]
    if outdated:
        reason = "its definition or an input changed since"
        return Health(name, "stale", f"{len(outdated)} month(s): {reason}", tuple(p[1] for p in outdated))
    away = _unread(facts, pairs) or _late(facts, pairs, facts.center.metrics[name])
    return Health(name, "stale", away) if away else None


def _late(facts: Facts, pairs: list[Pair], metric: Metric) -> str:
    """Whether its newest day was older at the last deadline than its freshness rule allows."""
    receipts = [own.published for pair in pairs if (own := facts.history.get(pair)) and own.published]
    newest = max((_newest(metric, r) for r in receipts if "newest" in r.facts), default=None)
    if newest is None:
        return ""
    due = last_deadline(facts.center, metric.freshness.deadline, facts.today)
    age, allowed = (due - newest).days, metric.freshness.within_days
    return f"its newest day is {newest}, {age} days before {due}; {allowed} allowed" if age > allowed else ""


def _newest(metric: Metric, receipt: Attempt) -> date:
    """The newest day with a value; what is counted by month is as new as its month had come."""
    day = date.fromisoformat(receipt.facts["newest"])
    return date.fromisoformat(receipt.inputs[CLOCK]) if metric.grain == "month" else day


def _unread(facts: Facts, pairs: list[Pair]) -> str:
    """A source behind the metric that could not be read at the last try."""
    for source in sorted(facts.graph.upstream(pairs[0][0])):
        for partition in facts.graph.partitions(source):
            latest = facts.history.get((source, partition), NOTHING).latest
            if latest is not None and latest.state == "unavailable":
                return f"{label((source, partition))} could not be read: {latest.reason}"
    return ""
