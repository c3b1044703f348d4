"""`scorecard`: each metric's latest value, changes, checks, curve and health, by department."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from metric_pipelines.cli import figures
from metric_pipelines.cli.checks import Counts, counts
from metric_pipelines.cli.opening import Opened, opened, reading, workshop
from metric_pipelines.cli.screen import Screen
from metric_pipelines.cli.texts import Words
from metric_pipelines.scorecards import SPARK_MONTHS, Change, Line
from metric_pipelines.scorecards import scorecard as lines_of
from metric_pipelines.settings import Settings

NARROW = 110
"""Below this width the curves are left out."""


def scorecard(screen: Screen, settings: Settings, *, as_json: bool) -> None:
    """Prints the scorecard of what is published.

    Raises: EnvironmentBrokenError where nothing was published yet.
    """
    shop = workshop(settings)
    with reading(settings, shop) as reader:
        found = opened(shop)
        lines = lines_of(reader, found.healths)
    if as_json:
        screen.json(
            {"center": shop.center.settings.name, "today": shop.today, "metrics": plain(found, lines)}
        )
    else:
        board(screen, found, lines)


def board(screen: Screen, found: Opened, lines: Sequence[Line]) -> None:
    """The scorecard as a table."""
    say, center = screen.say, found.center
    period = _common_period(lines)
    title = say("scorecard.title", center=center.settings.label.of(screen.lang))
    screen.title(title, _period(say, period) or say("scorecard.asof", day=found.shop.today))
    curves = not screen.out.is_terminal or screen.out.width >= NARROW
    months = min(SPARK_MONTHS, len(found.facts.graph.months))
    columns: list[Any] = [say("metric"), (say("scorecard.latest"), "right"), (say("scorecard.mom"), "right")]
    columns += [(say("scorecard.yoy"), "right"), (say("scorecard.checks"), "right")]
    table = screen.table(*columns, *([say("scorecard.trend", n=months)] if curves else []), say("state"))
    for department, members in groupby(lines, key=lambda line: line.metric.department):
        table.add_section()
        table.add_row(Text(center.settings.departments[department].label.of(screen.lang), style="heading"))
        for line in members:
            table.add_row(*_row(screen, found, line, period, curves=curves))
    screen.block(table)
    _legend(screen, lines, period)


def _row(screen: Screen, found: Opened, line: Line, period: str, *, curves: bool) -> list[RenderableType]:
    say, unit = screen.say, line.metric.unit
    value = Text(figures.with_unit(say, line.value, unit), style="" if line.value is not None else "neutral")
    if line.period and line.period != period:
        value.append(f" ({line.period[:7]})", style="note")
    row: list[RenderableType] = [
        Padding(line.metric.label.of(screen.lang), (0, 0, 0, 2)),
        value,
        figures.change(say, line.month_before, unit),
        figures.change(say, line.year_before, unit),
        marks(counts(found, f"metrics/{line.metric.name}")),
    ]
    return [*row, *([Text(figures.sparkline(line.trend))] if curves else []), state_of(screen, line)]


def state_of(screen: Screen, line: Line) -> Text:
    """The health in words, with the months that are withheld."""
    state = screen.state(line.health.state)
    months = figures.month_spans(screen.say, line.withheld)
    return state.append(f" {months}", style="note") if months else state


def marks(checks: Counts) -> Text:
    """`23 ✓ 1 ! 1 ✗`, without what there is none of."""
    parts = [(checks.passed, "✓", "good"), (checks.warned, "!", "warn"), (checks.failed, "✗", "bad")]
    shown = [Text(f"{count} {sign}", style=style) for count, sign, style in parts if count]
    return Text(" ").join(shown) if shown else Text("–", style="neutral")


def _common_period(lines: Sequence[Line]) -> str:
    """The period that most metrics are about."""
    periods = Counter(line.period for line in lines if line.period)
    return periods.most_common(1)[0][0] if periods else ""


def _period(say: Words, period: str) -> str:
    month, _, day = period.partition(" to ")
    return say("scorecard.until", month=month, day=int(day)) if day else month


def _legend(screen: Screen, lines: Sequence[Line], period: str) -> None:
    say = screen.say
    healthy = sum(line.health.state == "healthy" for line in lines)
    screen.blank()
    screen.block(say("scorecard.counts", good=healthy, all=len(lines)))
    if " to " in period:
        screen.note(say("scorecard.open", month=period[:7]))
    screen.note(say("scorecard.legend"))


def plain(found: Opened, lines: Sequence[Line]) -> list[dict[str, Any]]:
    """The scorecard as plain values, for programs."""
    return [_plain(line, counts(found, f"metrics/{line.metric.name}")) for line in lines]


def _plain(line: Line, checks: Counts) -> dict[str, Any]:
    metric = line.metric
    return {
        "metric": metric.name,
        "label": {"en": metric.label.en, "zh": metric.label.zh},
        "department": metric.department,
        "tier": metric.tier,
        "unit": metric.unit,
        "value": line.value,
        "period": line.period,
        "complete": line.complete,
        "month_before": _change(line.month_before),
        "year_before": _change(line.year_before),
        "checks": vars(checks),
        "trend": list(line.trend),
        "state": line.health.state,
        "reason": line.health.reason,
        "withheld": line.withheld,
    }


def _change(change: Change | None) -> dict[str, Any] | None:
    if change is None:
        return None
    return {
        "value": change.before,
        "difference": change.difference,
        "relative": change.relative,
        "judgement": change.judgement,
        "whole_month": change.whole,
    }
