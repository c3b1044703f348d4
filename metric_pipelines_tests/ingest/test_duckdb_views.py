"""Views in a DuckDB file, as dbt writes them: they name their own database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from metric_pipelines.dictionary.source_definitions import Source
from metric_pipelines.errors import SourceDataError
from metric_pipelines.ingest.attached import AttachedFile, opened_file
from metric_pipelines.warehouse.lake import load_scanners, step_database

VIEW = """
create schema staging;
create table orders as select 1 as order_id;
create view staging.stg_orders as select order_id from "{database}"."main"."orders";
"""
OWNERS = {"business": "a@example.com", "technical": "b@example.com"}
SOURCE = Source.model_validate(
    {
        "name": "dbt",
        "label": "dbt",
        "description": "x",
        "owners": OWNERS,
        "connection": "duckdb:///x",
        "tables": {},
    }
)


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with step_database() as con:
        load_scanners(con)
        con.execute("create schema taken")
        yield con


def made(file: Path) -> Path:
    with duckdb.connect(str(file)) as con:
        con.execute(VIEW.format(database=file.stem))
    return file


def rows(con: duckdb.DuckDBPyConnection, at: AttachedFile) -> list[tuple[str]]:
    spec = SOURCE.tables  # no table is needed of a file that is attached
    columns = at.columns("staging.stg_orders", spec)  # type: ignore[arg-type]
    return con.execute(f"from {at.relation('staging.stg_orders', spec, columns, None)}").fetchall()  # type: ignore[arg-type]


def test_a_view_that_names_its_own_database_is_read(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    with opened_file(con, SOURCE, made(tmp_path / "jaffle.duckdb"), "duckdb") as at:
        assert at.tables() == ["orders", "staging.stg_orders"]
        assert rows(con, at) == [("1",)]
    assert "jaffle" not in str(con.execute("show databases").fetchall())


@pytest.mark.parametrize("kept", ["other.duckdb", "taken.duckdb"])
def test_one_whose_name_stands_for_something_else_is_an_error_that_says_so(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, kept: str
) -> None:
    """Tables of the file are read all the same."""
    file = made(tmp_path / ("taken.duckdb" if kept.startswith("taken") else "jaffle.duckdb"))
    with opened_file(con, SOURCE, file.rename(tmp_path / kept), "duckdb") as at:
        assert at.columns("orders", SOURCE.tables) == ["order_id"]  # type: ignore[arg-type]
        with pytest.raises(SourceDataError, match=r"dbt\.staging\.stg_orders: a view that cannot be read"):
            rows(con, at)
