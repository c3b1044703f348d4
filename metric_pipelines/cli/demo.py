"""`load-demo` and `demo`: the shipped center's source systems, laid out and changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from metric_pipelines.cli.dates import day_of
from metric_pipelines.cli.screen import Screen
from metric_pipelines.demo import changes, layout
from metric_pipelines.demo.database import laid_until
from metric_pipelines.demo.layout import Layout
from metric_pipelines.demo.tables import DATABASES
from metric_pipelines.settings import Settings

REFRESH = "metric-pipelines refresh"


def load_demo(
    screen: Screen, settings: Settings, until: str | None, servers: Mapping[str, str], *, if_missing: bool
) -> None:
    """Lays out the source systems, with a bar a table, and says what is there; `if_missing`: unless all are;
    `servers`: addresses of those that go to a database server.

    Raises: UsageError, EnvironmentBrokenError, SourceUnavailableError, BusyError.
    """
    folder = settings.home_folder / "sources"
    say, there = screen.say, _there_until(folder)
    if if_missing and there is not None:
        screen.line(say("demo.there", day=there))
        return
    laid = _load(screen, folder, day_of("--until", until), servers)
    screen.title(say("demo.title", day=laid.until), say("demo.in", folder=folder))
    table = screen.table(say("demo.source"), say("demo.table"), (say("demo.rows"), "right"), "")
    for database in laid.databases:
        word = say("demo.written" if database.written else "demo.kept")
        for i, (name, rows) in enumerate(database.rows.items()):
            table.add_row("" if i else database.name, name, f"{rows:,}", "" if i else word)
    table.add_row(say("demo.total"), "", f"{sum(laid.rows.values()):,}", "", style="title")
    screen.block(table)
    exports = [(f"export RETAIL_{name.upper()}=...", say("demo.export", name=name)) for name in servers]
    screen.next_steps([*exports, (REFRESH, say("demo.compute"))])


def _there_until(folder: Path) -> date | None:
    """The day until which all source systems are there; None where one is missing or behind the others."""
    days = {database.file: laid_until(folder / database.file) for database in DATABASES}
    growing = {days[database.file] for database in DATABASES if database.growing}
    return growing.pop() if len(growing) == 1 and None not in days.values() else None


def _load(screen: Screen, folder: Path, until: date | None, servers: Mapping[str, str]) -> Layout:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=screen.err, transient=True, disable=not screen.err.is_terminal) as bars:
        tasks: dict[str, TaskID] = {}

        def progress(table: str, done: int, total: int) -> None:
            if table not in tasks:
                tasks[table] = bars.add_task(table, total=total)
            bars.update(tasks[table], completed=done)

        return layout.load(folder, until, progress, servers)


def next_day(screen: Screen, settings: Settings) -> None:
    """One more business day; says which, and what to type next."""
    day = changes.next_day(settings.home_folder / "sources")
    screen.line(screen.say("demo.next_day", day=day))
    screen.next_steps([(REFRESH, screen.say("demo.publish"))])


def bad_month(screen: Screen, settings: Settings, month: str) -> None:
    """Spoils a month; says how many lines, and what to type next."""
    lines = changes.bad_month(settings.home_folder / "sources", month)
    screen.line(screen.say("demo.bad_month", n=f"{lines:,}", month=month))
    steps = [(REFRESH, screen.say("demo.withholds")), ("metric-pipelines demo fix", screen.say("demo.mend"))]
    screen.next_steps(steps)


def fix(screen: Screen, settings: Settings) -> None:
    """Mends all bad months; says which, and what to type next."""
    months = changes.fix(settings.home_folder / "sources")
    if not months:
        screen.line(screen.say("demo.nothing"))
        return
    screen.line(screen.say("demo.fixed", months=", ".join(months)))
    screen.next_steps([(REFRESH, screen.say("demo.publish"))])
