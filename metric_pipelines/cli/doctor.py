"""`doctor`: what is there, what degrades, and what to set. Changes nothing."""

from __future__ import annotations

import os
from collections import Counter

from rich.text import Text

from metric_pipelines.cli.screen import Screen, near
from metric_pipelines.orchestration.instance_examination import examine_instance
from metric_pipelines.publication.examination import Finding, examine
from metric_pipelines.settings import Settings

STYLES = {"ok": "good", "warn": "warn", "fail": "bad"}
SIGNS = {"ok": "✓", "warn": "!", "fail": "✗"}


def doctor(screen: Screen, settings: Settings, *, as_json: bool) -> int:
    """Prints what was found, each with its remedy; returns 1 where something fails.

    Raises: InvalidCenterError with every problem of the definitions.
    """
    center, home = settings.load(), settings.home_folder
    found = [*examine(center, home, os.environ), *examine_instance(center, settings.project_folder, home)]
    counted = Counter(one.state for one in found)
    if as_json:
        screen.json(
            {"good": not counted["fail"], "states": dict(counted), "findings": [vars(f) for f in found]}
        )
        return 1 if counted["fail"] else 0
    screen.title(screen.say("doctor.title", center=center.settings.label.of(screen.lang)))
    screen.blank()
    for one in found:
        _row(screen, one)
    screen.blank()
    worst = "fail" if counted["fail"] else "warn" if counted["warn"] else "ok"
    said = screen.say("doctor.sum", ok=counted["ok"], warn=counted["warn"], fail=counted["fail"])
    screen.line(said, style=STYLES[worst])
    return 1 if counted["fail"] else 0


def _row(screen: Screen, one: Finding) -> None:
    style = STYLES[one.state]
    screen.line(Text.assemble((f"{SIGNS[one.state]} {one.what}", style), "  ", near(one.found)))
    if one.remedy and one.state != "ok":
        screen.block(Text.assemble((screen.say("error.remedy"), "label"), f"  {near(one.remedy)}"))
