"""One table of an open system, drafted: its columns in their types, its rules, its key, its months."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import duckdb

from metric_pipelines.dictionary.months import WHOLE
from metric_pipelines.dictionary.source_definitions import Source, SourceTable
from metric_pipelines.dictionary.yaml_types import TableRules, Text
from metric_pipelines.errors import SourceDataError
from metric_pipelines.exchange.wording import is_chinese
from metric_pipelines.ingest.drafting.doubts import Doubt
from metric_pipelines.ingest.drafting.folders import Found
from metric_pipelines.ingest.drafting.keys import unique_key
from metric_pipelines.ingest.drafting.names import column_names
from metric_pipelines.ingest.drafting.rules import months_by, with_rules
from metric_pipelines.ingest.drafting.types import typed
from metric_pipelines.ingest.headers import refuse_unusable
from metric_pipelines.ingest.staging import stage
from metric_pipelines.ingest.system import Declared, Since, Span, System
from metric_pipelines.ingest.texts import translated

TYPED = "drafted_rows"


@dataclass
class ReadOnce:
    """An open system whose tables are read once: drafting and judging a draft look at the same rows."""

    system: System
    _read: dict[str, tuple[frozenset[str], str]] = field(default_factory=dict)

    @property
    def digits(self) -> int | None:
        """As the system says."""
        return self.system.digits

    def tables(self) -> list[str]:
        """As the system says."""
        return self.system.tables()

    def columns(self, table: str, spec: SourceTable) -> list[str]:
        """As the system says."""
        return self.system.columns(table, spec)

    def declared(self, table: str, spec: SourceTable) -> Declared:
        """As the system says."""
        return self.system.declared(table, spec)

    def relation(self, table: str, spec: SourceTable, columns: list[str], part: Span | Since | None) -> str:
        """All rows, read the first time; one table is remembered."""
        there, relation = self._read.get(table, (frozenset(), ""))
        if not set(columns) <= there:
            relation = self.system.relation(table, spec, columns, None)
            self._read = {table: (frozenset(columns), relation)}
        return relation

    def newest(self, table: str, spec: SourceTable, column: str, before: date) -> str | None:
        """As the system says."""
        return self.system.newest(table, spec, column, before)

    def forget(self) -> None:
        """The next table of the same file may be another sheet."""
        self._read = {}


@dataclass(frozen=True)
class DraftedTable:
    """A drafted table, how many rows it has, and what is doubtful."""

    spec: SourceTable
    rows: int
    doubts: list[Doubt]


def drafted_table(
    con: duckdb.DuckDBPyConnection,
    system: ReadOnce,
    source: Source,
    found: Found,
    ours: str,
    today: date,
) -> DraftedTable:
    """A table with rules that its rows keep to. `source` is the source without tables.

    Raises: SourceDataError where it cannot be read, SourceUnavailableError.
    """
    try:
        return _drafted(con, system, source, found, ours, today)
    except (duckdb.InvalidInputException, duckdb.IOException, duckdb.ConversionException) as error:
        raise translated(source, ours, error) from error


def _drafted(
    con: duckdb.DuckDBPyConnection, system: ReadOnce, source: Source, found: Found, ours: str, today: date
) -> DraftedTable:
    system.forget()
    empty = SourceTable(
        table=found.theirs if found.theirs != ours else None,
        label=Text(**_both(found.title)),
        description=_description(found),
        columns={},
        read=found.read,
    )
    theirs = [column for column in system.columns(found.theirs, empty) if column]
    doubts = _about_columns(ours, found, theirs)
    if not theirs:
        raise SourceDataError(f"{source.name}.{found.theirs}", "no columns", "a table with columns")
    where = f"{source.name}.{found.theirs}"
    refuse_unusable(where, theirs, "read a view that names them apart, or leave it out by --tables")
    names = column_names(theirs)
    declared = system.declared(found.theirs, empty)
    raw = system.relation(found.theirs, empty, theirs, None)
    guessed = typed(con, raw, names, declared, signs=found.signs, table=ours)
    columns = {
        names[c]: column.model_copy(update={"description": _comment(declared, c, names[c])})
        for c, column in guessed.columns.items()
    }
    spec = empty.model_copy(update={"columns": columns, "read": guessed.signs.of(found.read)})
    spec, mended = _staged(con, system, source, ours, spec)
    total = con.execute(f"select count(*) from {TYPED}").fetchone() or (0,)
    spec, more = _with_rules(con, ours, spec, [names[c] for c in declared.key if c in names], today, found)
    return DraftedTable(spec, int(total[0]), [*doubts, *guessed.doubts, *mended, *more])


def _staged(
    con: duckdb.DuckDBPyConnection, system: System, source: Source, ours: str, spec: SourceTable
) -> tuple[SourceTable, list[Doubt]]:
    """Stages the whole in its types; a column whose values are refused all the same becomes a string."""
    doubts: list[Doubt] = []
    while True:
        drafted = source.model_copy(update={"tables": {ours: spec}})
        try:
            stage(con, system, drafted, ours, source.time_zone, [WHOLE], TYPED)
        except SourceDataError as error:
            column = error.where.rpartition(".")[2]
            if column not in spec.columns or spec.columns[column].type == "string":
                raise
            doubts.append(
                Doubt("mended", ours, column, {"rule": f"{spec.columns[column].type}: {error.found}"})
            )
            text = spec.columns[column].model_copy(update={"type": "string", "format": None})
            spec = spec.model_copy(update={"columns": spec.columns | {column: text}})
        else:
            return spec, doubts


def _with_rules(
    con: duckdb.DuckDBPyConnection,
    ours: str,
    spec: SourceTable,
    declared_key: Sequence[str],
    today: date,
    found: Found,
) -> tuple[SourceTable, list[Doubt]]:
    columns = with_rules(con, TYPED, spec.columns)
    total = con.execute(f"select count(*) from {TYPED}").fetchone() or (0,)
    doubts: list[Doubt] = []
    key = list(declared_key) or unique_key(con, TYPED, columns)
    if not total[0]:
        doubts.append(Doubt("no_rows", ours))
    elif key is None:
        doubts.append(Doubt("no_key", ours))
    elif not declared_key:
        doubts.append(Doubt("key_by_data", ours, details={"names": ", ".join(key)}))
    for part in key or []:
        columns[part] = columns[part].model_copy(update={"isin": None, "max": None})
    doubts += [Doubt("isin", ours, c) for c, column in columns.items() if column.isin is not None]
    usable = {c: one for c, one in columns.items() if found.header or one.format is None}
    times = months_by(con, TYPED, usable, today) if total[0] else []
    if times:
        details: dict[str, str | int] = {"others": ", ".join(times[1:])}
        doubts.append(Doubt("months", ours, times[0], details))
    elif total[0]:
        doubts.append(Doubt("no_months", ours))
    checks = TableRules(unique=[key] if key else [], min_rows=1 if total[0] else 0)
    months = {"columns": columns, "partition_by": times[0] if times else None, "checks": checks}
    return spec.model_copy(update=months), doubts


def _about_columns(ours: str, found: Found, theirs: Sequence[str]) -> list[Doubt]:
    """Columns without a name are not read; others get another name."""
    doubts = []
    nameless = sum(not column for column in found.header)
    if nameless:
        doubts.append(Doubt("unnamed", ours, details={"n": nameless}))
    counted = [name for there, name in column_names(theirs).items() if _is_counted(name, there)]
    if counted:
        doubts.append(Doubt("renamed", ours, details={"names": ", ".join(counted)}))
    return doubts


def _is_counted(ours: str, theirs: str) -> bool:
    return ours.startswith("column_") and ours != theirs


def _comment(declared: Declared, theirs: str, ours: str) -> Text | None:
    """What the database says of a column; else its own name, where ours does not tell it."""
    text = declared.comments.get(theirs) or (theirs if _is_counted(ours, theirs) else "")
    return Text(**_both(text)) if text else None


def _description(found: Found) -> Text:
    at = f"{found.theirs}, sheet {found.read.sheet}" if found.read.sheet else found.theirs
    dort = f"{found.theirs}，工作表 {found.read.sheet}" if found.read.sheet else found.theirs
    return Text(en=f"Read from {at}; say here what one row is.", zh=f"读自 {dort}；请在此说明每行代表什么。")


def _both(text: str) -> dict[str, str]:
    return {"zh": text} if is_chinese(text) else {"en": text}


__all__ = ["DraftedTable", "ReadOnce", "drafted_table"]
