"""`export`: what the center holds, as a file for others."""

from __future__ import annotations

from pathlib import Path

from metric_pipelines.cli.card import why
from metric_pipelines.cli.opening import opened, workshop
from metric_pipelines.cli.screen import Screen, near
from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.exchange.tables import Health, tables
from metric_pipelines.exchange.workbook import write_workbook
from metric_pipelines.settings import Settings


def export_dictionary(screen: Screen, settings: Settings, file: Path, *, force: bool) -> None:
    """Writes the dictionary as a workbook, with how each metric is where anything was computed.

    Raises: UsageError where the file is there, EnvironmentBrokenError where it cannot be written.
    """
    center = settings.load()
    healths = _healths(screen, settings, center)
    found = tables(center, healths, screen.lang)
    write_workbook(found, file, screen.lang, replace=force)
    screen.title(screen.say("export.written", file=near(str(file)), n=len(found)))
    if not healths:
        screen.note(screen.say("export.no_health"))


def _healths(screen: Screen, settings: Settings, center: Center) -> dict[str, Health]:
    """By metric; nothing where there is no ledger, which is not made for this."""
    if not (settings.home_folder / "ledger.sqlite").exists():
        return {}
    found = opened(workshop(settings)).healths
    return {
        name: Health(screen.say(f"state.{one.state}"), why(screen, one))
        for name, one in found.items()
        if name in center.metrics
    }
