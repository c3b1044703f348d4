"""Rules on saved queries: each of their metrics can be asked what they ask."""

from __future__ import annotations

from collections.abc import Iterator

from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.definitions import GRAINS, Grain
from metric_pipelines.dictionary.filters import TIME
from metric_pipelines.dictionary.questions import Asked, checked
from metric_pipelines.dictionary.saved_queries import DOWN, SavedQuery
from metric_pipelines.errors import Problem, UsageError, did_you_mean, listed


def grain_of(center: Center, query: SavedQuery) -> Grain:
    """The grain that a saved query is answered at: its own, or the coarsest of its metrics'."""
    if query.grain is not None:
        return query.grain
    own: list[Grain] = [center.metrics[name].grain for name in query.metrics]
    return max(own, key=GRAINS.index)


def query_problems(center: Center, query: SavedQuery) -> Iterator[Problem]:
    """What is wrong with a saved query in a center whose metrics are valid."""
    key = f"queries/{query.name}"
    metrics = [*center.metrics, *center.drafts]
    for i, name in enumerate(query.metrics):
        if name not in metrics:
            where, near = center.where(key, "metrics", i), did_you_mean(name, metrics)
            yield Problem(where, f"unknown metric {name!r}", f"one of {listed(metrics)}", near)
        elif name in center.drafts:
            draft = center.drafts[name].not_computed()
            yield Problem(center.where(key, "metrics", i), f"{name}: {draft.found}", draft.expected)
    if all(name in center.metrics for name in query.metrics):
        yield from _unanswerable(center, key, query)
    columns = [TIME, *query.by, *query.metrics]
    for i, written in enumerate(query.order_by):
        name = written.removeprefix(DOWN)
        if name not in columns:
            where, near = center.where(key, "order_by", i), did_you_mean(name, columns)
            yield Problem(where, f"unknown column {name!r}", f"one of {listed(columns)}", near)


def _unanswerable(center: Center, key: str, query: SavedQuery) -> Iterator[Problem]:
    asks = {
        "grain": Asked(grain=grain_of(center, query)),
        "by": Asked(by=query.by),
        "filter": Asked(filter=query.filter),
    }
    for place, asked in asks.items():
        for name in query.metrics:
            try:
                checked(center, name, asked)
            except UsageError as error:
                yield Problem(
                    center.where(key, place), f"{name}: {error.found}", error.expected, error.remedy
                )
