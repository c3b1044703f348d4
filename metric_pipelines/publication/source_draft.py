"""A new source, drafted from its system and tried: each table is staged by its draft and judged by its
contract; a rule that its rows do not keep is mended or dropped, and said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.months import WHOLE, month_of, months_between
from metric_pipelines.dictionary.source_definitions import Source, SourceTable
from metric_pipelines.dictionary.yaml_types import Owners, Text
from metric_pipelines.errors import SourceDataError, UsageError, did_you_mean, listed
from metric_pipelines.exchange.wording import is_chinese
from metric_pipelines.ingest.connections import Secrets, read
from metric_pipelines.ingest.drafting import Doubt, Found, Given, ReadOnce, drafted_table, tables_of_files
from metric_pipelines.ingest.drafting.names import table_name
from metric_pipelines.ingest.drafting.tables import TYPED
from metric_pipelines.ingest.files import Files
from metric_pipelines.ingest.staging import stage
from metric_pipelines.ingest.system import System
from metric_pipelines.publication.clock import newest_source_day
from metric_pipelines.quality.contract import Contracts
from metric_pipelines.quality.rules import rules_of_table
from metric_pipelines.warehouse.lake import scratch_database
from metric_pipelines.warehouse.tables import MONTH, name

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
    first: str
    last: str
    """The months that the center asks its sources for, as it is now."""
    follows: bool
    """Whether its last month would be that of this source, where it is later."""


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
    with scratch_database() as con:
        first, last = _due(center, home, today)
        settings = center.settings
        follows = settings.partitions.end is None and settings.clock.today == "newest_source_day"
        task = _Task(center, source, asked, given.file, today, first, last, follows)
        return read(con, source, home, partial(_drafted, con, task), secrets)


def _due(center: Center, home: Path, today: date) -> tuple[str, str]:
    """The first and the last month that the center computes."""
    first, last = center.settings.partitions.start, center.settings.partitions.end
    clock = center.settings.clock.today
    if clock == "newest_source_day":
        day = newest_source_day(center, home)
    else:
        day = today if clock == "real" else clock
    return first, max(first, last or (month_of(day) if day else first))


def _drafted(con: duckdb.DuckDBPyConnection, task: _Task, system: System) -> SourceDraft:
    once = ReadOnce(system)
    found, doubts = _found(system, task.only)
    if not found:
        where = task.source.name
        raise SourceDataError(
            where, "no tables", "tables that this user may read", "check database and rights"
        )
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
            raise UsageError(
                "--tables", f"no table {text!r}", f"one of {listed(known)}", did_you_mean(text, known)
            )
        chosen |= alike
    return chosen


def _tried(
    con: duckdb.DuckDBPyConnection, system: System, task: _Task, ours: str, spec: SourceTable
) -> tuple[SourceTable, list[Doubt]]:
    """The table as its rows keep to it: staged as a refresh would, and judged, until nothing fails.

    Raises: SourceDataError where that cannot be reached.
    """
    months = _months(con, task, spec)
    source = task.source.model_copy(update={"tables": {ours: spec}})
    stage(con, system, source, ours, task.center.settings.time_zone, months, STAGED)
    doubts = [] if months == [WHOLE] else _about_months(con, task, ours)
    if any(doubt.kind == "gaps" for doubt in doubts):
        checks = spec.checks.model_copy(update={"min_rows": 0})
        spec = spec.model_copy(update={"checks": checks})
    for _ in range(MOST_TRIES):
        verdicts = Contracts(con).verdicts(STAGED, rules_of_table(spec), months)
        failures = [f for v in verdicts.values() if not v.passed for f in v.detail["failures"]]
        if not failures:
            return spec, [doubt for i, doubt in enumerate(doubts) if doubt not in doubts[:i]]
        for failure in failures:
            spec, dropped = without_rule(ours, spec, failure)
            doubts.append(dropped)
    reasons = "; ".join(f"{f['column']}: {f['message']}" for f in failures[:3])
    where, found = f"{task.source.name}.{ours}", f"no contract that holds: {reasons}"
    raise SourceDataError(where, found, "a table that can be described", "leave it out by --tables")


def _months(con: duckdb.DuckDBPyConnection, task: _Task, spec: SourceTable) -> list[str]:
    """All months that a refresh could ask for: the center's, and all that the table has rows of; a day more
    on both sides, since the center's zone may put a moment into the day beside.
    """
    if spec.partition_by is None:
        return [WHOLE]
    column = f"cast({name(spec.partition_by)} as date)"
    row: Any = con.execute(f"select min({column}) - 1, max({column}) + 1 from {TYPED}").fetchone()
    return months_between(min(task.first, month_of(row[0])), max(task.last, month_of(row[1])))


def _about_months(con: duckdb.DuckDBPyConnection, task: _Task, ours: str) -> list[Doubt]:
    """Months that the center computes and that have no rows; rows that are older than the center."""
    rows = con.execute(f"select strftime({MONTH}, '%Y-%m'), count(*) from {STAGED} group by 1").fetchall()
    counts = {str(month): int(n) for month, n in rows}
    due = months_between(task.first, max(task.last, *counts) if task.follows else task.last)
    empty = [month for month in due if month not in counts]
    before = sum(n for month, n in counts.items() if month < task.first)
    found = []
    if empty:
        found.append(Doubt("gaps", ours, "", {"n": len(empty), "first": empty[0], "last": empty[-1]}))
    if before:
        details: dict[str, str | int] = {"n": before, "start": task.first, "first": min(counts)}
        found.append(Doubt("before_start", ours, "", details))
    return found


RULES = {
    "<Check greater_than_or_equal_to": "min",
    "<Check less_than_or_equal_to": "max",
    "<Check isin": "isin",
    "<Check str_matches": "matches",
}
"""How Pandera names the rule that failed, and ours."""


def without_rule(ours: str, spec: SourceTable, failure: dict[str, Any]) -> tuple[SourceTable, Doubt]:
    """The table without the rule that failed, and what to say of it."""
    column, rule = failure["column"], failure["rule"]
    if column not in spec.columns:
        checks = spec.checks.model_copy(update={"unique": []})
        keys = "; ".join(", ".join(key) for key in spec.checks.unique)
        return spec.model_copy(update={"checks": checks}), Doubt(
            "mended", ours, "", {"rule": f"unique {keys}"}
        )
    known = next((key for sign, key in RULES.items() if rule.startswith(sign)), None)
    mended = spec.columns[column].model_copy(update={known: None} if known else {"nullable": True})
    said = Doubt("mended", ours, column, {"rule": known or "nullable: false"})
    return spec.model_copy(update={"columns": spec.columns | {column: mended}}), said
