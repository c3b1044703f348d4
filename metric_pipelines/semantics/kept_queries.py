"""Compiled queries kept in a folder, so that a night that asks what an earlier one asked imports no
MetricFlow (0.5 s), compiles and rewrites nothing (0.3 s for forty metrics).

A file a query, named by the hash of all that it was made from: manifest, question, the compilers' versions,
and how they are asked (`metricflow_sql.py`, `filtered_aggregates.py` themselves). Its first line is the hash
of the rest: what is torn or was changed is made anew. The folder may be deleted at any time; where it cannot
be written, nothing is kept.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

MOST_FILES = 10_000
"""With more of them, the older half goes."""
_FOLDERS: list[Path] = []


def keep_in(folder: Path) -> None:
    """From now on, this process keeps its queries there."""
    _FOLDERS[:] = [folder]


def kept(asked: str) -> str | None:
    """The query that was compiled from this, if it is kept."""
    for folder in _FOLDERS:
        file = _file(folder, asked)
        with suppress(OSError, UnicodeDecodeError):
            told, _, sql = file.read_text(encoding="utf-8").partition("\n")
            if told == _hash(sql):
                with suppress(OSError):
                    os.utime(file)  # what is asked every night does not go with what was asked once
                return sql
    return None


def keep(asked: str, sql: str) -> None:
    """Keeps a query with what it was compiled from."""
    for folder in _FOLDERS:
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            _make_room(folder)
            file = _file(folder, asked)
            new = file.with_name(f"{file.name}.{os.getpid()}.{threading.get_ident()}")
            try:
                new.write_text(f"{_hash(sql)}\n{sql}", encoding="utf-8")
                new.replace(file)
            finally:
                new.unlink(missing_ok=True)


def _file(folder: Path, asked: str) -> Path:
    return folder / f"{_hash(_compiler() + asked)}.sql"


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()


@cache
def _compiler() -> str:
    return " ".join(f"{name} {version(name)}" for name in ("metricflow", "sqlglot", "metric_pipelines"))


@cache  # once a process, it reads the whole folder
def _make_room(folder: Path) -> None:
    files = sorted(folder.iterdir(), key=lambda file: file.stat().st_mtime)
    for old in files[: len(files) // 2] if len(files) > MOST_FILES else []:
        old.unlink(missing_ok=True)
