"""All tables of a SQLite file are read in one state of it, whoever writes meanwhile."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from metric_pipelines.dictionary.source_definitions import Source
from metric_pipelines.errors import SourceUnavailableError
from metric_pipelines.ingest import System, read, sqlite_state
from metric_pipelines.ingest.texts import as_ours
from metric_pipelines.warehouse.lake import scanning_database

WRITER = """
import sqlite3, sys, time
con = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)
number = 0
print("ready", flush=True)
while True:
    number += 1
    con.execute("begin immediate")
    con.execute("update a set n = ?", [number])
    con.execute("update b set n = ?", [number])
    con.execute("commit")
    time.sleep(0.001)
"""
"""Keeps both tables alike in every state that it commits."""
NOBODY = 65_534
READER = """
import os, sys
from pathlib import Path
from metric_pipelines_tests.ingest.test_sqlite_state import NOBODY, numbers, source
os.setgid(NOBODY)
os.setuid(NOBODY)
print(numbers(source(Path(sys.argv[1])), Path(sys.argv[2])))
"""


def source(file: Path) -> Source:
    table: dict[str, Any] = {"label": "x", "description": "x", "columns": {"n": {"type": "int64"}}}
    return Source.model_validate(
        {
            "name": "shop",
            "label": "Shop",
            "description": "x",
            "owners": {"business": "a@example.com", "technical": "b@example.com"},
            "connection": f"sqlite:///{file}",
            "tables": {"first": {**table, "table": "a"}, "second": {**table, "table": "b"}},
        }
    )


def numbers(of: Source, home: Path) -> tuple[Any, ...]:
    """The one number of each table, the second read some time after the first."""
    with scanning_database() as con:

        def work(system: System) -> tuple[Any, ...]:
            found = []
            for table in ("a", "b"):
                relation = system.relation(table, of.tables["first"], ["n"], None)
                for _ in range(40):
                    with as_ours(of):
                        [(lowest, highest, rows)] = con.execute(
                            f"select min(cast(n as int)), max(cast(n as int)), count(*) from {relation}"
                        ).fetchall()
                found += [lowest, highest, rows]
            return tuple(found)

        return read(con, of, home, work)


@pytest.fixture(params=["wal", "delete"])
def file(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    file = tmp_path / "database" / "shop.sqlite"
    file.parent.mkdir()
    with closing(sqlite3.connect(file)) as con, con:
        con.execute(f"pragma journal_mode = {request.param}")
        for table in "ab":
            con.execute(f"create table {table} (n integer)")
            con.executemany(f"insert into {table} values (?)", [(0,)] * 500)
    return file


@contextmanager
def writing(file: Path) -> Iterator[None]:
    with subprocess.Popen([sys.executable, "-c", WRITER, str(file)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield
        finally:
            process.kill()


def test_tables_agree_while_another_process_writes(file: Path, tmp_path: Path) -> None:
    with writing(file):
        found = numbers(source(file), tmp_path / "home")
    assert len({*found[:2], *found[3:5]}) == 1
    assert found[0] > 0
    assert list((tmp_path / "home" / "tmp").iterdir()) == []


def test_a_file_that_nobody_writes_to_is_not_copied(file: Path, tmp_path: Path) -> None:
    assert numbers(source(file), tmp_path / "home") == (0, 0, 500, 0, 0, 500)
    assert not (tmp_path / "home").exists()


def test_without_room_for_a_copy_the_source_is_unavailable(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_state, "ROOM", 2**60)
    with writing(file), pytest.raises(SourceUnavailableError, match="hold no copy of it"):
        numbers(source(file), tmp_path / "home")
    assert list((tmp_path / "home" / "tmp").iterdir()) == []


def test_a_file_in_a_folder_that_is_not_ours_to_write_is_read(file: Path) -> None:
    """Also one in WAL mode, whose readers would have to make a file beside it."""
    if os.getuid() != 0:
        pytest.skip("needs a second user, and so root")
    shared = Path("/tmp") / f"metric_pipelines_{os.getpid()}_{file.parents[1].name}"
    try:
        shutil.copytree(file.parent, shared / "database")
        for one in (*shared.rglob("*"), shared):
            one.chmod(0o555 if one.is_dir() else 0o444)
        home = shared.with_name(shared.name + "_home")
        home.mkdir(mode=0o777)
        os.chown(home, NOBODY, NOBODY)
        done = subprocess.run(
            [sys.executable, "-c", READER, str(shared / "database" / "shop.sqlite"), str(home)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.stdout.strip() == "(0, 0, 500, 0, 0, 500)", done.stderr[-800:]
    finally:
        shutil.rmtree(shared, ignore_errors=True)
        shutil.rmtree(shared.with_name(shared.name + "_home"), ignore_errors=True)


def test_a_file_that_is_locked_is_unavailable(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_state, "BUSY_MILLISECONDS", 100)
    with closing(sqlite3.connect(file, isolation_level=None)) as con:
        con.execute("pragma locking_mode = exclusive")
        con.execute("begin exclusive")
        con.execute("update a set n = 1")
        with pytest.raises(SourceUnavailableError, match="database is locked"):
            numbers(source(file), tmp_path / "home")
