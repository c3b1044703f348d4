"""`compare`: two metrics side by side: what each counts, in words, and their values by month."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from rich.text import Text

from metric_pipelines.cli import figures, search
from metric_pipelines.cli.opening import Opened, has_lake, opened, reading, workshop
from metric_pipelines.cli.screen import Screen
from metric_pipelines.cli.values import KEPT
from metric_pipelines.dictionary.definitions import Metric
from metric_pipelines.dictionary.formulas import formula
from metric_pipelines.dictionary.names import shared_names
from metric_pipelines.dictionary.quarrels import reasons
from metric_pipelines.scorecards import monthly
from metric_pipelines.settings import Settings

ALIKE = 1e-9
"""Values closer than this, relative to them, are the same number."""

Months = dict[str, Any]


def compare(screen: Screen, settings: Settings, first: str, second: str, *, as_json: bool) -> None:
    """Prints both definitions and their values by month; without values where nothing was published yet.

    Raises: UsageError where a word means no metric or several.
    """
    shop = workshop(settings)
    a, b = search.the_metric(shop.center, first), search.the_metric(shop.center, second)
    found = opened(shop)
    with reading(settings, shop) if has_lake(shop) else nullcontext() as reader:
        values = [monthly(reader, metric) if reader is not None else {} for metric in (a, b)]
    if as_json:
        screen.json(plain(found, a, b, *values))
        return
    screen.title(screen.say("compare.title", a=a.label.of(screen.lang), b=b.label.of(screen.lang)))
    shared = shared_names(a, b)
    if shared and a.name != b.name:
        screen.block(Text(screen.say("compare.shared", words=", ".join(shared)), style="warn"))
    for reason in reasons(shop.center, [a.name, b.name]):
        screen.block(Text(screen.say("compare.intended", reason=reason.of(screen.lang))))
    _definitions(screen, found, a, b)
    _relation(screen, found, a, b)
    _values(screen, found, a, b, *values)
    say = screen.say
    screen.next_steps([(f"metric-pipelines show {metric.name}", say("metrics.card")) for metric in (a, b)])


def _definitions(screen: Screen, found: Opened, a: Metric, b: Metric) -> None:
    """Every field of both cards: first what differs, then what is the same."""
    rows = fields(screen, found, a, b)
    table = screen.table("", *(f"{metric.label.of(screen.lang)}\n{metric.name}" for metric in (a, b)))
    for label, left, right in rows:
        if left != right:
            table.add_row(Text(label, style="label"), left, right)
    screen.blank()
    screen.block(table)
    equal = [(label, left) for label, left, right in rows if left == right]
    if equal:
        screen.heading(screen.say("compare.same"))
        screen.pairs(equal)


def _relation(screen: Screen, found: Opened, a: Metric, b: Metric) -> None:
    """Whether one is derived from the other, or what both are computed from."""
    say, graph = screen.say, found.facts.graph
    above = [graph.upstream(f"metrics/{metric.name}") for metric in (a, b)]
    for one, other, behind in ((a, b, above[0]), (b, a, above[1])):
        if f"metrics/{other.name}" in behind:
            text = say("compare.derived", a=one.label.of(screen.lang), b=other.label.of(screen.lang))
            break
    else:
        text = say("compare.common", names=", ".join(sorted(above[0] & above[1])) or say("none"))
    screen.blank()
    screen.pairs([(say("compare.relation"), text)])


def fields(screen: Screen, found: Opened, a: Metric, b: Metric) -> list[tuple[str, str, str]]:
    """What a card says, for both, in the order in which it matters."""
    say = screen.say
    labels = ["compare.description", "show.counted", "show.not_counted", "show.purpose", "show.scenario"]
    labels += ["show.caveats", "show.formula", "show.grain", "show.dimensions", "unit", "show.direction"]
    labels += ["department", "show.owners", "tier", "show.refresh", "show.code", "show.health"]
    return [
        (say(label), x, y)
        for label, x, y in zip(labels, _said(screen, found, a), _said(screen, found, b), strict=True)
    ]


def _said(screen: Screen, found: Opened, metric: Metric) -> list[str]:
    say, lang = screen.say, screen.lang
    return [
        metric.description.of(lang),
        metric.counted.of(lang),
        metric.not_counted.of(lang),
        metric.purpose.of(lang),
        metric.scenario.of(lang),
        metric.caveats.of(lang) if metric.caveats else say("none"),
        formula(found.center, metric),
        say(f"show.grain.{metric.grain}"),
        ", ".join(metric.dimensions) or say("none"),
        say.unit(metric.unit),
        say(f"show.direction.{metric.direction}"),
        found.center.settings.departments[metric.department].label.of(lang),
        f"{metric.owners.business}, {metric.owners.technical}",
        say(f"show.tier.{metric.tier}"),
        say(f"show.refresh.{metric.refresh_frequency}"),
        metric.code,
        say(f"state.{found.healths[metric.name].state}"),
    ]


def _values(screen: Screen, found: Opened, a: Metric, b: Metric, left: Months, right: Months) -> None:
    months = sorted(left.keys() | right.keys())
    if not months:
        return
    say, alike = screen.say, a.unit == b.unit
    screen.heading(say("compare.by_month"))
    gap: list[Any] = [(say("compare.difference"), "right")] if alike else []
    table = screen.table(
        say("month"), (a.label.of(screen.lang), "right"), (b.label.of(screen.lang), "right"), *gap
    )
    for month in months:
        x, y = left.get(month), right.get(month)
        table.add_row(
            month,
            _cell(screen, x, a) + _mark(found, a, month, x),
            _cell(screen, y, b) + _mark(found, b, month, y),
            *([_difference(screen, x, y, a.unit)] if alike else []),
        )
    screen.block(table)
    if any(_mark(found, m, month, 0) for m in (a, b) for month in months):
        screen.note(f"{KEPT} {say('compare.kept')}")
    screen.blank()
    for line in _summary(screen, a, b, left, right):
        screen.block(line)


def _mark(found: Opened, metric: Metric, month: str, value: Any) -> str:
    """Marks a value that was published before its month was withheld or blocked."""
    stand = found.stands.get((f"metrics/{metric.name}", month))
    kept = value is not None and stand is not None and stand.state in ("withheld", "blocked")
    return f" {KEPT}" if kept else ""


def _cell(screen: Screen, value: Any, metric: Metric) -> Text:
    return Text(figures.with_unit(screen.say, value, metric.unit), style="neutral" if value is None else "")


def _difference(screen: Screen, x: Any, y: Any, unit: str) -> Text:
    if x is None or y is None:
        return Text("")
    return Text(figures.gap(screen.say, float(y) - float(x), unit), style="neutral" if same(x, y) else "")


def same(x: Any, y: Any) -> bool:
    """Whether two values are the same number."""
    return abs(float(x) - float(y)) <= ALIKE * max(abs(float(x)), abs(float(y)))


def _summary(screen: Screen, a: Metric, b: Metric, left: Months, right: Months) -> list[str]:
    """Where they agree, and by how much they differ."""
    say = screen.say
    both = sorted(left.keys() & right.keys())
    lone = sorted(left.keys() ^ right.keys())
    lines = [say("compare.lone", months=figures.month_spans(say, lone))] if lone else []
    if a.unit != b.unit:
        return [*lines, say("compare.units", a=say.unit(a.unit), b=say.unit(b.unit))]
    if both:
        gaps = [float(right[m]) - float(left[m]) for m in both]
        agreeing = sum(same(left[m], right[m]) for m in both)
        lines.append(say("compare.agree", n=agreeing, all=len(both)))
        if agreeing < len(both):
            low, high = (figures.gap(say, end, a.unit) for end in (min(gaps), max(gaps)))
            names = {"a": a.label.of(screen.lang), "b": b.label.of(screen.lang)}
            lines.append(say("compare.between", low=low, high=high, **names))
    return lines


def plain(found: Opened, a: Metric, b: Metric, left: Months, right: Months) -> dict[str, Any]:
    """Both as plain values, for programs; `difference` is second minus first, None where units differ."""
    months = sorted(left.keys() | right.keys())
    cards = [_card(found, metric) for metric in (a, b)]
    keys = sorted(cards[0].keys() | cards[1].keys())
    return {
        "metrics": [a.name, b.name],
        "shared_names": shared_names(a, b),
        "definitions": cards,
        "differing": [key for key in keys if cards[0].get(key) != cards[1].get(key)],
        "values": [
            {"month": m, "first": x, "second": y, "difference": minus(x, y) if a.unit == b.unit else None}
            for m, x, y in ((m, left.get(m), right.get(m)) for m in months)
        ],
    }


def _card(found: Opened, metric: Metric) -> dict[str, Any]:
    card = metric.model_dump(mode="json", exclude={"checks", "freshness"})
    return {**card, "formula": formula(found.center, metric)}


def minus(x: Any, y: Any) -> Any:
    """Second minus first, exact where both are; None where one is missing."""
    if x is None or y is None:
        return None
    return float(y) - float(x) if float in (type(x), type(y)) else y - x
