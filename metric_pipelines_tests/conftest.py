"""The small shop for all tests: laid out, refreshed once a worker, and copied for each test that changes it."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from metric_pipelines.warehouse import lake
from metric_pipelines_tests.small_shop import CENTER, Shop, copy_center, lay_out, move_home


@pytest.fixture
def small_center(tmp_path: Path) -> Path:
    """The small center's folder, the test's own."""
    return copy_center(tmp_path / "center")


@pytest.fixture
def fresh_shop(tmp_path: Path, small_center: Path) -> Shop:
    """The small shop with its source laid out, and nothing published."""
    lay_out(tmp_path / "home")
    return Shop(small_center, tmp_path / "home")


@pytest.fixture(scope="session")
def published_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder after a first refresh, not to be changed."""
    home = tmp_path_factory.mktemp("published") / "home"
    lay_out(home)
    assert Shop(CENTER, home).refresh().troubles == []
    return home


@pytest.fixture
def shop(published_once: Path, tmp_path: Path, small_center: Path) -> Shop:
    """The small shop after a first refresh, the test's own."""
    return Shop(small_center, move_home(published_once, tmp_path / "home"))


@pytest.fixture
def a_lake(tmp_path: Path) -> lake.Lake:
    """An empty lake's place."""
    return lake.Lake(tmp_path / "lake")


@pytest.fixture
def con(a_lake: lake.Lake):
    """A writing connection to the empty lake."""
    with lake.writer(a_lake) as connection:
        yield connection


@pytest.fixture
def step_con():
    """A step's connection without a lake."""
    with lake.step_database() as connection:
        lake.load_scanners(connection)
        yield connection


__all__ = ["duckdb"]
