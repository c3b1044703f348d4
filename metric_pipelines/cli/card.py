"""`show`: the card of a metric (指标卡): what it means, who answers for it, what it is made of, how it is."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import date
from typing import Any

from rich.text import Text

from metric_pipelines.cli import card_parts, draft_card, figures, lineage_trees, search
from metric_pipelines.cli.checks import checked
from metric_pipelines.cli.dimension_words import askable
from metric_pipelines.cli.opening import Opened, has_lake, opened, reading, workshop
from metric_pipelines.cli.screen import Screen, near
from metric_pipelines.dictionary.definitions import Metric
from metric_pipelines.dictionary.dimensions import of_metric
from metric_pipelines.dictionary.drafts import DraftMetric
from metric_pipelines.dictionary.formulas import formula
from metric_pipelines.dictionary.months import shift
from metric_pipelines.dictionary.names import folded
from metric_pipelines.dictionary.reviews import review_due
from metric_pipelines.publication.health import Health
from metric_pipelines.query import Reader
from metric_pipelines.scorecards import monthly
from metric_pipelines.semantics.staging import Question, model_sql
from metric_pipelines.settings import Settings

MONTHS = 6


def show(screen: Screen, settings: Settings, word: str, *, columns: bool, as_json: bool) -> None:
    """Prints the card of the metric (or draft) that `word` means; what was never published has no values.

    Raises: UsageError where it means none or several.
    """
    center = settings.load()
    metric = search.the_definition(center, word)
    if isinstance(metric, DraftMetric):
        draft_card.show(screen, center, metric, as_json=as_json)
        return
    shop = workshop(settings)
    found = opened(shop)
    with reading(settings, shop) if has_lake(shop) else nullcontext() as reader:
        values = last_values(reader, found, metric)
    if as_json:
        screen.json(plain(found, metric, values, columns=columns))
        return
    label = metric.label
    screen.title(" · ".join(dict.fromkeys([label.of(screen.lang), label.en, label.zh])), metric.name)
    screen.block(metric.description.of(screen.lang))
    screen.blank()
    screen.pairs([(key, text) for key, text in _meaning(screen, metric) if text])
    screen.blank()
    screen.pairs(_facts(screen, found, metric))
    card_parts.values(screen, metric, values)
    card_parts.checks(screen, found, metric)
    card_parts.lineage(screen, found, metric)
    if columns:
        card_parts.columns(screen, found.center, metric)
    address = f"http://127.0.0.1:{settings.port}/assets/metrics/{metric.name}"
    screen.links(screen.say("in_dagster"), [(address, "")])


def show_sql(screen: Screen, settings: Settings, word: str) -> None:
    """Prints the query that MetricFlow makes of a metric, over its models.

    Raises: UsageError where `word` means no metric or several.
    """
    center = settings.load()
    metric = search.the_metric(center, word)
    query = model_sql(center, Question([metric], metric.grain, list(metric.dimensions)))
    screen.write(query.rstrip() + "\n")


def _meaning(screen: Screen, metric: Metric) -> list[tuple[str, str]]:
    say, lang = screen.say, screen.lang
    return [
        (say("show.purpose"), metric.purpose.of(lang)),
        (say("show.counted"), metric.counted.of(lang)),
        (say("show.not_counted"), metric.not_counted.of(lang)),
        (say("show.caveats"), metric.caveats.of(lang) if metric.caveats else ""),
        (say("show.scenario"), metric.scenario.of(lang)),
        (say("show.synonyms"), ", ".join(metric.synonyms)),
    ]


def _facts(screen: Screen, found: Opened, metric: Metric) -> list[tuple[str, str | Text]]:
    say, center = screen.say, found.center
    target = say("none") if metric.target is None else figures.with_unit(say, metric.target, metric.unit)
    owners = [say("show.owner.business", who=metric.owners.business)]
    owners.append(say("show.owner.technical", who=metric.owners.technical))
    state = found.healths[metric.name]
    return [
        (say("show.code"), metric.code),
        (say("department"), center.settings.departments[metric.department].label.of(screen.lang)),
        (say("show.owners"), ", ".join(owners)),
        (say("tier"), say(f"show.tier.{metric.tier}")),
        (say("unit"), say.unit(metric.unit)),
        (say("show.target"), target),
        (say("show.direction"), say(f"show.direction.{metric.direction}")),
        (say("show.refresh"), say(f"show.refresh.{metric.refresh_frequency}")),
        (say("show.reviewed"), _review(screen, metric, found.shop.today)),
        (say("show.formula"), formula(center, metric)),
        (say("show.grain"), say(f"show.grain.{metric.grain}")),
        (say("show.dimensions"), _dimensions(screen, found, metric)),
        (say("show.file"), near(center.where(f"metrics/{metric.name}"))),
        (say("show.health"), screen.state(state.state).append(f"  {why(screen, state)}", style="note")),
    ]


def why(screen: Screen, state: Health) -> str:
    """Why a metric is as it is; the reasons of what is wrong are the package's own, in English."""
    return screen.say("health.healthy") if state.state == "healthy" else state.reason


def _review(screen: Screen, metric: Metric, today: date) -> Text:
    say, due = screen.say, review_due(metric)
    span = say(f"show.review.{metric.review_every}")
    text = Text(say("show.review", day=metric.reviewed_on, span=span, due=due))
    return text.append(f" {say('show.review.late')}", style="warn") if due < today else text


def _dimensions(screen: Screen, found: Opened, metric: Metric) -> Text:
    """Those it is published by, those its models know besides, and those of models that these join to."""
    known = askable(found.center, metric)
    text = Text(", ".join(_named(screen, one) for one in known if one["published"]) or screen.say("none"))
    for joined, key in ((False, "show.more_dimensions"), (True, "show.joined_dimensions")):
        chosen = [one for one in known if not one["published"] and bool(one["joined_by"]) == joined]
        said = screen.say(key, names=", ".join(_named(screen, one) for one in chosen))
        text.append(f"\n{said}" if chosen else "", style="note")
    return text


def _named(screen: Screen, dimension: dict[str, Any]) -> str:
    """A dimension by its label, and the name it is asked by."""
    name, label = dimension["name"], dimension["label"]
    called = (label[screen.lang] or label["en"] or label["zh"]) if label else ""
    return f"{name} ({called})" if called and folded(called) != folded(name) else name


def more_dimensions(found: Opened, metric: Metric) -> list[str]:
    """Dimensions that `--by` takes beside those the metric is published by."""
    return [d for d in of_metric(found.center, metric) if d not in metric.dimensions]


def last_values(reader: Reader | None, found: Opened, metric: Metric) -> list[dict[str, Any]]:
    """The last months: value, that of the month before (or None), and how the month stands."""
    values = monthly(reader, metric) if reader is not None else {}
    months = found.facts.graph.months[-MONTHS:]
    states = {month: found.stands[f"metrics/{metric.name}", month].state for month in months}
    return [
        {"month": m, "value": values.get(m), "before": values.get(shift(m, -1)), "state": states[m]}
        for m in months
    ]


def plain(found: Opened, metric: Metric, values: list[dict[str, Any]], *, columns: bool) -> dict[str, Any]:
    """The card as plain values, for programs."""
    key, state = f"metrics/{metric.name}", found.healths[metric.name]
    card = metric.model_dump(mode="json", exclude={"checks", "freshness"})
    return {
        **card,
        "reviewed_on": metric.reviewed_on,
        "review_due": review_due(metric),
        "formula": formula(found.center, metric),
        "file": found.center.where(key),
        "more_dimensions": more_dimensions(found, metric),
        "asked_by": askable(found.center, metric),
        "health": {"state": state.state, "reason": state.reason, "months": list(state.months)},
        "values": values,
        "checks": [vars(one) for one in checked(found, key)],
        "lineage": lineage_trees.plain(found.center, found.facts.graph, key),
        **({"columns": card_parts.plain_columns(found.center, metric)} if columns else {}),
    }
