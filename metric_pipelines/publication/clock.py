"""What day it is for a center: the machine's, a fixed one, or the newest day its sources hold."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
from cronsim import CronSim

from metric_pipelines import ingest
from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.months import first_day
from metric_pipelines.errors import DefinitionError, SourceDataError, SourceUnavailableError
from metric_pipelines.ledger.ledger import Ledger
from metric_pipelines.warehouse.lake import scanning_database

SEEN = "newest_source_day"


def today_of(center: Center, home: Path, ledger: Ledger, *, ask_sources: bool) -> date:
    """The center's today; a clock that follows sources remembers what it saw, for when they are away."""
    rule = center.settings.clock.today
    if rule == "real":
        return datetime.now(ZoneInfo(center.settings.time_zone)).date()
    if isinstance(rule, date):
        return rule
    seen = ledger.noted(SEEN)
    known = date.fromisoformat(seen) if seen else None
    newest = _ask(center, home, known) if ask_sources else known
    if newest is not None and newest != known:
        ledger.note(SEEN, newest.isoformat())
    return newest or first_day(center.settings.partitions.start)


def newest_source_day(center: Center, home: Path) -> date | None:
    """The newest local day of all monthly source tables; None where a variable that one needs is not set."""
    try:
        return _ask(center, home, None)
    except DefinitionError:
        return None


def _not_yet(center: Center) -> date:
    """A day that no source can have come to, wherever it stands: what is later is a slip, or means never."""
    return datetime.now(ZoneInfo(center.settings.time_zone)).date() + timedelta(days=2)


def last_deadline(center: Center, cron: str, today: date) -> date:
    """The day of the last deadline that has passed; where the clock is not the machine's, today's."""
    if center.settings.clock.today != "real":
        return today
    moment = datetime.now(ZoneInfo(center.settings.time_zone))
    return next(CronSim(cron, moment, reverse=True)).date()


def _ask(center: Center, home: Path, known: date | None) -> date | None:
    """The newest local day of all monthly source tables; what is away is taken to hold what was last seen."""
    found: list[date | None] = []
    with scanning_database() as con:
        for source in center.sources.values():
            if any(table.partition_by for table in source.tables.values()):
                found.append(_newest_day(con, center, home, source.name, known))
    return max((day for day in found if day), default=None)


def _newest_day(
    con: duckdb.DuckDBPyConnection, center: Center, home: Path, name: str, known: date | None
) -> date | None:
    source = center.sources[name]
    try:
        with ingest.opened(con, source, home) as system:
            return ingest.newest_day(system, source, center.settings.time_zone, _not_yet(center))
    except (SourceUnavailableError, SourceDataError):
        return known  # the step that reads it says what is wrong; a clock only stands still
