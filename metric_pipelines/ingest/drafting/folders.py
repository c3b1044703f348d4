"""Which files and sheets of a folder are one table: files whose names differ by numbers alone and that are
laid out alike are read together, by a pattern.
"""

from __future__ import annotations

import csv
import glob
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from metric_pipelines.dictionary.source_definitions import Reading
from metric_pipelines.errors import SourceDataError
from metric_pipelines.exchange.cells import text_of
from metric_pipelines.ingest.drafting.doubts import Doubt
from metric_pipelines.ingest.drafting.layout import (
    LOOKED_AT,
    Row,
    cells_of,
    delimiter_of,
    encoding_of,
    first_lines,
    header_rows,
)
from metric_pipelines.ingest.files import CSV, EXCEL, PARQUET
from metric_pipelines.ingest.headers import joined_header
from metric_pipelines.ingest.workbooks import opened_book

NUMBERS = re.compile(r"\d+(?:[-_. ]?\d+)*")
READ_AS_IT_IS = Reading()
NO_HEADER = "no header: no row with a name over every column, each once"


@dataclass(frozen=True)
class Found:
    """A table that was found: its name there, what people call it, how it is read, its header's names."""

    theirs: str
    title: str
    read: Reading = READ_AS_IT_IS
    header: tuple[str, ...] = ()
    signs: bool = False
    """Whether numbers may have other signs than a decimal point."""


@dataclass(frozen=True)
class _Part:
    """A file, or a sheet of it."""

    found: Found
    many: bool = False


def tables_of_files(folder: Path, only: str | None = None) -> tuple[list[Found], list[Doubt]]:
    """The tables of a folder, or of one file in it; and what is left out, with the reason.

    Raises: SourceDataError where nothing in it is a table.
    """
    doubts: list[Doubt] = []
    tables: list[Found] = []
    files = [folder / only] if only else _files(folder)
    for group in _groups(folder, files):
        tables += _together(folder, group, doubts) or [
            table for file in group for table in _alone(folder, file, doubts)
        ]
    if not tables:
        reason = "; ".join(f"{d.table}: {d.details['reason']}" for d in doubts if d.kind == "left_out")
        expected = "CSV, Parquet or Excel with one row of names above the rows"
        raise SourceDataError(
            str(folder / (only or "")), reason or "no files", expected, "add a header, or mend it"
        )
    return tables, doubts


def _files(folder: Path) -> list[Path]:
    known = (*CSV, *PARQUET, *EXCEL)
    there = (file for file in folder.rglob("*") if file.is_file() and file.suffix.lower() in known)
    return sorted(file for file in there if not file.name.startswith((".", "~$")))


def _groups(folder: Path, files: Sequence[Path]) -> list[list[Path]]:
    groups: dict[tuple[Path, str], list[Path]] = {}
    for file in files:
        groups.setdefault((file.parent, NUMBERS.sub("*", file.name)), []).append(file)
    return list(groups.values())


def _together(folder: Path, files: Sequence[Path], doubts: list[Doubt]) -> list[Found]:
    """The tables that all files of a group have alike, by a pattern; none where they differ."""
    pattern = _pattern(folder, files)
    if pattern is None:
        return []
    encoding = encoding_of(files) if files[0].suffix.lower() in CSV else None
    quiet: list[Doubt] = []
    each = [_parts(folder, file, quiet, encoding) for file in files]
    if any([p.found.read for p in parts] != [p.found.read for p in each[0]] for parts in each):
        return []
    found: list[Found] = []
    for alike in zip(*each, strict=True):
        common = [c for c in alike[0].found.header if all(c in p.found.header for p in alike)]
        if not common:
            return []
        stem = NUMBERS.sub(" ", files[0].stem).strip(" -_.")
        first = alike[0]
        title = first.found.title if first.many else stem or files[0].parent.name
        some = {c for p in alike for c in p.found.header} - set(common)
        found.append(replace(first.found, theirs=pattern, title=title, header=tuple(common)))
        if some:
            doubts.append(Doubt("not_in_all", pattern, details={"names": ", ".join(sorted(some))}))
    doubts += [replace(d, table=pattern) for d in quiet if d.kind in ("latin", "hidden")][:1]
    return found


def _pattern(folder: Path, files: Sequence[Path]) -> str | None:
    """A pattern for these files and no other, where they are several."""
    if len(files) < 2:
        return None
    parts = [glob.escape(part) for part in NUMBERS.split(files[0].name)]
    above = glob.escape(str(files[0].parent.relative_to(folder)))
    for sign in ("*", "[0-9]*"):
        pattern = str(Path(above) / sign.join(parts))
        if sorted(folder.glob(pattern)) == sorted(files):
            return pattern
    return None


def _alone(folder: Path, file: Path, doubts: list[Doubt]) -> list[Found]:
    return [part.found for part in _parts(folder, file, doubts, None)]


def _parts(folder: Path, file: Path, doubts: list[Doubt], encoding: str | None) -> list[_Part]:
    kind, named = file.suffix.lower(), str(file.relative_to(folder))
    theirs = glob.escape(named)
    if kind in PARQUET:
        try:
            return [_Part(Found(theirs, file.stem, header=_columns_of_parquet(file)))]
        except (pa.ArrowException, OSError) as error:
            reason = f"no Parquet: {str(error).splitlines()[0]}"
            doubts.append(Doubt("left_out", named, details={"reason": reason}))
            return []
    if kind in EXCEL:
        return list(_sheets(file, named, theirs, doubts))
    taken = encoding or encoding_of([file])
    lines = first_lines(file, taken)
    try:
        delimiter = delimiter_of(lines)
        rows = cells_of(lines, delimiter)
    except csv.Error as error:
        doubts.append(Doubt("left_out", named, details={"reason": f"no CSV: {error}"}))
        return []
    read = _reading(rows, encoding=taken, delimiter=delimiter)
    if read is None:
        doubts.append(Doubt("left_out", named, details={"reason": _no_header(rows)}))
        return []
    if taken in ("cp1252", "latin-1"):
        doubts.append(Doubt("latin", named, details={"encoding": taken}))
    return [_Part(Found(theirs, file.stem, read, _names(rows, read), signs=True))]


def _no_header(rows: Sequence[Row]) -> str:
    """Why no row of these is a header."""
    first = next((row for row in rows if any(row)), None)
    if first is None:
        return "empty"
    twice = next((cell for cell in first if cell and list(first).count(cell) > 1), None)
    return NO_HEADER if twice is None else f"no header: {twice!r} twice in its first row"


def _columns_of_parquet(file: Path) -> tuple[str, ...]:
    return tuple(pq.read_schema(file).names)


def _sheets(file: Path, named: str, theirs: str, doubts: list[Doubt]) -> Iterator[_Part]:
    with opened_book(named, file) as book:
        many = len(book.worksheets) > 1
        for sheet in book.worksheets:
            at = f"{named}, {sheet.title}" if many else named
            if sheet.sheet_state != "visible":
                doubts.append(Doubt("hidden", at))
                continue
            rows = _rows_of(sheet)
            read = _reading(rows, sheet=sheet.title if many else None)
            if read is None:
                doubts.append(Doubt("left_out", at, details={"reason": _no_header(rows)}))
                continue
            title = sheet.title if many else file.stem
            yield _Part(Found(theirs, title, read, _names(rows, read), signs=True), many)


def _rows_of(sheet: Any) -> list[Row]:
    sheet.reset_dimensions()
    return [[text_of(cell) for cell in row] for row in islice(sheet.iter_rows(values_only=True), LOOKED_AT)]


def _reading(rows: Sequence[Row], **known: Any) -> Reading | None:
    header = header_rows(rows)
    if header is None:
        return None
    first, count = header
    return Reading(**known, header_row=first, header_rows=count)


def _names(rows: Sequence[Row], read: Reading) -> tuple[str, ...]:
    return tuple(joined_header(rows[read.header_row - 1 : read.header_row - 1 + read.header_rows]))
