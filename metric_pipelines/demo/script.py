"""A center's own demo: SQL in its folder `demo/`, which DuckDB runs to lay out the center's source systems.

    demo/prepare.sql            makes what the others read, in a scratch database that is thrown away
    demo/<name>.duckdb.sql      fills sources/<name>.duckdb, or .sqlite: `create table <name>.<table> as ...`

`getvariable('scale')` is the scale that was asked for, and `load <extension>` loads the file that the wheel
`duckdb-extension-<extension>` carries: nothing is fetched. The scripts are part of the center and are run by
`load-demo` alone, in a connection of their own. What does not belong here: what is in them.
"""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb

from metric_pipelines.demo.database import only_writer
from metric_pipelines.demo.journey import Progress, silent
from metric_pipelines.errors import DefinitionError, EnvironmentBrokenError, UsageError, unwritable
from metric_pipelines.warehouse.lake import WITHOUT_BAR, load_scanners

FOLDER = "demo"
PREPARE = "prepare.sql"
SCRIPT = re.compile(r"(?P<name>[a-z][a-z0-9_]*)\.(?P<kind>duckdb|sqlite)\.sql")
LOAD = re.compile(r"load\s+(?P<extension>[a-z0-9_]+)\s*;?\s*", re.IGNORECASE)
MARK = ".demo.json"
DEFAULT_SCALE = 1.0
MEMORY_LIMIT = "2GB"


@dataclass(frozen=True)
class Script:
    """One source system: the SQL that fills it, and the file it becomes."""

    sql: Path
    name: str
    kind: str

    @property
    def file(self) -> str:
        return f"{self.name}.{self.kind}"


@dataclass(frozen=True)
class Scripted:
    """What a load left: rows by file and table, the scale, and whether it wrote them or found them there."""

    rows: dict[str, dict[str, int]]
    scale: float
    written: bool


def scripts(center: Path) -> list[Script]:
    """The scripts of a center, by name; none where it has no demo of its own.

    Raises: DefinitionError for a file whose name does not say what it fills.
    """
    found = []
    for path in sorted((center / FOLDER).glob("*.sql")):
        named = SCRIPT.fullmatch(path.name)
        if named:
            found.append(Script(path, named["name"], named["kind"]))
        elif path.name != PREPARE:
            raise DefinitionError(str(path), "its name does not say what it fills", "<name>.duckdb.sql")
    return found


def load(center: Path, folder: Path, scale: float | None = None, progress: Progress = silent) -> Scripted:
    """Lay out a center's source systems in `folder`, at a scale (default 1).

    What the same scripts laid out at that scale is left alone; else all files are written beside their places
    and moved in when whole. Raises: UsageError (a scale that is not above 0), DefinitionError (SQL that
    fails), EnvironmentBrokenError (an extension or room is missing), BusyError (another load is running).
    """
    chosen = DEFAULT_SCALE if scale is None else scale
    if not 0 < chosen < float("inf"):
        raise UsageError("--scale", f"{chosen:g}", "a number above 0")
    folder.mkdir(parents=True, exist_ok=True)
    found, mark = scripts(center), {"scripts": _digest(center), "scale": chosen}
    with only_writer(folder):
        there = laid_out(center, folder)
        if there is not None and _marked(folder).items() >= mark.items():
            return there
        rows = _written(center, found, folder, chosen, progress)
        (folder / MARK).write_text(json.dumps({**mark, "rows": rows}))
    return Scripted(rows, chosen, written=True)


def laid_out(center: Path, folder: Path) -> Scripted | None:
    """What lies in the folder by these scripts, at whatever scale; None where a file is missing."""
    mark = _marked(folder)
    whole = all((folder / script.file).is_file() for script in scripts(center))
    if not whole or mark.get("scripts") != _digest(center):
        return None
    return Scripted(mark["rows"], mark["scale"], written=False)


def _marked(folder: Path) -> dict[str, Any]:
    try:
        return dict(json.loads((folder / MARK).read_text()))
    except (FileNotFoundError, ValueError):
        return {}


def _digest(center: Path) -> str:
    texts = [path.read_bytes() for path in sorted((center / FOLDER).glob("*.sql"))]
    return hashlib.sha256(b"\0".join(texts)).hexdigest()


def _written(
    center: Path, found: list[Script], folder: Path, scale: float, progress: Progress
) -> dict[str, dict[str, int]]:
    """Runs all scripts, then puts the files in their places; rows by file and table."""
    rows: dict[str, dict[str, int]] = {}
    with tempfile.TemporaryDirectory(prefix=".demo-", dir=folder) as scratch, _scratch(scratch, scale) as con:
        steps = [center / FOLDER / PREPARE] if (center / FOLDER / PREPARE).is_file() else []
        for done, path in enumerate(steps):
            progress(PREPARE, done, 1)
            _run(con, path)
            progress(PREPARE, 1, 1)
        for script in found:
            progress(script.file, 0, 1)
            rows[script.file] = _filled(con, script, Path(scratch))
            progress(script.file, 1, 1)
        for script in found:
            (Path(scratch) / script.file).replace(folder / script.file)
    return rows


def _filled(con: duckdb.DuckDBPyConnection, script: Script, scratch: Path) -> dict[str, int]:
    kind = "" if script.kind == "duckdb" else f" (type {script.kind})"
    con.execute(f"attach '{_quoted(scratch / script.file)}' as {script.name}{kind}")
    _run(con, script.sql)
    named = con.execute(
        "select table_name from duckdb_tables() where database_name = ? order by 1", [script.name]
    ).fetchall()
    rows = {}
    for (table,) in named:
        counted = con.execute(f'select count(*) from {script.name}."{table}"').fetchone()
        rows[str(table)] = int(counted[0]) if counted else 0
    con.execute(f"detach {script.name}")
    return rows


@contextmanager
def _scratch(folder: str, scale: float) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(f"{folder}/scratch.duckdb") as con:
        con.execute(WITHOUT_BAR)
        load_scanners(con)
        con.execute("set autoinstall_known_extensions = false")
        con.execute("set TimeZone = 'UTC'")
        con.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
        con.execute(f"set variable scale = {scale!r}::double")
        yield con


def _run(con: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Runs a script's statements one by one."""
    try:
        for statement in con.extract_statements(path.read_text(encoding="utf-8")):
            text = _without_comments(statement.query)
            wanted = LOAD.fullmatch(text)
            con.execute(f"load '{_quoted(extension_file(wanted['extension']))}'" if wanted else statement)
    except duckdb.Error as error:
        said = str(error).splitlines()[0]
        raise unwritable(str(path), said) or DefinitionError(
            str(path), said, "SQL that DuckDB runs"
        ) from error


def _without_comments(text: str) -> str:
    return re.sub(r"--[^\n]*", "", text).strip()


def extension_file(name: str) -> Path:
    """The file of an extension in its wheel.

    Raises: EnvironmentBrokenError where the wheel is not installed.
    """
    spec = find_spec(f"duckdb_extension_{name}")
    folder = Path(spec.origin).parent if spec and spec.origin else None
    found = sorted(folder.rglob(f"v{duckdb.__version__}/{name}.duckdb_extension")) if folder else []
    if not found:
        wheel = f"duckdb-extension-{name.replace('_', '-')}=={duckdb.__version__}"
        remedy = f"pip install 'metric-pipelines[demo]', or {wheel}"
        raise EnvironmentBrokenError(FOLDER, f"DuckDB's extension {name} is not installed", wheel, remedy)
    return found[0]


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
