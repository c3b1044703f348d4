"""A folder of CSV, Parquet and Excel files: a table is a file, or all files of a pattern."""

from __future__ import annotations

import csv
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from itertools import islice
from pathlib import Path
from typing import TextIO

import duckdb

from metric_pipelines.dictionary.source_definitions import Reading, Source, SourceTable
from metric_pipelines.errors import SourceDataError, SourceUnavailableError, did_you_mean, listed
from metric_pipelines.exchange.cells import delimiter_of
from metric_pipelines.ingest.headers import joined_header, refuse_unusable
from metric_pipelines.ingest.spool import spooled
from metric_pipelines.ingest.system import Declared, Since, Span
from metric_pipelines.ingest.texts import NUMBERS, as_ours, as_text, kind_of, quoted
from metric_pipelines.warehouse.tables import name

CSV, PARQUET, EXCEL = (".csv", ".tsv", ".txt"), (".parquet",), (".xlsx", ".xlsm")
UTF_8 = ("utf-8", "utf8", "utf-8-sig")


class Files:
    """A folder of files."""

    digits: int | None = None

    def __init__(self, con: duckdb.DuckDBPyConnection, source: Source, folder: Path) -> None:
        self._con, self._source, self._folder = con, source, folder
        self._copies: list[Path] = []
        self._spooled: list[str] = []
        self._seen: dict[Path, tuple[int, ...]] = {}

    @property
    def folder(self) -> Path:
        """The folder."""
        return self._folder

    def tables(self) -> list[str]:
        """The files that can be read."""
        known = (*CSV, *PARQUET, *EXCEL)
        files = (file for file in self._folder.rglob("*") if file.suffix.lower() in known)
        return sorted(str(file.relative_to(self._folder)) for file in files)

    def columns(self, table: str, spec: SourceTable) -> list[str]:
        """The columns that every file of the table has.

        Raises: SourceDataError for a file without a usable header, or with numbers in merged cells.
        """
        headers = [self._header(file, spec.read) for file in self.paths(table)]
        for file, header in zip(self.paths(table), headers, strict=True):
            self._refuse_merged_numbers(file, spec, header)
        return [column for column in headers[0] if all(column in header for header in headers)]

    def relation(self, table: str, spec: SourceTable, columns: list[str], part: Span | Since | None) -> str:
        """All rows of all files; DuckDB reads what it needs."""
        branches = [self._one(file, spec, columns) for file in self.paths(table)]
        return f"({' union all '.join(branches)})"

    def newest(self, table: str, spec: SourceTable, column: str, before: date) -> str | None:
        """The greatest day or time, as its YAML reads it."""
        ours = next(c for c, one in spec.columns.items() if (one.source_name or c) == column)
        text = as_text(spec, ours, column)
        moment = f"try_cast({text} as timestamp)"
        rows = self.relation(table, spec, [column], None)
        query = f"select max({moment}) from {rows} where {moment} < timestamp '{before}'"
        row = self._con.execute(query).fetchone()
        if row is None or row[0] is None:
            return None
        form = spec.columns[ours].format
        return row[0].strftime(form) if form else str(row[0])

    def declared(self, table: str, spec: SourceTable) -> Declared:
        """The types of Parquet; of other files nothing is known."""
        file = self.paths(table)[0]
        if file.suffix.lower() not in PARQUET:
            return Declared()
        return Declared({column: kind_of(kind) for column, kind in self._parquet_kinds(file).items()})

    def stamp(self, file: Path) -> tuple[int, ...]:
        """When a file, and what is known of it, was changed last, as it was first looked at, and its size."""
        return self._seen[file]

    def forget(self) -> None:
        """Drops what was spooled and copied."""
        while self._spooled:
            self._con.execute(f"drop table if exists {self._spooled.pop()}")
        while self._copies:
            shutil.rmtree(self._copies.pop(), ignore_errors=True)

    def refuse_changed(self) -> None:
        """Raises SourceUnavailableError where a file was written to since it was first looked at."""
        for file, before in self._seen.items():
            if not file.exists() or _stamp(file) != before:
                found, remedy = "it was written to while it was read", "try again; nothing was changed"
                raise SourceUnavailableError(self._where(file), found, "a file that is whole", remedy)

    def _unreadable(self, where: str, error: OSError) -> SourceUnavailableError:
        found, expected = f"cannot be read: {error.strerror or error}", "a file and folder that may be read"
        return SourceUnavailableError(where, found, expected, "mend the rights, or try again")

    def paths(self, table: str) -> list[Path]:
        """The files of a name or pattern, in order; none outside the folder."""
        where = f"{self._source.name}.{table}"
        if not self._folder.is_dir():
            found = f"{self._folder} is not there"
            raise SourceUnavailableError(where, found, "a folder of files", "lay it out, or mend connection")
        if Path(table).is_absolute() or ".." in Path(table).parts:
            raise SourceDataError(where, "a path that leaves its folder", "a file below it", "mend table")
        try:
            next(self._folder.iterdir(), None)  # glob passes over what it may not read
            found_files = sorted(file for file in self._folder.glob(table) if file.is_file())
        except OSError as error:
            raise self._unreadable(where, error) from error
        if not found_files:
            known = self.tables()
            expected, near = f"a file such as {listed(known)}", did_you_mean(table, known)
            raise SourceUnavailableError(where, "no such file", expected, near or "lay it there")
        for file in found_files:
            if file.suffix.lower() not in (*CSV, *PARQUET, *EXCEL):
                raise SourceDataError(
                    f"{where} ({file.name})", f"a {file.suffix} file", "CSV, Parquet or Excel"
                )
            self._seen.setdefault(file, _stamp(file))
        return found_files

    def _header(self, file: Path, read: Reading) -> list[str]:
        kind = file.suffix.lower()
        if kind in PARQUET:
            return list(self._parquet_kinds(file))
        if kind in EXCEL:
            from metric_pipelines.ingest.workbooks import header_of_sheet  # late: openpyxl

            header = header_of_sheet(self._where(file), file, read)
        else:
            header = self._csv_header(file, read)
        where, remedy = f"{self._where(file)}:{read.header_row}", "mend read.header_row, or the file"
        if not any(header):
            found = "no names" if file.stat().st_size else "an empty file"
            raise SourceDataError(where, found, "a header", remedy)
        refuse_unusable(where, header, remedy)
        return header

    def _where(self, file: Path) -> str:
        return f"{self._source.name} ({file.name})"

    def _csv_header(self, file: Path, read: Reading) -> list[str]:
        with self._text_of(file, read) as lines:
            try:
                return joined_header(_first_rows(lines, read))
            except csv.Error as error:
                where = f"{self._where(file)}:{read.header_row}"
                raise SourceDataError(where, f"no CSV: {error}", "a header", "mend the file") from error

    @contextmanager
    def _text_of(self, file: Path, read: Reading) -> Iterator[TextIO]:
        """The file's text, without its byte order mark.

        Raises: SourceDataError where a byte does not belong to the encoding, or there is no such encoding;
        SourceUnavailableError where it may not be read.
        """
        encoding, where = "utf-8-sig" if read.encoding.lower() in UTF_8 else read.encoding, self._where(file)
        try:
            with file.open(encoding=encoding, newline="") as text:
                if text.read(1) != "\ufeff":
                    text.seek(0)
                yield text
        except UnicodeError as error:
            found = f"not {read.encoding}: {error}"
            raise SourceDataError(where, found, read.encoding, "mend read.encoding, or the file") from error
        except OSError as error:
            raise self._unreadable(where, error) from error
        except LookupError as error:
            found = f"unknown encoding {read.encoding!r}"
            raise SourceDataError(where, found, "such as utf-8 or gb18030", "mend read.encoding") from error

    def _refuse_merged_numbers(self, file: Path, spec: SourceTable, header: list[str]) -> None:
        """Whether a merged number counts once or in each of its rows, nobody says."""
        theirs = {one.source_name or c: c for c, one in spec.columns.items() if one.type.startswith(NUMBERS)}
        places = {header.index(there): c for there, c in theirs.items() if there in header}
        if not places or file.suffix.lower() not in EXCEL:
            return
        from metric_pipelines.ingest.workbooks import merged_numbers  # late: openpyxl

        found = merged_numbers(self._where(file), file, spec.read, places)
        if found is not None:
            where, said = f"{self._where(file)}.{found[0]}", f"cells merged over numbers, {found[1]}"
            remedy = "unmerge them and fill each, or read the column as a string"
            raise SourceDataError(where, said, "one cell a row: does it count once, or in each?", remedy)

    def _one(self, file: Path, spec: SourceTable, columns: list[str]) -> str:
        read = spec.read
        kind, listed_ = file.suffix.lower(), ", ".join(map(name, columns))
        if kind in PARQUET:
            return f"select {self._parquet_texts(file, columns)} from read_parquet({quoted(str(file))})"
        header = self._header(file, read)
        if kind in EXCEL:
            from metric_pipelines.ingest.workbooks import rows_of_sheet  # late: openpyxl

            numbers = {
                one.source_name or c for c, one in spec.columns.items() if one.type.startswith(NUMBERS)
            }
            places = {header.index(c) for c in columns if c in numbers}
            rows = rows_of_sheet(self._where(file), file, read, [header.index(c) for c in columns], places)
            self._spooled.append(spooled(self._con, columns, rows))
            return f"select * from {self._spooled[-1]}"
        names = {column or f"unnamed_{i}": "VARCHAR" for i, column in enumerate(header)}
        options = {
            "header": "false",
            "skip": str(read.header_row - 1 + read.header_rows),
            "delim": quoted(self._delimiter(file, read)),
            "columns": "{" + ", ".join(f"{quoted(c)}: 'VARCHAR'" for c in names) + "}",
            "quote": "'\"'",
            "escape": "'\"'",
            "allow_quoted_nulls": "false",
            "auto_detect": "false",
        }
        listed_options = ", ".join(f"{key} = {value}" for key, value in options.items())
        return f"select {listed_} from read_csv({quoted(str(self._as_utf_8(file, read)))}, {listed_options})"

    def _parquet_kinds(self, file: Path) -> dict[str, str]:
        """DuckDB's type of each column."""
        with as_ours(self._source):
            rows = self._con.execute(f"describe select * from read_parquet({quoted(str(file))})").fetchall()
        return {str(row[0]): str(row[1]) for row in rows}

    def _parquet_texts(self, file: Path, columns: list[str]) -> str:
        kinds = self._parquet_kinds(file)
        at_zone = f" at time zone {quoted(self._source.time_zone)}"
        local = {c: at_zone if "ZONE" in kinds[c] else "" for c in columns}
        return ", ".join(f"cast({name(c)}{local[c]} as varchar) as {name(c)}" for c in columns)

    def _delimiter(self, file: Path, read: Reading) -> str:
        if read.delimiter:
            return read.delimiter
        with self._text_of(file, read) as lines:
            header = list(islice(lines, read.header_row - 1 + read.header_rows))[-1:]
        return delimiter_of("".join(header))

    def _as_utf_8(self, file: Path, read: Reading) -> Path:
        """The file itself, or a copy in UTF-8 beside the step's other temporary files, in a stream."""
        if read.encoding.lower() in UTF_8:
            return file
        folder = Path(tempfile.mkdtemp(prefix="metric_pipelines_"))
        self._copies.append(folder)
        copy = folder / file.name
        with self._text_of(file, read) as text, copy.open("w", encoding="utf-8", newline="") as out:
            shutil.copyfileobj(text, out, 1 << 20)
        return copy


def _stamp(file: Path) -> tuple[int, ...]:
    about = file.stat()
    return about.st_mtime_ns, about.st_ctime_ns, about.st_size


def _first_rows(lines: TextIO, read: Reading) -> list[list[str]]:
    """The rows of the header: lines, since what stands above it need not be CSV."""
    chosen = list(islice(lines, read.header_row - 1, read.header_row - 1 + read.header_rows))
    delimiter = read.delimiter or delimiter_of((chosen or [""])[-1])
    return list(csv.reader(chosen, delimiter=delimiter))
