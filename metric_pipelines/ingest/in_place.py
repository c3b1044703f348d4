"""Parquet files that are read where they stand: the lake keeps a view over them and no rows.

What such a table held is not kept: its version is that of its files (names, sizes, times of change), and what
was computed from other files can be read, but not asked anew.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import duckdb

from metric_pipelines.dictionary.months import WHOLE
from metric_pipelines.dictionary.source_definitions import Source, SourceTable
from metric_pipelines.errors import DefinitionError, SourceDataError, SourceUnavailableError
from metric_pipelines.ingest.connections import opened
from metric_pipelines.ingest.files import Files
from metric_pipelines.ingest.system import System
from metric_pipelines.ingest.texts import quoted, sql_type
from metric_pipelines.warehouse.staged import Staged
from metric_pipelines.warehouse.tables import columns as columns_of
from metric_pipelines.warehouse.tables import name

_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")
_WHOLE_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")


def stage_in_place(
    con: duckdb.DuckDBPyConnection, files: System, source: Source, table: str, target: str
) -> Staged:
    """A table of Parquet files as the temp view `target`: the YAML's columns in their types.

    Raises: SourceDataError where a column is of a type that would have to be converted value by value.
    """
    if not isinstance(files, Files):
        found, expected = "in_place of a database", "a folder of Parquet files"
        raise DefinitionError(f"{source.name}.{table}", found, expected, "leave in_place out")
    spec = source.tables[table]
    paths = [path.resolve() for path in files.paths(spec.table or table)]
    relation = f"read_parquet([{', '.join(quoted(str(path)) for path in paths)}])"
    have = _alike(con, f"{source.name}.{table}", paths)
    chosen = []
    for ours, column in spec.columns.items():
        theirs, kind = column.source_name or ours, sql_type(column).upper()
        if not _holds(have[theirs], kind):
            raise SourceDataError(
                f"{source.name}.{table}.{ours}",
                f"{have[theirs]} in the files",
                f"{kind}, as it is declared: what is read in place is not converted",
                "mend the type, or leave in_place out",
            )
        same = have[theirs] == kind
        chosen.append(f"{name(theirs) if same else f'cast({name(theirs)} as {kind})'} as {name(ours)}")
    query = f"select {', '.join(chosen)} from {relation}"
    con.execute(f"create or replace temp view {target} as {query}")
    _refuse_infinite(con, f"{source.name}.{table}", target, spec)
    version = version_in_place(files, spec.table or table)
    return Staged(f"{source.name}/{table}", target, [WHOLE], view=query, version=version)


def _alike(con: duckdb.DuckDBPyConnection, where: str, paths: list[Path]) -> dict[str, str]:
    """The columns and types of all files. DuckDB reads later files as the first one has it, and rounds."""
    first, *others = paths
    have = columns_of(con, f"select * from read_parquet({quoted(str(first))})")
    for path in others:
        own = columns_of(con, f"select * from read_parquet({quoted(str(path))})")
        for column, kind in have.items():
            if column in own and own[column] != kind:
                raise SourceDataError(
                    f"{where}.{column}",
                    f"{kind} in {first.name}, {own[column]} in {path.name}",
                    "one type in all files: what is read in place is not converted",
                    "mend the files, or leave in_place out",
                )
    return have


def _refuse_infinite(con: duckdb.DuckDBPyConnection, where: str, target: str, spec: SourceTable) -> None:
    """Infinite days and numbers, and NaN, are in no column of ours."""
    asked = [column for column, one in spec.columns.items() if one.type in ("date", "timestamp", "double")]
    counts = ", ".join(f"count(*) filter (not isfinite({name(column)}))" for column in asked)
    row = con.execute(f"select {counts} from {target}").fetchone() if asked else ()
    for column, count in zip(asked, row or (), strict=True):
        if count:
            found = f"{count:,} value(s) that are infinite or no number"
            raise SourceDataError(f"{where}.{column}", found, "finite values", "mend the files")


def version_now(con: duckdb.DuckDBPyConnection, source: Source, table: str, home: Path) -> str | None:
    """The version of a table's files as they are now; None where they are away, or are being written."""
    try:
        with opened(con, source, home) as files:
            assert isinstance(files, Files)
            return version_in_place(files, source.tables[table].table or table)
    except SourceUnavailableError:
        return None


def version_in_place(files: Files, table: str) -> str:
    """The version of a table's files, by names, sizes and times of change."""
    stamps = [(str(path), *files.stamp(path)) for path in files.paths(table)]
    return f"files:{hashlib.sha256(repr(stamps).encode()).hexdigest()[:16]}"


def _holds(have: str, kind: str) -> bool:
    """Whether every value of a type of theirs is one of ours, without a look at it."""
    theirs, ours = _DECIMAL.fullmatch(have), _DECIMAL.fullmatch(kind)
    if theirs and ours:
        scale = int(ours[2]) - int(theirs[2])
        return scale >= 0 and int(ours[1]) - int(theirs[1]) >= scale
    return (
        have == kind or (kind == "BIGINT" and have in _WHOLE_NUMBERS) or (kind, have) == ("DOUBLE", "FLOAT")
    )
