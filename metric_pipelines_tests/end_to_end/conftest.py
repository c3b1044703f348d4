"""The shipped center on its real data: a whole year and a first quarter, each made once for all workers, and
a copy of the quarter for each test that changes something.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from filelock import FileLock

from metric_pipelines.demo import changes
from metric_pipelines.demo.layout import load
from metric_pipelines_tests.end_to_end.center_at_work import CenterAtWork, Fingerprints, Refreshed, moved

QUARTER = date(2017, 3, 31)
BAD = "2017-02"


@dataclass(frozen=True)
class After:
    """A center after a refresh, and what it published before."""

    at_work: CenterAtWork
    refreshed: Refreshed
    before: Fingerprints
    mark: int


@pytest.fixture(scope="session")
def year(tmp_path_factory: pytest.TempPathFactory) -> CenterAtWork:
    """The whole year, published; not to be changed."""
    return made_once(tmp_path_factory, "year", None)


@pytest.fixture(scope="session")
def published_quarter(tmp_path_factory: pytest.TempPathFactory) -> CenterAtWork:
    """January to March, published; not to be changed."""
    return made_once(tmp_path_factory, "quarter", QUARTER)


@pytest.fixture
def quarter(published_quarter: CenterAtWork, tmp_path: Path) -> Iterator[CenterAtWork]:
    """January to March, published; the test's own."""
    yield from lent(published_quarter.home, tmp_path / "home")


@pytest.fixture(scope="session")
def broken(published_quarter: CenterAtWork, tmp_path_factory: pytest.TempPathFactory) -> After:
    """The quarter after a night that read a month with ten times its prices; not to be changed."""
    at_work = CenterAtWork(moved(published_quarter.home, tmp_path_factory.mktemp("broken") / "home"))
    mark, before = at_work.ledger.mark(), at_work.fingerprints()
    changes.bad_month(at_work.sources, BAD)
    return After(at_work, at_work.refresh(), before, mark)


def lent(home: Path, target: Path) -> Iterator[CenterAtWork]:
    """A copy of a home, gone after the test: each is some 80 MB."""
    yield CenterAtWork(moved(home, target))
    shutil.rmtree(target, ignore_errors=True)


def made_once(factory: pytest.TempPathFactory, name: str, until: date | None) -> CenterAtWork:
    """Laid out and refreshed by the first worker that asks; the others wait for it."""
    shared = factory.getbasetemp()
    if shared.name.startswith("popen-"):  # a worker's own, below that of all workers
        shared = shared.parent
    at_work = CenterAtWork(shared / f"published_{name}")
    done = at_work.home.with_suffix(".done")
    with FileLock(at_work.home.with_suffix(".lock")):
        if not done.exists():
            load(at_work.sources, until, promotions="bought")
            process = at_work.start()
            assert process.wait(600) == 0, process.text
            done.touch()
    return at_work
