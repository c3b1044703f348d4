"""The shipped center on its real data: a whole year and a first quarter, each made once for all workers, and
a copy of the quarter for each test that changes something.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from metric_pipelines.demo import changes
from metric_pipelines.demo.layout import Layout, load
from metric_pipelines_tests.end_to_end.center_at_work import CenterAtWork, Fingerprints, Refreshed, moved
from metric_pipelines_tests.made_once import once

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
def year(stories: Path, whole_year: tuple[Path, Layout]) -> CenterAtWork:
    """The whole year, published; not to be changed."""
    return published(stories / "published_year", lambda sources: shutil.copytree(whole_year[0], sources))


@pytest.fixture(scope="session")
def published_quarter(stories: Path) -> CenterAtWork:
    """January to March, published; not to be changed."""
    return published(
        stories / "published_quarter", lambda sources: load(sources, QUARTER, promotions="bought")
    )


@pytest.fixture
def quarter(published_quarter: CenterAtWork, tmp_path: Path) -> Iterator[CenterAtWork]:
    """January to March, published; the test's own."""
    yield from lent(published_quarter.home, tmp_path / "home")


@pytest.fixture(scope="session")
def broken(published_quarter: CenterAtWork, stories: Path) -> After:
    """The quarter after a night that read a month with ten times its prices; not to be changed."""
    home = stories / "broken_quarter"

    def first() -> After:
        at_work = CenterAtWork(moved(published_quarter.home, home))
        mark, before = at_work.ledger.mark(), at_work.fingerprints()
        changes.bad_month(at_work.sources, BAD)
        return After(at_work, at_work.refresh(), before, mark)

    return once(home, first)


def lent(home: Path, target: Path) -> Iterator[CenterAtWork]:
    """A copy of a home, gone after the test: each is some 80 MB."""
    yield CenterAtWork(moved(home, target))
    shutil.rmtree(target, ignore_errors=True)


def published(home: Path, lay_out: Callable[[Path], object]) -> CenterAtWork:
    """Laid out and refreshed once for all workers."""
    at_work = CenterAtWork(home)

    def first() -> None:
        lay_out(at_work.sources)
        process = at_work.start()
        assert process.wait(600) == 0, process.text

    once(home, first)
    return at_work
