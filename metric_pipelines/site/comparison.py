"""Metrics that quarrel over a word (客户留存率), side by side: what each means, and their values by month."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from metric_pipelines.dictionary.definitions import Metric
from metric_pipelines.dictionary.formulas import formula
from metric_pipelines.dictionary.quarrels import reasons
from metric_pipelines.figures import gap, number
from metric_pipelines.site.charts import compared_chart
from metric_pipelines.site.views import Views
from metric_pipelines.site.words import LANGS, Bilingual, Phrase, joined, say

MOST = 6
"""The most metrics that are shown side by side."""


@dataclass(frozen=True)
class Field:
    """A field of all cards; `same` where all say the same."""

    label: Phrase
    texts: list[Bilingual]

    @property
    def same(self) -> bool:
        """Whether there is nothing to compare."""
        return len({(t.of("en"), t.of("zh")) for t in self.texts}) == 1


def file_of(names: Sequence[str]) -> str:
    """The page of a comparison."""
    return "--".join(names[:MOST])


def comparison(views: Views, names: Sequence[str], words: Sequence[str]) -> dict[str, Any]:
    """The values of the template `comparison.html`."""
    shown, rest = names[:MOST], names[MOST:]
    metrics = [views.center.metrics[name] for name in shown]
    fields = [_field(views, metrics, label) for label in FIELDS]
    alike = len({metric.unit for metric in metrics}) == 1
    series = [(metric.name, views.points(metric)) for metric in metrics]
    labels = {m.name: {lang: m.label.of(lang) for lang in LANGS} for m in metrics}
    drawn = alike and sum(len(points) > 1 for _, points in series) > 1
    return {
        "words": words,
        "metrics": metrics,
        "rest": rest,
        "differing": [field for field in fields if not field.same],
        "same": [field for field in fields if field.same],
        "relation": list(_relation(views, shown)),
        "intended": reasons(views.center, names),
        "months": list(_months(views, metrics, with_gap=alike and len(metrics) == 2)),
        "gap": alike and len(metrics) == 2,
        "chart": compared_chart(series, metrics[0].unit, labels) if drawn else None,
    }


def _field(views: Views, metrics: Sequence[Metric], label: str) -> Field:
    return Field(say(label), [FIELDS[label](views, metric) for metric in metrics])


def _plain(text: str) -> Phrase:
    return Phrase(text, text)


FIELDS: dict[str, Any] = {
    "description": lambda _, m: m.description,
    "counted": lambda _, m: m.counted,
    "not_counted": lambda _, m: m.not_counted,
    "purpose": lambda _, m: m.purpose,
    "scenario": lambda _, m: m.scenario,
    "caveats": lambda _, m: m.caveats or say("none"),
    "formula": lambda v, m: _plain(formula(v.center, m)),
    "type": lambda _, m: say(f"type.{m.type}"),
    "grain": lambda _, m: say(f"grain.{m.grain}"),
    "dimensions": lambda _, m: _plain(", ".join(m.dimensions)) if m.dimensions else say("none"),
    "unit": lambda _, m: _plain(m.unit),
    "direction": lambda _, m: say(f"direction.{m.direction}"),
    "department": lambda v, m: v.center.settings.departments[m.department].label,
    "owner.business": lambda _, m: _plain(m.owners.business),
    "owner.technical": lambda _, m: _plain(m.owners.technical),
    "tier": lambda _, m: say(f"tier.{m.tier}"),
    "code": lambda _, m: _plain(m.code),
    "state": lambda v, m: say(f"state.{v.shot.healths[m.name].state}"),
}


def _relation(views: Views, names: Sequence[str]) -> Iterator[Phrase]:
    """Which is derived from which, or what all are computed from."""
    above = {name: views.graph.upstream(f"metrics/{name}") for name in names}
    label = {name: views.center.metrics[name].label for name in names}
    derived = [(a, b) for a in names for b in names if f"metrics/{b}" in above[a]]
    for a, b in derived:
        yield say("compare.derived", a=label[a], b=label[b])
    common = set.intersection(*above.values())
    nearest = [k for k in common if not common & set(views.graph.downstream(k))]
    if not derived and nearest:
        yield say("compare.common", names=joined([views.label(k) for k in sorted(nearest)]))


def _months(views: Views, metrics: Sequence[Metric], *, with_gap: bool) -> Iterator[tuple[Any, ...]]:
    """Newest first: the month, a value (or None) each, and the difference of two."""
    values = [views.shot.lines[metric.name].months for metric in metrics]
    for month in sorted({m for found in values for m in found}, reverse=True):
        own = [found.get(month) for found in values]
        texts = [None if v is None else number(v, m.unit) for v, m in zip(own, metrics, strict=True)]
        apart = None
        if with_gap and own[0] is not None and own[1] is not None:
            by = float(own[1]) - float(own[0])
            apart = Phrase(*(gap(lang, by, metrics[0].unit) for lang in LANGS))
        yield month, texts, apart
