"""Dimensions and their members in the words of one language: labels instead of what the data says.

Stays out: JSON and CSV, which keep members as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from metric_pipelines.cli.texts import Lang
from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.definitions import Dimension, Metric
from metric_pipelines.dictionary.dimensions import BY, Reached, of_metric
from metric_pipelines.dictionary.members import UNKNOWN_LABEL, label_of
from metric_pipelines.dictionary.questions import spec_of

NONE = "—"


def dimension_label(center: Center, metric: Metric, name: str, lang: Lang) -> str:
    """A dimension as the metric's models call it; with a grain, as it was asked for."""
    spec = spec_of(center, metric, name)
    named = name in of_metric(center, metric) or (spec is not None and spec.type != "time")
    return spec.label.of(lang) if named and spec is not None and spec.label is not None else name


def member_words(
    center: Center, metric: Metric, names: Sequence[str], lang: Lang
) -> list[Callable[[Any], str]]:
    """For each dimension, what its members are called."""
    return [_called(spec_of(center, metric, name), name, lang) for name in names]


def askable(center: Center, metric: Metric) -> list[dict[str, Any]]:
    """All dimensions that a metric can be asked by, those it is published by first, for programs: `members`
    are those that are listed, with their labels.
    """
    known = of_metric(center, metric)
    ordered = [*metric.dimensions, *(name for name in known if name not in metric.dimensions)]
    return [
        _plain(name, known[name], published=name in metric.dimensions) for name in ordered if name in known
    ]


def _plain(name: str, reached: Reached, *, published: bool) -> dict[str, Any]:
    spec = reached.spec
    return {
        "name": name,
        "label": spec.label.model_dump() if spec.label is not None else None,
        "model": reached.model,
        "joined_by": reached.join.entity if reached.join is not None else None,
        "published": published,
        "time": spec.type == "time",
        "ordinal": spec.ordinal,
        "members": {member: label.model_dump() for member, label in spec.values.items()},
    }


def _called(spec: Dimension | None, name: str, lang: Lang) -> Callable[[Any], str]:
    """Nothing is a stroke; of what was joined, it is what the other model does not know."""
    joined = BY in name and spec is not None and spec.type != "time"
    missing = UNKNOWN_LABEL.of(lang) if joined else NONE

    def word(member: Any) -> str:
        if member is None:
            return missing
        label = label_of(spec, member)
        return str(member) if label is None else label.of(lang)

    return word
