"""A new source, drafted from its system and tried: each table is staged by its draft and judged by its
contract; a rule that its rows do not keep is mended or dropped, and said.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.definitions import Owners, Source, SourceTable, Text
from metric_pipelines.dictionary.months import WHOLE, first_day, month_of, months_between
from metric_pipelines.errors import SourceDataError, UsageError, did_you_mean, listed
from metric_pipelines.exchange.wording import is_chinese
from metric_pipelines.ingest.connections import Secrets, read
from metric_pipelines.ingest.drafting import Doubt, Found, Given, ReadOnce, drafted_table, tables_of_files
from metric_pipelines.ingest.drafting.names import table_name
from metric_pipelines.ingest.files import Files
from metric_pipelines.ingest.staging import stage
from metric_pipelines.ingest.system import System
from metric_pipelines.publication.clock import newest_source_day
from metric_pipelines.quality.contract import Contracts
from metric_pipelines.quality.rules import rules_of_table
from metric_pipelines.warehouse.lake import MEMORY_LIMIT, load_scanners, step_database
from metric_pipelines.warehouse.tables import MONTH

STAGED = "tried_rows"
OWNERS = Owners(business="owner@example.com", technical="owner@example.com")
MOST_TRIES = 5


@dataclass(frozen=True)
class SourceDraft:
    """A source that holds on its data, the rows of each table, and what was guessed."""

    source: Source
    rows: dict[str, int]
    doubts: list[Doubt]


@dataclass(frozen=True)
class _Task:
    """What is drafted, and for whom."""

    center: Center
    source: Source
    asked: Sequence[str]
    only: str | None
    today: date
    known_until: date | None


def draft_source(
    center: Center, home: Path, given: Given, asked: Sequence[str], today: date, secrets: Secrets
) -> SourceDraft:
    """The definition of a source for a center, from the system itself; of the tables that are `asked` for
    (by their names or ours), or of all.

    Raises: UsageError (an unknown table), SourceDataError where a table cannot be read or its contract not be
    made to hold, SourceUnavailableError, DefinitionError (a variable that is not set).
    """
    label = given.file or (Path(given.connection).name if given.is_files else given.name)
    source = Source(
        name=given.name,
        label=Text(zh=label) if is_chinese(label) else Text(en=label),
        description=Text(
            en=f"Drafted from what {label} holds; say here what the system is for.",
            zh=f"根据 {label} 的现有内容起草；请在此说明该系统的用途。",
        ),
        owners=OWNERS,
        connection=given.connection,
        time_zone=center.settings.time_zone,
        tables={},
    )
    with _database() as con:
        until = newest_source_day(center, home) if center.settings.clock.today == "newest_source_day" else None
        task = _Task(center, source, asked, given.file, today, until)
        return read(con, source, home, partial(_drafted, con, task), secrets)


@contextmanager
def _database() -> Iterator[duckdb.DuckDBPyConnection]:
    """An in-memory DuckDB that spills beside the system's temporary files."""
    with tempfile.TemporaryDirectory(prefix="metric_pipelines_") as spill, step_database() as con:
        load_scanners(con)
        con.execute("set TimeZone = 'UTC'")
        con.execute("set ieee_floating_point_ops = false")
        con.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
        con.execute(f"set temp_directory = '{spill}'")
        yield con


def _drafted(con: duckdb.DuckDBPyConnection, task: _Task, system: System) -> SourceDraft:
    once = ReadOnce(system)
    found, doubts = _found(system, task.only)
    named: dict[str, Found] = {}
    for number, one in enumerate(found, 1):
        named[table_name(one.title, number, named)] = one
    chosen = _chosen(named, task.asked)
    if task.asked:
        doubts = [doubt for doubt in doubts if doubt.kind not in ("left_out", "hidden")]
    tables: dict[str, SourceTable] = {}
    rows: dict[str, int] = {}
    for ours, one in chosen.items():
        drafted = drafted_table(con, once, task.source, one, ours, task.today)
        tried, mended = _tried(con, once, task, ours, drafted.spec)
        tables[ours], rows[ours] = tried, drafted.rows
        doubts += [*drafted.doubts, *mended]
    if any(c.type == "timestamp" for table in tables.values() for c in table.columns.values()):
        doubts.append(Doubt("time_zone", "", details={"zone": task.source.time_zone}))
    return SourceDraft(task.source.model_copy(update={"tables": tables}), rows, doubts)


def _found(system: System, only: str | None) -> tuple[list[Found], list[Doubt]]:
    if isinstance(system, Files):
        return tables_of_files(system.folder, only)
    return [Found(table, table) for table in system.tables()], []


def _chosen(named: dict[str, Found], asked: Sequence[str]) -> dict[str, Found]:
    if not asked:
        return named
    chosen: dict[str, Found] = {}
    known = list(dict.fromkeys([*named, *(one.theirs for one in named.values())]))
    for text in asked:
        alike = {n: one for n, one in named.items() if text in (n, one.theirs, one.title)}
        if not alike:
            raise UsageError("--tables", f"no table {text!r}", f"one of {listed(known)}", did_you_mean(text, known))
        chosen |= alike
    return chosen


def _tried(
    con: duckdb.DuckDBPyConnection, system: System, task: _Task, ours: str, spec: SourceTable
) -> tuple[SourceTable, list[Doubt]]:
    """The table as its rows keep to it: staged as a refresh would, and judged, until nothing fails.

    Raises: SourceDataError where that cannot be reached.
    """
    doubts: list[Doubt] = []
    where = f"{task.source.name}.{ours}"
    for _ in range(MOST_TRIES):
        months = _months(con, task, spec)
        source = task.source.model_copy(update={"tables": {ours: spec}})
        stage(con, system, source, ours, task.center.settings.time_zone, months, STAGED)
        if months != [WHOLE]:
            doubts += _about_months(con, task, ours, months, spec, doubts)
            if any(doubt.kind == "gaps" for doubt in doubts):
                spec = _without_min_rows(spec)
        verdicts = Contracts(con).verdicts(STAGED, rules_of_table(spec), months)
        failures = [f for v in verdicts.values() if not v.passed for f in v.details["failures"]]
        if not failures:
            return spec, doubts
        for failure in failures:
            spec, mended = _mended(ours, spec, failure)
            doubts += [doubt for doubt in mended if doubt not in doubts]
    reasons = "; ".join(f"{f['column']}: {f['message']}" for f in failures[:3])
    raise SourceDataError(where, f"no contract that holds: {reasons}", "a table that can be described")


def _months(con: duckdb.DuckDBPyConnection, task: _Task, spec: SourceTable) -> list[str]:
    """All months that a refresh could ask for: the center's, and all that the table has rows of."""
    if spec.partition_by is None:
        return [WHOLE]
    query = f'select min("{spec.partition_by}"), max("{spec.partition_by}") from drafted_rows'
    row: Any = con.execute(query).fetchone()
    partitions, clock = task.center.settings.partitions, task.center.settings.clock.today
    if clock == "real":
        today = task.today
    elif isinstance(clock, date):
        today = clock
    else:
        today = task.known_until or first_day(partitions.start)
    day_before, day_after = _shifted(row[0], -1), _shifted(row[1], 1)
    first = min(partitions.start, month_of(day_before))
    last = max(partitions.end or month_of(today), month_of(day_after), partitions.start)
    return months_between(first, last)


def _shifted(value: Any, days: int) -> date:
    """A day away: the center's zone may put a moment into the day beside."""
    from datetime import datetime, timedelta

    day = value.date() if isinstance(value, datetime) else value
    return day + timedelta(days=days)


def _about_months(
    con: duckdb.DuckDBPyConnection,
    task: _Task,
    ours: str,
    months: Sequence[str],
    spec: SourceTable,
    said: Collection[Doubt],
) -> list[Doubt]:
    rows = con.execute(f"select strftime({MONTH}, '%Y-%m'), count(*) from {STAGED} group by 1").fetchall()
    counts = {str(month): int(n) for month, n in rows}
    partitions = task.center.settings.partitions
    newest = max(counts, default=partitions.start)
    asked = [m for m in months if m >= partitions.start and (m <= newest or m <= _last_due(task))]
    empty = [month for month in asked if month not in counts]
    before = sum(n for month, n in counts.items() if month < partitions.start)
    found = []
    if empty and spec.checks.min_rows:
        found.append(Doubt("gaps", ours, details={"n": len(empty), "first": empty[0], "last": empty[-1]}))
    if before:
        details: dict[str, str | int] = {"n": before, "start": partitions.start, "first": min(counts)}
        found.append(Doubt("before_start", ours, details=details))
    return [doubt for doubt in found if doubt not in said]


def _last_due(task: _Task) -> str:
    """The last month that the center asks its sources for, without this one."""
    settings = task.center.settings
    if settings.partitions.end:
        return settings.partitions.end
    if settings.clock.today == "real":
        return month_of(task.today)
    day = settings.clock.today if isinstance(settings.clock.today, date) else task.known_until
    return month_of(day) if day else settings.partitions.start


def _without_min_rows(spec: SourceTable) -> SourceTable:
    return spec.model_copy(update={"checks": spec.checks.model_copy(update={"min_rows": 0})})


RULES = {
    "greater_than_or_equal_to": "min",
    "less_than_or_equal_to": "max",
    "isin": "isin",
    "str_matches": "matches",
}


def _mended(ours: str, spec: SourceTable, failure: dict[str, Any]) -> tuple[SourceTable, list[Doubt]]:
    """The table without the rule that failed."""
    column, rule = failure["column"], failure["rule"]
    if column not in spec.columns:
        checks = spec.checks.model_copy(update={"unique": []})
        names = "; ".join(", ".join(key) for key in spec.checks.unique)
        return spec.model_copy(update={"checks": checks}), [Doubt("mended", ours, "", {"rule": f"unique {names}"})]
    known = next((key for sign, key in RULES.items() if rule.startswith(sign)), None)
    dropped = {known: None} if known else {"nullable": True}
    mended = spec.columns[column].model_copy(update=dropped)
    said = Doubt("mended", ours, column, {"rule": known or "nullable: false"})
    return spec.model_copy(update={"columns": spec.columns | {column: mended}}), [said]
