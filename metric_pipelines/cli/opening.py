"""Opening a center for a command: its definitions, its workshop, what is published, how each metric is.

Imports DuckDB and SQLAlchemy; imported by pages alone, which are imported when their command runs.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.graph import Pair, build_graph
from metric_pipelines.dictionary.source_definitions import PLACEHOLDER
from metric_pipelines.errors import EnvironmentBrokenError, UsageError
from metric_pipelines.ledger.ledger import Ledger, Verdict, sqlite_url
from metric_pipelines.publication.health import Health, health, receipts
from metric_pipelines.publication.plan import Facts
from metric_pipelines.publication.standing import Standing, standing
from metric_pipelines.publication.workshop import Workshop, open_workshop
from metric_pipelines.query import Reader, open_for_reading
from metric_pipelines.settings import SHIPPED, Settings, is_dbt

LOCAL = ("sqlite:///", "duckdb:///")


@dataclass(frozen=True)
class Opened:
    """A center at one moment: its workshop, what happened, how each pair stands, how each metric is."""

    shop: Workshop
    facts: Facts
    stands: dict[Pair, Standing]
    verdicts: dict[int, list[Verdict]]
    healths: dict[str, Health]

    @property
    def center(self) -> Center:
        """The definitions."""
        return self.shop.center


def workshop(settings: Settings, *, ask_sources: bool = False) -> Workshop:
    """The center at work in the home folder; `ask_sources` as in `open_workshop`."""
    home = settings.home_folder
    center = settings.load()
    return open_workshop(center, home, Ledger(sqlite_url(home / "ledger.sqlite")), ask_sources=ask_sources)


def refuse_foreign_center(settings: Settings, remedy: str) -> None:
    """Nothing is written into a center that is not the user's own; `remedy` says how to have one.

    Raises: UsageError for the shipped ones, and for one that is made anew of a dbt project.
    """
    folder = settings.center_folder
    if is_dbt(settings.chosen):
        found = "a dbt project, of which the center is made anew"
        advice = f"metric-pipelines import dbt {settings.chosen} --into FOLDER"
        raise UsageError(str(settings.chosen), found, "your own", advice)
    if folder.parent == SHIPPED:
        raise UsageError(str(folder), "the center that comes with the package", "your own", remedy)


def opened(shop: Workshop) -> Opened:
    """Everything that is asked of the ledger, at once."""
    facts = shop.facts()
    in_force = {own.last.id for own in facts.history.values() if own.last is not None} | set(receipts(facts))
    verdicts = shop.ledger.verdicts(in_force)
    found = {one.metric: one for one in health(facts, verdicts)}
    return Opened(shop, facts, standing(facts.graph, facts.history), verdicts, found)


@contextmanager
def reading(settings: Settings, shop: Workshop) -> Iterator[Reader]:
    """A reader of what is published.

    Raises: EnvironmentBrokenError that says what to run first, where nothing was published yet.
    """
    if not has_lake(shop):
        first = "metric-pipelines refresh"
        if demo_missing(settings, shop.center):
            first = f"metric-pipelines load-demo, then {first}"
        raise EnvironmentBrokenError(str(shop.lake.folder), "nothing was published yet", "", first)
    with open_for_reading(shop) as reader:
        yield reader


def has_lake(shop: Workshop) -> bool:
    """Whether anything was ever published in this home folder."""
    return shop.lake.catalog.exists()


def demo_missing(settings: Settings, center: Center) -> bool:
    """Whether this is a shipped center whose source systems are not all laid out."""
    if settings.center_folder.parent != SHIPPED:
        return False
    return not all((settings.home_folder / file).exists() for file in local_files(center))


def local_files(center: Center) -> list[str]:
    """The database files among its sources, as the environment has them now."""
    found = (PLACEHOLDER.sub(_filled, source.connection) for source in center.sources.values())
    return [text.partition(":///")[2] for text in found if text.startswith(LOCAL)]


def _filled(place: re.Match[str]) -> str:
    return os.environ.get(place["name"]) or place["default"] or ""


def main_metric(center: Center, chosen: Collection[str] | None = None) -> str | None:
    """The metric to look at: of the highest tier (or the chosen), that which most others derive from; None
    where all are drafts.
    """
    graph = build_graph(center, center.settings.partitions.start)
    listed = [
        m for m in center.metrics.values() if chosen and f"metrics/{m.name}" in chosen
    ] or center.metrics.values()
    ranked = sorted(listed, key=lambda m: (m.tier, -len(graph.downstream(f"metrics/{m.name}")), m.code))
    return ranked[0].name if ranked else None
