"""The demo on database servers: the center reads the very same contents from there as from its files."""

from __future__ import annotations

import shutil
from datetime import date
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import URL

from metric_pipelines.demo.layout import load as load_any
from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.months import WHOLE
from metric_pipelines.dictionary.validation import load_valid_center
from metric_pipelines.errors import SourceUnavailableError, UsageError
from metric_pipelines.ingest import opened, stage
from metric_pipelines.settings import SHIPPED
from metric_pipelines.warehouse import tables
from metric_pipelines.warehouse.lake import scanning_database
from metric_pipelines_tests.servers import MARIADB, POSTGRES, database

DAY = date(2017, 1, 3)
NAMES = ("crm", "erp", "oms")
load = partial(load_any, promotions="bought")
MONTH = "2017-01"


@pytest.fixture(scope="module")
def retail() -> Center:
    return load_valid_center(SHIPPED / "retail")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    load(home / "sources", DAY)
    return home


def contents(center: Center, home: Path, name: str) -> dict[str, tuple[str, int]]:
    """Hash and rows of every table of a source, as the center reads it."""
    source, found = center.sources[name], {}
    with scanning_database() as con, opened(con, source, home) as system:
        for table, spec in source.tables.items():
            months = [MONTH] if spec.partition_by else [WHOLE]
            stage(con, system, source, table, center.settings.time_zone, months, "staged")
            of = list(tables.columns(con, "staged"))
            found[table] = tables.content_versions(con, "staged", months, of)[months[0]]
    return found


def plain(url: URL) -> str:
    return url.render_as_string(hide_password=False)


@pytest.mark.parametrize(
    ("server", "name"), [(server, name) for server in (POSTGRES, MARIADB) for name in NAMES]
)
def test_the_same_contents_come_from_a_server(
    retail: Center, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: str, name: str
) -> None:
    shutil.copytree(files / "sources", tmp_path, dirs_exist_ok=True)
    with database(server) as url:
        first = load(tmp_path, DAY, servers={name: plain(url)})
        assert [one.written for one in first.databases] == [one == name for one in NAMES]
        again = load(tmp_path, DAY, servers={name: plain(url)})
        assert not any(one.written for one in again.databases)
        assert again.rows == first.rows
        monkeypatch.setenv(f"RETAIL_{name.upper()}", plain(url))
        there = contents(retail, tmp_path, name)
    monkeypatch.delenv(f"RETAIL_{name.upper()}")
    assert there == contents(retail, files, name)


def test_somebody_elses_tables_are_left_alone(tmp_path: Path) -> None:
    with database(POSTGRES) as url:
        engine = sa.create_engine(url)
        with engine.begin() as con:
            con.exec_driver_sql("create table stores (mine integer)")
        with pytest.raises(UsageError, match="tables stores that the demo has not made"):
            load(tmp_path, DAY, servers={"erp": plain(url)})
        with engine.connect() as con:
            assert con.exec_driver_sql("select count(*) from stores").scalar_one() == 0
        engine.dispose()


def test_a_server_that_is_away_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailableError, match=r"127\.0\.0\.1:1"):
        load(tmp_path, DAY, servers={"erp": "postgresql://me:hidden@127.0.0.1:1/x"})
