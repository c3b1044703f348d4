"""A center's own demo: SQL that lays out its source systems."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from metric_pipelines.demo import script
from metric_pipelines.errors import DefinitionError, EnvironmentBrokenError, UsageError


def center_with(folder: Path, **texts: str) -> Path:
    """A folder whose `demo/` has these scripts."""
    (folder / "demo").mkdir(parents=True)
    for name, text in texts.items():
        (folder / "demo" / f"{name.replace('__', '.')}.sql").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def center(tmp_path: Path) -> Path:
    return center_with(
        tmp_path / "center",
        prepare="create table numbers as select range as n from range((10 * getvariable('scale'))::int);",
        shop__duckdb="create table shop.orders as select n from numbers; -- all of them\n",
        crm__sqlite="create table crm.people as select n, 'name ' || n as name from numbers where n < 3;",
    )


def test_scripts_fill_a_database_each_at_a_scale(center: Path, tmp_path: Path) -> None:
    laid = script.load(center, tmp_path / "sources", 2)
    assert laid.written
    assert laid.rows == {"crm.sqlite": {"people": 3}, "shop.duckdb": {"orders": 20}}
    with duckdb.connect(str(tmp_path / "sources" / "shop.duckdb"), read_only=True) as con:
        assert con.execute("select count(*) from orders").fetchone() == (20,)
    assert {path.name for path in (tmp_path / "sources").glob("[!.]*")} == {"crm.sqlite", "shop.duckdb"}


def test_what_is_there_at_that_scale_is_left_alone(center: Path, tmp_path: Path) -> None:
    script.load(center, tmp_path / "sources")
    assert not script.load(center, tmp_path / "sources").written
    assert script.load(center, tmp_path / "sources", 3).written
    found = script.laid_out(center, tmp_path / "sources")
    assert found is not None
    assert found.scale == 3


def test_a_changed_script_is_run_again(center: Path, tmp_path: Path) -> None:
    script.load(center, tmp_path / "sources")
    (center / "demo" / "prepare.sql").write_text("create table numbers as select 1 as n;")
    assert script.laid_out(center, tmp_path / "sources") is None
    assert script.load(center, tmp_path / "sources").rows["shop.duckdb"] == {"orders": 1}


def test_sql_that_fails_leaves_what_was_there(center: Path, tmp_path: Path) -> None:
    script.load(center, tmp_path / "sources")
    (center / "demo" / "shop.duckdb.sql").write_text(
        "create table shop.orders as select nothing from numbers;"
    )
    with pytest.raises(DefinitionError, match=r"shop\.duckdb\.sql"):
        script.load(center, tmp_path / "sources", 2)
    with duckdb.connect(str(tmp_path / "sources" / "shop.duckdb"), read_only=True) as con:
        assert con.execute("select count(*) from orders").fetchone() == (10,)


def test_an_extension_is_loaded_from_its_wheel_or_named(center: Path, tmp_path: Path) -> None:
    (center / "demo" / "prepare.sql").write_text("load nosuch_thing;")
    with pytest.raises(EnvironmentBrokenError, match="duckdb-extension-nosuch-thing=="):
        script.load(center, tmp_path / "sources")


def test_a_scale_must_be_above_zero(center: Path, tmp_path: Path) -> None:
    for scale in (0, -1, float("inf"), float("nan")):
        with pytest.raises(UsageError, match="above 0"):
            script.load(center, tmp_path / "sources", scale)


def test_a_script_whose_name_says_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match="does not say what it fills"):
        script.scripts(center_with(tmp_path / "center", orders="select 1"))
