"""What a metric can be asked by, and what a model offers for it: dimensions with their members, in words."""

from __future__ import annotations

from dataclasses import dataclass

from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.definitions import Metric
from metric_pipelines.dictionary.dimensions import Reached, of_metric, of_model
from metric_pipelines.dictionary.yaml_types import Text
from metric_pipelines.site.words import Bilingual, Phrase


@dataclass(frozen=True)
class DimensionRow:
    """A dimension: the name it is asked by, its label where it has one, the model that is joined to for it,
    and its listed members, in their order where they have one.
    """

    name: str
    label: Bilingual | None
    joined: str
    members: list[Text]
    ordinal: bool

    @property
    def listed(self) -> Phrase:
        """The labels of its members; `A < B` where they have an order."""
        between = " < " if self.ordinal else " · "  # labels have commas of their own
        english, chinese = ([member.of(lang) for member in self.members] for lang in ("en", "zh"))
        return Phrase(between.join(english), between.join(chinese))


def of_card(center: Center, metric: Metric) -> tuple[list[DimensionRow], list[DimensionRow]]:
    """The dimensions that a metric is published by, and those it can be asked by besides."""
    known = of_metric(center, metric)
    published = [_row(name, known.get(name)) for name in metric.dimensions]
    others = [_row(name, one) for name, one in known.items() if name not in metric.dimensions]
    return published, others


def of_page(center: Center, model: str) -> list[DimensionRow]:
    """The dimensions of a model, its own before those it joins to."""
    return [_row(name, one) for name, one in of_model(center, model).items()]


def _row(name: str, reached: Reached | None) -> DimensionRow:
    if reached is None:
        return DimensionRow(name, None, "", [], False)
    spec, joined = reached.spec, f"models/{reached.model}" if reached.join is not None else ""
    return DimensionRow(name, spec.label, joined, list(spec.values.values()), spec.ordinal)
