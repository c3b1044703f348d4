"""What a metric's card (指标卡) shows, part by part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from metric_pipelines.dictionary import shapes
from metric_pipelines.dictionary.definitions import Metric
from metric_pipelines.dictionary.formulas import formula
from metric_pipelines.dictionary.reviews import review_due
from metric_pipelines.dictionary.yaml_types import Text
from metric_pipelines.errors import MetricPipelinesError
from metric_pipelines.figures import with_unit
from metric_pipelines.semantics.lineage import columns_behind, metric_inputs
from metric_pipelines.site.changelog import log_of_metric
from metric_pipelines.site.charts import months_chart
from metric_pipelines.site.dimensions import of_card
from metric_pipelines.site.picture import lineage_picture
from metric_pipelines.site.rules import contract_of, expectations_of, judged
from metric_pipelines.site.views import Views
from metric_pipelines.site.words import Bilingual, Phrase, phrase, say

ROLES = ("value", "filter", "time", "dimension", "row")


@dataclass(frozen=True)
class ColumnRow:
    """A column and what it is for."""

    table: str
    key: str
    column: str
    roles: list[str]


def card(views: Views, metric: Metric) -> dict[str, Any]:
    """The values of the template `card.html`."""
    key = f"metrics/{metric.name}"
    points = views.points(metric)
    source, model = _columns(views, metric)
    published, others = of_card(views.center, metric)
    return {
        "metric": metric,
        "key": key,
        "row": views.rows[metric.name],
        "health": views.shot.healths[metric.name],
        "whys": views.whys(key),
        "unread": views.shot.unread.get(metric.name),
        "months": views.months(metric),
        "chart": months_chart(points, metric.unit, metric.target) if len(points) > 1 else None,
        "target": _target(metric),
        "meaning": [(word, text) for word, text in _meaning(metric) if text is not None],
        "review_due": review_due(metric),
        "overdue": review_due(metric) < views.shot.today,
        "formula": formula(views.center, metric),
        "inputs": [f"metrics/{name}" for name in shapes.input_names(metric)],
        "models": [f"models/{name}" for name in shapes.models_of(views.center, metric)],
        "reads_published": shapes.reads_published(views.center, metric),
        "additive": _additive(metric),
        "published_by": published,
        "asked_by": others,
        "reach": _reach(views, metric),
        "sql": views.queries.of(views.center, views.graph, metric),
        "file": str(views.center.files[key].path.relative_to(views.center.folder)),
        "picture": lineage_picture(views.graph, key),
        "dependents": views.graph.dependents[key],
        "source_columns": source,
        "model_columns": model,
        "contract": contract_of(metric),
        "expectations": expectations_of(metric),
        "judged": judged(views.shot, key),
        "log": log_of_metric(views.shot, metric),
        "quarrels": views.quarrels_of(metric.name),
    }


def _meaning(metric: Metric) -> Iterator[tuple[Phrase, Text | Phrase | None]]:
    yield say("description"), metric.description
    yield say("purpose"), metric.purpose
    yield say("counted"), metric.counted
    yield say("not_counted"), metric.not_counted
    yield say("caveats"), metric.caveats
    yield say("scenario"), metric.scenario
    names = ", ".join(metric.synonyms)
    yield say("synonyms"), Phrase(names, names.replace(", ", "、")) if names else None


def _target(metric: Metric) -> Phrase | None:
    target = metric.target
    return phrase(lambda lang: with_unit(lang, target, metric.unit)) if target is not None else None


def _additive(metric: Metric) -> Bilingual:
    """Over what its values may be added up, in words."""
    if shapes.adds_up(metric, {*metric.dimensions, shapes.TIME}):
        return say("additive.all")
    over = [name for name in (shapes.TIME, *metric.dimensions) if shapes.adds_up(metric, {name})]
    return say("additive.some", names=", ".join(over)) if over else say("additive.none")


def _reach(views: Views, metric: Metric) -> Bilingual:
    reach = shapes.whole_reach(views.center, metric)
    if not reach.back and not reach.ahead:
        return say("reach.none")
    return say("reach", back=reach.back, ahead=reach.ahead)


def _columns(views: Views, metric: Metric) -> tuple[list[ColumnRow], list[ColumnRow]]:
    """Source columns behind it, and model columns it reads; none where some SQL cannot be followed."""
    try:
        uses = [columns_behind(views.center, f"metrics/{metric.name}")]
        uses.append(metric_inputs(views.center, metric.name))
    except MetricPipelinesError:
        return [], []
    source, model = (
        [
            ColumnRow(u.column.table, u.column.table.replace(".", "/", 1), u.column.column, _roles(u.roles))
            for u in sorted(found, key=lambda u: (ROLES.index(_roles(u.roles)[0]), str(u.column)))
        ]
        for found in uses
    )
    return source, model


def _roles(roles: frozenset[Any]) -> list[str]:
    return sorted(roles, key=ROLES.index)
