"""Whether all that a center needs is there: what was found, what degrades, what to set. Changes nothing.

Belongs here: versions, variables, sources, ledger, lake, disk. Stays out: the Dagster instance
(`orchestration/instance_examination.py`).
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from metric_pipelines import ingest
from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.source_definitions import PLACEHOLDER, Source, SourceTable
from metric_pipelines.errors import MetricPipelinesError
from metric_pipelines.ledger.schema import HEAD
from metric_pipelines.semantics.lineage import LEAST_SQLGLOT, sqlglot_reads_enough
from metric_pipelines.warehouse.lake import Lake, open_reader, scanning_database

State = Literal["ok", "warn", "fail"]
LEAST_FREE = 2_000_000_000
DRIVERS = {
    "postgresql": ("psycopg", "postgres"),
    "mysql": ("pymysql", "mysql"),
    "mariadb": ("pymysql", "mysql"),
}
EXTENSIONS = ("duckdb_extension_ducklake", "duckdb_extension_sqlite_scanner")


@dataclass(frozen=True)
class Finding:
    """One row: what was looked at, what was found, how that is, what to do."""

    what: str
    found: str
    state: State = "ok"
    remedy: str = ""


def examine(center: Center, home: Path, environment: Mapping[str, str]) -> Iterator[Finding]:
    """All findings but those of the Dagster instance."""
    yield _python()
    yield _duckdb()
    yield _sqlglot()
    yield from _drivers(center, environment)
    yield from _variables(center, environment)
    for source in center.sources.values():
        yield _source(source, home)
    yield _ledger(home / "ledger.sqlite")
    yield _lake(Lake(home / "lake"))
    yield _folder(home)
    yield _disk(home)


def _python() -> Finding:
    found = ".".join(map(str, sys.version_info[:3]))
    if (3, 11) <= sys.version_info < (3, 14):
        return Finding("Python", found)
    return Finding("Python", found, "fail", "use Python 3.11, 3.12 or 3.13")


def _sqlglot() -> Finding:
    if sqlglot_reads_enough():
        return Finding("sqlglot", version("sqlglot"))
    found, remedy = f"{version('sqlglot')}: columns are not followed", f"{LEAST_SQLGLOT} or newer"
    return Finding("sqlglot", found, "warn", remedy)


def installed(package: str) -> str:
    """The version of a package; empty where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _duckdb() -> Finding:
    engine = installed("duckdb")
    found = {name.replace("duckdb_extension_", ""): installed(name) or "missing" for name in EXTENSIONS}
    said = f"{engine}; " + ", ".join(f"{name} {number}" for name, number in found.items())
    if all(number == engine for number in found.values()):
        return Finding("DuckDB", said)
    wheels = " ".join(f"{name.replace('_', '-')}=={engine}" for name in EXTENSIONS)
    return Finding("DuckDB", said, "fail", f"pip install {wheels}")


def _connection(source: Source, environment: Mapping[str, str]) -> str:
    """The connection as the environment has it; never shown."""
    return PLACEHOLDER.sub(lambda at: environment.get(at["name"]) or at["default"] or "", source.connection)


def _drivers(center: Center, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Packages that this center's connections need."""
    schemes = {_connection(source, environment).split(":")[0] for source in center.sources.values()}
    for scheme in sorted(schemes & set(DRIVERS)):
        module, extra = DRIVERS[scheme]
        if find_spec(module) is None:
            remedy = f"pip install 'metric-pipelines[{extra}]'"
            yield Finding(f"driver for {scheme}", f"{module} is not installed", "fail", remedy)
        else:
            yield Finding(f"driver for {scheme}", f"{module} {installed(module)}")


def _variables(center: Center, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Variables that connections and channels name, and that are not set; values are never shown."""
    texts = {f"sources/{source.name}": source.connection for source in center.sources.values()}
    texts |= {f"alerts/{channel.name}": channel.url for channel in center.channels.values()}
    for where, text in texts.items():
        needed = [at["name"] for at in PLACEHOLDER.finditer(text) if at["default"] is None]
        missing = [name for name in needed if not environment.get(name)]
        if missing:
            remedy = f"export {missing[0]}=... where the refresh runs"
            yield Finding(where, f"not set: {', '.join(missing)}", "fail", remedy)


def _source(source: Source, home: Path) -> Finding:
    """Whether it can be opened, and has the tables and columns that are read of it."""
    try:
        with scanning_database() as con, ingest.opened(con, source, home) as system:
            for name, table in source.tables.items():
                missing = _missing(system, name, table)
                if missing:
                    said = f"{name}: no column {', '.join(missing)}"
                    return Finding(f"sources/{source.name}", said, "fail", "mend its YAML, or the source")
    except MetricPipelinesError as error:
        said = f"{error.where}: {error.found}"
        return Finding(f"sources/{source.name}", said, "fail", error.remedy or error.expected)
    return Finding(f"sources/{source.name}", f"{len(source.tables)} table(s) can be read")


def _missing(system: ingest.System, name: str, table: SourceTable) -> list[str]:
    there = {column.lower() for column in system.columns(table.table or name, table)}
    wanted = [column.source_name or key for key, column in table.columns.items()]
    return [column for column in wanted if column.lower() not in there]


def _ledger(file: Path) -> Finding:
    """Read as it stands: opening it as a ledger would bring it to the newest schema."""
    if not file.exists():
        return Finding("ledger", f"{file} is not there yet", "warn", "metric-pipelines refresh makes it")
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as con:
            row = con.execute("select version_num from alembic_version").fetchone()
    except sqlite3.Error as error:
        return Finding("ledger", f"{file}: {error}", "fail", "put back a copy, or move it away to begin anew")
    revision = row[0] if row else "none"
    if revision == HEAD:
        return Finding("ledger", f"{file}, schema {revision}")
    if revision < HEAD:
        return Finding(
            "ledger", f"schema {revision} of {HEAD}", "warn", "the next refresh brings it up to date"
        )
    return Finding(
        "ledger", f"schema {revision} is newer than {HEAD}", "fail", "install a newer metric-pipelines"
    )


def _lake(lake: Lake) -> Finding:
    if not lake.catalog.exists():
        return Finding(
            "lake", f"{lake.folder}: nothing was published yet", "warn", "metric-pipelines refresh"
        )
    try:
        con = open_reader(lake)
    except Exception as error:  # noqa: BLE001 (whatever keeps it from opening is what is to be said)
        said = str(error).splitlines()[0]
        return Finding(
            "lake", f"{lake.folder}: {said}", "fail", "see that its folder was neither moved nor cut"
        )
    con.close()
    return Finding("lake", str(lake.folder))


def _folder(home: Path) -> Finding:
    place = _that_exists(home)
    if os.access(place, os.W_OK | os.X_OK):
        return Finding("home folder", str(home))
    return Finding(
        "home folder", f"{place} cannot be written", "fail", "set METRIC_PIPELINES_HOME, or mend rights"
    )


def _disk(home: Path, free_of: Callable[[Path], int] = lambda at: shutil.disk_usage(at).free) -> Finding:
    free = free_of(_that_exists(home))
    said = f"{free / 1e9:.1f} GB free"
    return Finding("disk", said) if free > LEAST_FREE else Finding("disk", said, "warn", "make room")


def _that_exists(folder: Path) -> Path:
    return next(at for at in (folder, *folder.parents) if at.exists())
