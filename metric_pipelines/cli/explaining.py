"""How an answer was found: its route, why no other, what it read and as of when, and the SQL."""

from __future__ import annotations

from typing import Any

from metric_pipelines.cli import figures
from metric_pipelines.cli.screen import Screen
from metric_pipelines.cli.texts import Words
from metric_pipelines.query import Explanation


def plain(explanation: Explanation, say: Words) -> dict[str, Any]:
    """The explanation as plain values, for programs; `why_not` in words."""
    return {
        "how": explanation.how,
        "rollup": explanation.cut or None,
        "why_not": {route: say(f"explain.why.{why}") for route, why in explanation.why_not.items()},
        "from": explanation.tables,
        "as_of": [{"snapshot": at, "months": months} for at, months in sorted(explanation.receipts.items())],
        "sql": explanation.sql,
    }


def explain(screen: Screen, explanation: Explanation) -> None:
    """Prints the explanation below an answer."""
    say = screen.say
    screen.heading(say("explain"))
    rows = [(say("explain.route"), say(f"explain.how.{explanation.how}", cut=explanation.cut))]
    for i, (route, why) in enumerate(explanation.why_not.items()):
        told = f"{say(f'explain.not.{route}')}: {say(f'explain.why.{why}')}"
        rows.append((say("explain.not") if i == 0 else "", told))
    if explanation.tables:
        rows.append((say("explain.from"), ", ".join(explanation.tables)))
    for i, (at, months) in enumerate(sorted(explanation.receipts.items())):
        told = say("explain.snapshot", snapshot=at, months=figures.month_spans(say, months))
        rows.append((say("explain.as_of") if i == 0 else "", told))
    screen.pairs(list(rows))
    if explanation.sql:
        screen.heading(say("explain.sql"))
        screen.write(f"{explanation.sql}\n")
