"""`load-demo` and `demo`: the shipped center's source systems, laid out and changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from metric_pipelines.cli.dates import day_of
from metric_pipelines.cli.screen import Screen
from metric_pipelines.demo import changes, layout, script
from metric_pipelines.demo.database import laid_until
from metric_pipelines.demo.journey import Progress
from metric_pipelines.demo.layout import LaidDatabase
from metric_pipelines.demo.tables import CRM, OMS, Promotions
from metric_pipelines.errors import UsageError
from metric_pipelines.settings import Settings

REFRESH = "metric-pipelines refresh"


def load_demo(
    screen: Screen,
    settings: Settings,
    until: str | None,
    servers: Mapping[str, str],
    scale: float | None,
    promotions: Promotions | None,
    *,
    if_missing: bool,
) -> None:
    """Lays out the source systems, and says what is there; `if_missing`: unless all are. Scripts of the
    center lay it out at a `scale`; without them it is the grocer's year, `until` a day, with all `promotions`
    or those of what was bought, and `servers` are addresses of those of its systems that go to a database
    server.

    Raises: UsageError, DefinitionError, EnvironmentBrokenError, SourceUnavailableError, BusyError.
    """
    if script.scripts(settings.center_folder):
        if until is not None or servers or promotions is not None:
            found = "--until, --promotions, --crm, --erp and --oms are the retail demo's"
            raise UsageError("load-demo", found, "--scale")
        _load_scripted(screen, settings, scale, if_missing=if_missing)
        return
    if scale is not None:
        raise UsageError("--scale", "this center's demo has one size", "a center with scripts in demo/")
    _load_journey(screen, settings, until, servers, promotions or "all", if_missing=if_missing)


def _load_scripted(screen: Screen, settings: Settings, scale: float | None, *, if_missing: bool) -> None:
    center, folder, say = settings.center_folder, settings.home_folder / "sources", screen.say
    there = script.laid_out(center, folder) if if_missing else None
    if there is not None:
        screen.line(say("demo.there_scale", scale=f"{there.scale:g}"))
        return
    with _bars(screen) as progress:
        laid = script.load(center, folder, scale, progress)
    screen.title(say("demo.title_scale", scale=f"{laid.scale:g}"), say("demo.in", folder=folder))
    databases = [LaidDatabase(file, rows, laid.written) for file, rows in laid.rows.items()]
    _told(screen, databases)
    screen.next_steps([(REFRESH, say("demo.compute"))])


def _load_journey(
    screen: Screen,
    settings: Settings,
    until: str | None,
    servers: Mapping[str, str],
    promotions: Promotions,
    *,
    if_missing: bool,
) -> None:
    folder = settings.home_folder / "sources"
    say, there = screen.say, _there_until(folder)
    if if_missing and there is not None:
        screen.line(say("demo.there", day=there))
        return
    with _bars(screen) as progress:
        laid = layout.load(folder, day_of("--until", until), progress, servers, promotions)
    screen.title(say("demo.title", day=laid.until), say("demo.in", folder=folder))
    _told(screen, laid.databases)
    exports = [(f"export RETAIL_{name.upper()}=...", say("demo.export", name=name)) for name in servers]
    screen.next_steps([*exports, (REFRESH, say("demo.compute"))])


def _told(screen: Screen, databases: Sequence[LaidDatabase]) -> None:
    say = screen.say
    table = screen.table(say("demo.source"), say("demo.table"), (say("demo.rows"), "right"), "")
    for database in databases:
        word = say("demo.written" if database.written else "demo.kept")
        for i, (name, rows) in enumerate(database.rows.items()):
            table.add_row("" if i else database.name, name, f"{rows:,}", "" if i else word)
    total = sum(sum(database.rows.values()) for database in databases)
    table.add_row(say("demo.total"), "", f"{total:,}", "", style="title")
    screen.block(table)


def _there_until(folder: Path) -> date | None:
    """The day until which all source systems are there; None where one is missing or behind the others."""
    here = (CRM, changes.laid_erp(folder), OMS)
    days = {laid_until(folder / database.file, database.layout) for database in here}
    return days.pop() if len(days) == 1 else None


@contextmanager
def _bars(screen: Screen) -> Iterator[Progress]:
    """A bar for each thing that is laid out."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bars(*columns, console=screen.err, transient=True, disable=not screen.err.is_terminal) as bars:
        tasks: dict[str, TaskID] = {}

        def progress(table: str, done: int, total: int) -> None:
            if table not in tasks:
                tasks[table] = bars.add_task(table, total=total)
            bars.update(tasks[table], completed=done)

        yield progress


def next_day(screen: Screen, settings: Settings) -> None:
    """One more business day; says which, and what to type next."""
    _only_of_the_journey(settings)
    day = changes.next_day(settings.home_folder / "sources")
    screen.line(screen.say("demo.next_day", day=day))
    screen.next_steps([(REFRESH, screen.say("demo.publish"))])


def bad_month(screen: Screen, settings: Settings, month: str) -> None:
    """Spoils a month; says how many lines, and what to type next."""
    _only_of_the_journey(settings)
    lines = changes.bad_month(settings.home_folder / "sources", month)
    screen.line(screen.say("demo.bad_month", n=f"{lines:,}", month=month))
    steps = [(REFRESH, screen.say("demo.withholds")), ("metric-pipelines demo fix", screen.say("demo.mend"))]
    screen.next_steps(steps)


def fix(screen: Screen, settings: Settings) -> None:
    """Mends all bad months; says which, and what to type next."""
    _only_of_the_journey(settings)
    months = changes.fix(settings.home_folder / "sources")
    if not months:
        screen.line(screen.say("demo.nothing"))
        return
    screen.line(screen.say("demo.fixed", months=", ".join(months)))
    screen.next_steps([(REFRESH, screen.say("demo.publish"))])


def _only_of_the_journey(settings: Settings) -> None:
    """Refuses to change what a center's own scripts laid out."""
    if script.scripts(settings.center_folder):
        found, expected = "this center's demo is laid out by its own scripts", "the retail demo"
        raise UsageError("demo", found, expected, "unset METRIC_PIPELINES_CENTER")
