"""Finding metrics by words, in English and Chinese: by name, code, label, synonyms, description.

What is called exactly so ranks first, then what begins so, what holds it, what is spelled nearly so. Drafts
are found like metrics, after them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from typing import TypeVar

from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.definitions import Metric
from metric_pipelines.dictionary.drafts import DraftMetric
from metric_pipelines.dictionary.names import Defined, as_said, called, folded
from metric_pipelines.errors import UsageError

D = TypeVar("D", bound=Defined)

EXACT, PREFIX, CONTAINS, DESCRIBED, NEAR = range(5)
NEARLY = 0.75
NO_TIER = 4
"""Behind all that have one."""


def found(metrics: Iterable[D], query: str) -> list[D]:
    """The metrics that a query finds, best first; all of them for an empty one."""
    wanted = folded(query)
    if not wanted:
        return sorted(metrics, key=lambda m: (m.department, _tier(m), m.name))
    ranked = [
        (rank, _tier(metric), metric.name, metric) for metric in metrics for rank in _rank(metric, wanted)
    ]
    best = min((rank for rank, *_ in ranked), default=NEAR)
    # What is only spelled alike helps where nothing else was found.
    return [
        metric for rank, _, _, metric in sorted(ranked, key=lambda r: r[:3]) if best == NEAR or rank < NEAR
    ]


def the_metric(center: Center, word: str) -> Metric:
    """The one metric that is meant by a name, code, label or synonym.

    Raises: UsageError where none or several are, or a draft.
    """
    meant = the_definition(center, word)
    if isinstance(meant, DraftMetric):
        raise meant.not_computed()
    return meant


def the_definition(center: Center, word: str) -> Defined:
    """The one metric that is meant, or the one draft where no metric is called so.

    Raises: UsageError where none or several are.
    """
    if word in center.metrics:
        return center.metrics[word]
    if word in center.drafts:
        return center.drafts[word]
    meant: Sequence[Defined] = _called_so(center.metrics.values(), word)
    if len(meant) > 1:
        names = [metric.name for metric in meant]
        remedy = f"metric-pipelines compare {names[0]} {names[1]}"
        raise _several(word, names, remedy)
    meant = meant or _called_so(center.drafts.values(), word)
    if len(meant) > 1:
        names = [draft.name for draft in meant]
        raise _several(word, names, f"metric-pipelines show {names[0]}")
    if not meant:
        raise UsageError.unknown_name("", "metric", word, [*center.metrics, *center.drafts])
    return meant[0]


def _called_so(metrics: Iterable[D], word: str) -> list[D]:
    return [m for m in metrics if as_said(word) in {as_said(name) for name in called(m) if name}]


def _several(word: str, names: Sequence[str], remedy: str) -> UsageError:
    return UsageError("", f"{word!r} is said of {len(names)} metrics", f"one of {', '.join(names)}", remedy)


def shared_by(metrics: Iterable[Metric], query: str) -> list[Metric]:
    """The metrics that are called exactly so, where they are several."""
    same = _called_so(metrics, query)
    return same if len(same) > 1 else []


def _tier(metric: Defined) -> int:
    return metric.tier or NO_TIER


def _rank(metric: Defined, wanted: str) -> Iterable[int]:
    names = [folded(name) for name in called(metric) if name]
    described = metric.description
    texts = [folded(text) for text in (described.en, described.zh)] if described is not None else []
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
