"""`health`: how each metric is, and each reason once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.text import Text

from metric_pipelines.cli import figures, search
from metric_pipelines.cli.opening import Opened, opened, workshop
from metric_pipelines.cli.screen import STATE_STYLES, Screen
from metric_pipelines.publication.health import Health
from metric_pipelines.publication.roots import root_of
from metric_pipelines.publication.standing import label
from metric_pipelines.settings import Settings

ORDER = ("never published", "withheld", "failing", "stale", "healthy")
BAD = ("never published", "withheld", "failing")


def health(screen: Screen, settings: Settings, word: str | None, *, as_json: bool) -> int:
    """Prints the health of all metrics or one; returns 1 where one is not as it should be.

    Raises: UsageError for an unknown metric.
    """
    found = opened(workshop(settings))
    names = [search.the_metric(found.center, word).name] if word is not None else list(found.healths)
    listed = sorted((found.healths[n] for n in names), key=lambda h: (ORDER.index(h.state), h.metric))
    bad = any(one.state in BAD for one in listed)
    if as_json:
        counted = dict(Counter(one.state for one in listed))
        rows = [{**vars(one), "months": list(one.months)} for one in listed]
        screen.json({"healthy": not bad, "today": found.shop.today, "states": counted, "metrics": rows})
    else:
        _table(screen, found, listed)
    return 1 if bad else 0


def _table(screen: Screen, found: Opened, listed: Sequence[Health]) -> None:
    say, center = screen.say, found.center
    name = center.settings.label.of(screen.lang)
    screen.title(say("health.title", center=name), say("scorecard.asof", day=found.shop.today))
    table = screen.table(
        say("metric"), say("metrics.name"), say("state"), say("months"), (say("health.why"), "right")
    )
    reasons: dict[str, str] = {}
    for one in listed:
        metric = center.metrics[one.metric]
        mark = ""
        if one.state != "healthy":
            mark = reasons.setdefault(_reason(found, one), f"({len(reasons) + 1})")
        months = figures.month_spans(say, one.months)
        table.add_row(metric.label.of(screen.lang), one.metric, screen.state(one.state), months, mark)
    screen.block(table)
    if reasons:
        screen.blank()
        screen.pairs([(mark, reason) for reason, mark in reasons.items()])
    counted: Counter[str] = Counter(one.state for one in listed)
    screen.blank()
    screen.block(
        Text(", ").join(_count(screen, state, counted[state]) for state in reversed(ORDER) if counted[state])
    )


def _count(screen: Screen, state: str, n: int) -> Text:
    return Text(
        screen.say("health.count", n=n, state=screen.say(f"state.{state}")), style=STATE_STYLES[state]
    )


def _reason(found: Opened, one: Health) -> str:
    """The reason; of what is withheld that of the root, by its name, so that all it blocks share it."""
    for month in one.months:
        root = root_of(found.stands, (f"metrics/{one.metric}", month))
        if found.stands[root].state == "withheld":
            return f"{label(root)}: {found.stands[root].reason}"
    return one.reason
