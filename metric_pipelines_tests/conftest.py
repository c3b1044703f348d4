"""The small shop for all tests: laid out, or refreshed once for all workers and copied for who changes it;
and the sources of the shipped center, all of its year.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from metric_pipelines.demo.layout import Layout, load
from metric_pipelines_tests.made_once import once
from metric_pipelines_tests.small_shop import Shop, copy_center, lay_out, new_shop

LONG = "METRIC_PIPELINES_LONG"
LONGEST_FIRST = (
    "end_to_end/test_nights.py",
    "orchestration/test_in_their_project.py",
    "end_to_end/test_killed_runs.py",
    "end_to_end/test_numbers.py",
    "query/test_every_route_answers_alike.py",
    "end_to_end/test_runs_from_the_ui.py",
    "end_to_end/test_merchandising.py",
    "end_to_end/test_bad_month.py",
    "end_to_end/test_dbt_example.py",
    "end_to_end/test_their_instance.py",
    "end_to_end/test_alert_from_the_ui.py",
    "end_to_end/test_two_writers.py",
    "demo/test_demo_layout.py",
    "orchestration/test_alerts.py",
    "end_to_end/test_changed_definitions.py",
    "query/test_rollups.py",
    "site/test_writing.py",
    "publication/test_increments.py",
    "cli/test_refreshing.py",
    "cli/test_add_source.py",
    "demo/test_demo_changes.py",
    "soundness/test_joins_count_no_row_twice.py",
    "publication/test_withholding.py",
    "site/test_in_dagster.py",
    "centers/test_omnichannel.py",
    "publication/test_reconciliation.py",
)
"""Files whose tests take longest. Workers that take whole files end at about the same time where the last
ones are short; the first two do not wait for one and the same published center. Merchandising falls to the
worker of the numbers, which has the raw files at hand.
"""
TURNS = {f"{Path(__file__).parent.name}/{file}": turn for turn, file in enumerate(LONGEST_FIRST)}
Tell = Callable[[Shop], object]
Story = Callable[..., Shop]
"""A story by its name and what happens in it; `after` another one, or after the first refresh."""


def pytest_configure() -> None:
    """Garbage is looked for seldom, as on the command line: thousands of tests are made, and stay. No example
    fails for the time it took on a busy machine.
    """
    gc.set_threshold(100_000, 10, 10)
    settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("untimed")


def pytest_collection_finish() -> None:
    """What all tests share is no garbage: it is not looked at again."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take longest come first, and long tests skip unless they are asked for."""
    items.sort(key=lambda item: TURNS.get(item.nodeid.partition("::")[0], len(TURNS)))
    if os.environ.get(LONG):
        return
    for item in items:
        if item.get_closest_marker("long"):
            item.add_marker(pytest.mark.skip(reason=f"takes minutes; {LONG}=1 runs it"))


@pytest.fixture
def small_center(tmp_path: Path) -> Path:
    """The small center's folder, the test's own."""
    return copy_center(tmp_path / "center")


@pytest.fixture
def fresh_shop(tmp_path: Path, small_center: Path) -> Shop:
    """The small shop with its source laid out and nothing published, the test's own."""
    lay_out(tmp_path / "home")
    return Shop(small_center, tmp_path / "home")


@pytest.fixture(scope="session")
def stories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of a test run share."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if os.environ.get("PYTEST_XDIST_WORKER") else own) / "stories"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def published_once(stories: Path) -> Shop:
    """The small shop after a first refresh, not to be changed."""

    def first() -> Shop:
        shop = new_shop(stories / "published")
        assert shop.refresh().troubles == []
        return shop

    return _once(stories / "published", first)


@pytest.fixture
def shop(published_once: Shop, tmp_path: Path) -> Shop:
    """The small shop after a first refresh, the test's own."""
    return published_once.copy(tmp_path)


@pytest.fixture(scope="session")
def story(published_once: Shop, stories: Path) -> Story:
    """What happened to a shop after its first refresh, told once for all tests; not to be changed."""
    known: dict[str, Shop] = {}

    def told(name: str, tell: Tell, after: Shop = published_once) -> Shop:
        def first() -> Shop:
            shop = after.copy(stories / name)
            tell(shop)
            return shop

        if name not in known:
            known[name] = _once(stories / name, first)
        return known[name]

    return told


@pytest.fixture(scope="session")
def whole_year(stories: Path) -> tuple[Path, Layout]:
    """The sources of the shipped center with all of the year, not to be changed."""
    folder = stories / "whole_year"
    return folder, once(folder, lambda: load(folder, promotions="bought"))


def _once(folder: Path, first: Callable[[], Shop]) -> Shop:
    """A shop that is made by the first who asks, in whatever process."""
    mark = once(folder, lambda: first().mark)
    return Shop(folder / "center", folder / "home", mark)
