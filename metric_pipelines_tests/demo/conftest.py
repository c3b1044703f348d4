"""A laid-out demo for all tests here, and the content of a table as a value that shows every bit."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from metric_pipelines.demo.layout import load
from metric_pipelines_tests.made_once import once

Content = Callable[[Path, str], list[tuple[object, ...]]]


@pytest.fixture(scope="session")
def until_20_january(stories: Path) -> Path:
    """The first twenty days, not to be changed."""
    folder = stories / "until_20_january"
    once(folder, lambda: load(folder, date(2017, 1, 20), promotions="bought"))
    return folder


@pytest.fixture
def january(until_20_january: Path, tmp_path: Path) -> Path:
    """The first twenty days, the test's own."""
    return Path(shutil.copytree(until_20_january, tmp_path / "january"))


@pytest.fixture
def content() -> Content:
    """Reads a table of a database: all rows in order, money with the class SQLite stores it in."""

    def read(path: Path, table: str) -> list[tuple[object, ...]]:
        stored = ", typeof(sales_value), typeof(retail_disc)" if table == "transactions" else ""
        with closing(sqlite3.connect(path)) as connection:
            return connection.execute(f"select *{stored} from {table} order by 1, 2").fetchall()

    return read
