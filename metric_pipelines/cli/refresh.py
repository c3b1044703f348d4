"""`refresh`: what would be computed, or computing it; then the scorecard and what is not published."""

from __future__ import annotations

import logging
import time
import warnings
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rich.text import Text

from metric_pipelines.cli import outcome, scorecard
from metric_pipelines.cli.dates import months_of
from metric_pipelines.cli.opening import demo_missing, has_lake, local_files, opened, reading, workshop
from metric_pipelines.cli.progress import span, watched
from metric_pipelines.cli.screen import Screen
from metric_pipelines.cli.selection import selected
from metric_pipelines.dictionary.graph import Graph, Pair
from metric_pipelines.errors import EnvironmentBrokenError
from metric_pipelines.ledger.ledger import PairHistory, now
from metric_pipelines.notifications.sending import told_of
from metric_pipelines.publication.plan import Scope, Work, foreseen, waiting
from metric_pipelines.publication.workshop import Workshop
from metric_pipelines.scorecards import scorecard as lines_of
from metric_pipelines.settings import Settings
from metric_pipelines.site.writing import NOT_BUILT, folder_of

NOISY = ("dagster", "great_expectations", "pandera", "metricflow", "metricflow_semantics", "alembic")


@dataclass(frozen=True)
class Asked:
    """What was typed: selections and months."""

    select: list[str] = field(default_factory=list)
    partitions: list[str] = field(default_factory=list)

    def scope(self, shop: Workshop) -> Scope:
        """The scope of a plan. Who selects wants it computed, due or not.

        Raises: UsageError for an unknown asset or month.
        """
        assets = selected(shop.graph, self.select)
        months = months_of("--partitions", self.partitions, shop.graph.months)
        return Scope(frozenset(assets) or None, frozenset(months) or None, now(), forced=bool(assets))


def dry_run(screen: Screen, settings: Settings, asked: Asked, *, as_json: bool) -> None:
    """Prints what would be computed, and does nothing."""
    shop = workshop(settings, ask_sources=True)
    scope = asked.scope(shop)
    certain, then = foreseen(shop.facts(), scope)
    late = list(dict.fromkeys(root[0] for root in waiting(shop.facts(), scope).values()))
    if as_json:
        screen.json(plain_plan(shop, scope, certain, then))
        return
    say = screen.say
    if late:
        screen.line(say("refresh.due_first", names=", ".join(late)), style="warn")
    if not certain:
        screen.line(say("refresh.nothing_due"))
        return
    screen.title(say("refresh.plan", day=shop.today))
    for work in certain:
        screen.blank()
        _rectangle(screen, shop.graph, work)
    if then:
        screen.heading(say("refresh.upper"))
        for work in then:
            screen.blank()
            _rectangle(screen, shop.graph, work)


def _rectangle(screen: Screen, graph: Graph, work: Work) -> None:
    """The months and pairs of a rectangle, then its assets by kind."""
    pairs = screen.say("refresh.pairs", n=pairs_of(graph, work))
    screen.line(Text.assemble((span(screen.say, work), "title"), (f"  {pairs}", "note")))
    kinds: dict[str, list[str]] = {}
    for key in work.assets:
        kinds.setdefault(graph.nodes[key].kind, []).append(key)
    screen.pairs([(screen.say.kinds(kind, len(keys)), ", ".join(keys)) for kind, keys in kinds.items()])


def pairs_of(graph: Graph, work: Work) -> int:
    """How many (asset, month) pairs a rectangle holds."""
    months = [m for m in graph.months if work.first <= m <= work.last] if work.first else [""]
    return len(work.assets) * len(months)


def plain_plan(shop: Workshop, scope: Scope, certain: list[Work], then: list[Work]) -> dict[str, Any]:
    """The plan as plain values, for programs; `certain` is what does not depend on what else turns out."""
    rows = [
        {
            "assets": list(work.assets),
            "first": work.first,
            "last": work.last,
            "pairs": pairs_of(shop.graph, work),
            "certain": work in certain,
        }
        for work in (*certain, *then)
    ]
    total = sum(pairs_of(shop.graph, work) for work in (*certain, *then))
    return {"dry_run": True, "today": shop.today, "forced": scope.forced, "pairs": total, "work": rows}


def refresh(screen: Screen, settings: Settings, asked: Asked, *, as_json: bool) -> int:
    """Carries out a refresh; returns 1 where something is not published.

    Raises: EnvironmentBrokenError where the demo's sources are not there, InternalError where the run
    itself failed.
    """
    shop = workshop(settings, ask_sources=True)
    scope = asked.scope(shop)
    _check_sources(settings, shop)
    before, began = shop.ledger.mark(), time.monotonic()
    run_id = _carry_out(screen, settings, shop, scope)
    took = time.monotonic() - began
    shop = workshop(settings)
    found = opened(shop)
    site = folder_of(settings.home_folder) / "index.html"
    done = outcome.Outcome(
        run_id,
        took,
        _computed(found.facts.history, before),
        outcome.not_published(found, scope),
        site if site.exists() else None,
        shop.ledger.noted(NOT_BUILT) or "",
        told_of(shop.ledger, shop.center.channels, run_id),
    )
    if not has_lake(shop):
        lines = []
    else:
        with reading(settings, shop) as reader:
            lines = lines_of(reader, found.healths)
    if as_json:
        screen.json({**outcome.plain(done), "scorecard": scorecard.plain(found, lines)})
        return done.exit_code
    if lines:
        scorecard.board(screen, found, lines)
    outcome.told(screen, settings, found, scope, done)
    return done.exit_code


def _check_sources(settings: Settings, shop: Workshop) -> None:
    """Stops where the shipped center has nothing to read, before everything is reported unavailable."""
    local = local_files(shop.center)
    if demo_missing(settings, shop.center) and not any(
        (settings.home_folder / file).exists() for file in local
    ):
        folder = settings.home_folder / "sources"
        raise EnvironmentBrokenError(
            str(folder), "the demo's source systems are not there", "", "metric-pipelines load-demo"
        )


def _carry_out(screen: Screen, settings: Settings, shop: Workshop, scope: Scope) -> str:
    """The run's id."""
    _quiet()
    with watched(screen.say, shop.graph) as progress:
        # Here, and under the live line, since Dagster takes a second and a half to import.
        from metric_pipelines.orchestration.launch import refresh_here

        launched = refresh_here(
            shop.center,
            settings.home_folder,
            sorted(scope.assets or ()),
            sorted(scope.months or ()),
            forced=scope.forced,
            announce=progress,
        )
    return launched.run_id


def _quiet() -> None:
    """Nothing of what libraries tell developers: what matters is in the ledger, and said by us."""
    warnings.simplefilter("ignore")
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _computed(history: Mapping[Pair, PairHistory], before: int) -> dict[str, int]:
    """How many pairs were published, withheld and unavailable since a mark of the ledger."""
    states = Counter(
        own.latest.state for own in history.values() if own.latest is not None and own.latest.id > before
    )
    return {state: states[state] for state in ("published", "withheld", "unavailable")}
