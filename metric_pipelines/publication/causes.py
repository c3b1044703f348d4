"""What an alert tells of a refresh: each root cause, its owners, since when, and the metrics it concerns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.definitions import Metric
from metric_pipelines.dictionary.yaml_types import Owners, Text
from metric_pipelines.findings import in_words
from metric_pipelines.ledger.ledger import Ledger, Verdict
from metric_pipelines.notifications.alert import Affected, Cause, CauseState
from metric_pipelines.publication.plan import Facts, Scope, waiting
from metric_pipelines.publication.refresh import troubles
from metric_pipelines.publication.roots import Root, Trail, roots_of, trails
from metric_pipelines.publication.standing import NOTHING, standing

METRICS = "metrics/"


def causes_of(facts: Facts, scope: Scope, ledger: Ledger) -> tuple[Cause, ...]:
    """The root causes of what is not published within a scope, those that block most first."""
    stands = standing(facts.graph, facts.history)
    roots = roots_of(
        facts, stands, [trouble.pair for trouble in troubles(facts, scope)], waiting(facts, scope)
    )
    since = trails(ledger.attempts_of({root.asset for root in roots}), roots)
    pairs = [(root.asset, month) for root in roots for month in root.reasons]
    last = (facts.history.get(pair, NOTHING).last for pair in pairs)
    verdicts = ledger.verdicts({attempt.id for attempt in last if attempt is not None})
    return tuple(_cause(facts, root, since[root.asset, root.state], verdicts) for root in roots)


def newest_attempt(facts: Facts, causes: Sequence[Cause]) -> int:
    """The number of the newest attempt among root causes; 0 where nothing was attempted."""
    pairs = [(cause.asset, month) for cause in causes for month, _ in cause.reasons]
    return max((latest.id for p in pairs if (latest := facts.history.get(p, NOTHING).latest)), default=0)


def _reasons(facts: Facts, root: Root, verdicts: Mapping[int, list[Verdict]]) -> Iterator[tuple[str, Text]]:
    """What was found of each month that is withheld; of others what is known."""
    for month, reason in sorted(root.reasons.items()):
        last = facts.history.get((root.asset, month), NOTHING).last
        judged = verdicts.get(last.id, []) if last is not None and root.state == "withheld" else []
        yield month, in_words(judged, reason)


def _cause(facts: Facts, root: Root, trail: Trail, verdicts: Mapping[int, list[Verdict]]) -> Cause:
    center = facts.center
    label, owners = named(center, root.asset)
    blocked = {key: tuple(months) for key, months in root.blocked.items() if key.startswith(METRICS)}
    is_blocking = root.state != "unavailable" or bool(root.blocked) or root.asset.startswith(METRICS)
    if root.state == "unavailable" and not is_blocking:
        blocked = {key: () for key in _reading(facts, root.asset)}
    own = root.asset.startswith(METRICS)
    return Cause(
        asset=root.asset,
        label=label,
        state=cast(CauseState, root.state),
        reasons=tuple(_reasons(facts, root, verdicts)),
        owners=owners,
        since=trail.first.started_at if trail.first else None,
        since_run=trail.first.run_id if trail.first else "",
        before=(trail.published.closed_at or trail.published.started_at) if trail.published else None,
        own=affected(center, root.asset, tuple(root.months)) if own else None,
        blocked=tuple(affected(center, key, months) for key, months in _by_label(center, blocked)),
        is_blocking=is_blocking,
    )


def _reading(facts: Facts, key: str) -> list[str]:
    return sorted(k for k in facts.graph.downstream(key) if k.startswith(METRICS))


def _by_label(center: Center, blocked: Mapping[str, tuple[str, ...]]) -> list[tuple[str, tuple[str, ...]]]:
    return sorted(blocked.items(), key=lambda one: (_metric(center, one[0]).tier, one[0]))


def affected(center: Center, key: str, months: tuple[str, ...]) -> Affected:
    """A metric as an alert names it."""
    metric = _metric(center, key)
    return Affected(metric.name, metric.label, metric.department, metric.tier, metric.owners, months)


def named(center: Center, key: str) -> tuple[Text, Owners]:
    """What people call an asset, and who answers for it: a source table's owners are its system's."""
    system, _, name = key.partition("/")
    if system == "metrics":
        return center.metrics[name].label, center.metrics[name].owners
    if system == "models":
        return center.models[name].label, center.models[name].owners
    return center.sources[system].tables[name].label, center.sources[system].owners


def _metric(center: Center, key: str) -> Metric:
    return center.metrics[key.removeprefix(METRICS)]
