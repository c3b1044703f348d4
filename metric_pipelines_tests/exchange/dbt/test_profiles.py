"""The connection that is drafted of a profile, and that no secret is copied."""

from __future__ import annotations

from pathlib import Path

import pytest

from metric_pipelines.errors import UsageError
from metric_pipelines.exchange.dbt.profiles import RELATIVE, Target, read_target

PROFILE = """
shop:
  target: dev
  outputs:
    dev: {type: duckdb, path: data/shop.duckdb}
    memory: {type: duckdb}
    cloud: {type: duckdb, path: "md:shop?motherduck_token=hush"}
    placed: {type: duckdb, path: "{{ env_var('SHOP_FILE', '/tmp/shop.duckdb') }}", schema: s}
    attached: {type: duckdb, path: /data/shop.duckdb, attach: [{path: /data/other.duckdb}]}
    clear: {type: postgres, host: db, port: 5433, user: read er, password: hush, dbname: shop, schema: marts}
    variable:
      type: postgres
      host: "{{ env_var('DB_HOST', 'localhost') }}"
      port: "{{ env_var('DB_PORT') | as_number }}"
      user: "{{ env_var('DB_USER') }}"
      pass: "{{ env_var('DBT_ENV_SECRET_DB', 'hush') }}"
      dbname: shop
      schema: "{{ env_var('DBT_ENV_SECRET_SCHEMA') }}"
    strange: {type: postgres, host: "{{ host() }}", dbname: shop, password: hush}
    snowflake: {type: snowflake, account: a, password: hush, database: shop, schema: marts}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "profiles.yml").write_text(PROFILE, encoding="utf-8")
    return tmp_path


def target(project: Path, name: str | None = None, **environment: str) -> Target:
    return read_target("shop", project, environment, name)


@pytest.mark.parametrize(
    ("name", "url", "kinds"),
    [
        ("memory", None, ["connection"]),
        ("cloud", None, ["connection"]),
        ("placed", "duckdb:///${SHOP_FILE:-/tmp/shop.duckdb}", []),
        ("attached", "duckdb:////data/shop.duckdb", ["connection"]),
        ("clear", "postgresql://read%20er:${DBT_PASSWORD}@db:5433/shop", ["secret"]),
        ("strange", None, ["connection"]),
        ("snowflake", None, ["connection"]),
    ],
)
def test_a_connection_is_drafted_and_no_secret_copied(
    name: str, url: str | None, kinds: list[str], project: Path
) -> None:
    found = target(project, name)
    assert found.connection == url
    assert [note.kind for note in found.notes] == kinds
    assert "hush" not in str(found)


def test_variables_of_the_environment_stay_variables(project: Path) -> None:
    found = target(project, "variable", DB_USER="jane", DBT_ENV_SECRET_DB="pst", DBT_ENV_SECRET_SCHEMA="pst")
    assert found.connection == (
        "postgresql://${DB_USER}:${DBT_ENV_SECRET_DB}@${DB_HOST:-localhost}:${DB_PORT}/shop"
    )
    assert found.schema is None
    assert "hush" not in str(found)
    assert "pst" not in str(found)


def test_a_relative_file_stands_below_the_project(project: Path) -> None:
    found = target(project)
    assert found.connection == f"duckdb:///{project.resolve()}/data/shop.duckdb"
    assert (found.schema, found.database) == ("main", "shop")
    assert [note.kind for note in found.notes] == [RELATIVE]


def test_the_target_is_the_one_asked_for_then_the_environments_then_the_profiles(project: Path) -> None:
    assert target(project, "clear", DBT_TARGET="memory").name == "clear"
    assert target(project, DBT_TARGET="memory").name == "memory"
    assert target(project).name == "dev"


def test_a_target_that_is_not_there_is_told_with_the_nearest(project: Path) -> None:
    with pytest.raises(UsageError, match=r"unknown target of profile shop 'cleer'.*did you mean 'clear'"):
        target(project, "cleer")
    found = target(project, DBT_TARGET="cleer")
    assert found.connection is None
    assert "has no target 'cleer'" in str(found.notes[0])


def test_profiles_are_looked_for_where_dbt_looks(project: Path, tmp_path: Path) -> None:
    home, named = tmp_path / "home" / ".dbt", tmp_path / "named"
    for folder, path in ((home, "/h.duckdb"), (named, "/n.duckdb")):
        folder.mkdir(parents=True)
        text = f"shop: {{target: dev, outputs: {{dev: {{type: duckdb, path: {path}}}}}}}"
        (folder / "profiles.yml").write_text(text, encoding="utf-8")
    everywhere = {"HOME": str(home.parent), "DBT_PROFILES_DIR": str(named)}
    elsewhere = tmp_path / "elsewhere"
    assert read_target("shop", project, everywhere).connection == "duckdb:////n.duckdb"
    assert read_target("shop", elsewhere, {"HOME": str(home.parent)}).connection == "duckdb:////h.duckdb"
    assert read_target("shop", elsewhere, {}).connection is None
