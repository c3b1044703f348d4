"""Finding metrics by words, in English and Chinese: by name, code, label, synonyms, description.

What is called exactly so ranks first, then what begins so, what holds it, what is spelled nearly so.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher

from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.definitions import Metric
from metric_pipelines.dictionary.names import called, folded
from metric_pipelines.errors import UsageError

EXACT, PREFIX, CONTAINS, DESCRIBED, NEAR = range(5)
NEARLY = 0.75


def found(metrics: Iterable[Metric], query: str) -> list[Metric]:
    """The metrics that a query finds, best first; all of them for an empty one."""
    wanted = folded(query)
    if not wanted:
        return sorted(metrics, key=lambda m: (m.department, m.tier, m.name))
    ranked = [
        (rank, metric.tier, metric.name, metric) for metric in metrics for rank in _rank(metric, wanted)
    ]
    best = min((rank for rank, *_ in ranked), default=NEAR)
    # What is only spelled alike helps where nothing else was found.
    return [
        metric for rank, _, _, metric in sorted(ranked, key=lambda r: r[:3]) if best == NEAR or rank < NEAR
    ]


def the_metric(center: Center, word: str) -> Metric:
    """The one metric that is meant by a name, code, label or synonym.

    Raises: UsageError where none or several are.
    """
    if word in center.metrics:
        return center.metrics[word]
    meant = [m for m in center.metrics.values() if folded(word) in {folded(name) for name in called(m)}]
    if len(meant) > 1:
        names = [metric.name for metric in meant]
        remedy = f"metric-pipelines compare {names[0]} {names[1]}"
        raise UsageError(
            "", f"{word!r} is said of {len(names)} metrics", f"one of {', '.join(names)}", remedy
        )
    if not meant:
        raise UsageError.unknown_name("", "metric", word, center.metrics)
    return meant[0]


def shared_by(metrics: Iterable[Metric], query: str) -> list[Metric]:
    """The metrics that are called exactly so, where they are several."""
    same = [m for m in metrics if folded(query) in {folded(name) for name in called(m)}]
    return same if len(same) > 1 else []


def _rank(metric: Metric, wanted: str) -> Iterable[int]:
    names = [folded(name) for name in called(metric) if name]
    texts = [folded(text) for text in (metric.description.en, metric.description.zh)]
    if wanted in names:
        yield EXACT
    elif any(name.startswith(wanted) for name in names):
        yield PREFIX
    elif any(wanted in name for name in names):
        yield CONTAINS
    elif any(wanted in text for text in texts):
        yield DESCRIBED
    elif any(SequenceMatcher(None, wanted, name).ratio() >= NEARLY for name in names):
        yield NEAR
