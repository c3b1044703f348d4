"""How a refresh ended: what is not published by root cause, what that blocks, and what to type next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.padding import Padding
from rich.text import Text

from metric_pipelines.cli import figures
from metric_pipelines.cli.opening import Opened, demo_missing, main_metric
from metric_pipelines.cli.screen import MARGIN, STATE_STYLES, Screen
from metric_pipelines.demo import changes
from metric_pipelines.errors import MetricPipelinesError
from metric_pipelines.notifications.sending import TAKEN, Noted
from metric_pipelines.publication.plan import Scope, waiting
from metric_pipelines.publication.refresh import troubles
from metric_pipelines.publication.roots import Root, roots_of
from metric_pipelines.settings import SHIPPED, Settings

NAMED = 6


@dataclass(frozen=True)
class Outcome:
    """A finished refresh: its run, its time, what became of how many pairs, what is not published; the first
    page of the dictionary where there is one, and why it could not be built where it could not; what became
    of its alert, by channel.
    """

    run_id: str
    seconds: float
    computed: dict[str, int]
    roots: list[Root]
    site: Path | None = None
    not_built: str = ""
    alerts: dict[str, Noted] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """1 where something is not published."""
        return 1 if self.roots else 0


def not_published(found: Opened, scope: Scope) -> list[Root]:
    """What a refresh left withheld, blocked, unavailable, waiting or never computed."""
    pairs = [trouble.pair for trouble in troubles(found.facts, scope)]
    return roots_of(found.facts, found.stands, pairs, waiting(found.facts, scope))


def plain(done: Outcome) -> dict[str, Any]:
    """The end of a refresh as plain values, for programs."""
    rows = [
        {"asset": r.asset, "state": r.state, "months": r.months, "reasons": r.reasons, "blocked": r.blocked}
        for r in done.roots
    ]
    return {
        "run_id": done.run_id,
        "published_all": not done.roots,
        "seconds": round(done.seconds, 3),
        "computed": done.computed,
        "not_published": rows,
        "site": {"index": str(done.site) if done.site else None, "not_built": done.not_built or None},
        "alerts": [
            {"channel": name, "state": one.state, "reason": one.reason or None}
            for name, one in done.alerts.items()
        ],
    }


def told(screen: Screen, settings: Settings, found: Opened, scope: Scope, done: Outcome) -> None:
    """Says how it ended, on the screen."""
    say, took = screen.say, figures.seconds(done.seconds)
    screen.blank()
    if any(done.computed.values()):
        screen.line(say("refresh.done", seconds=took, **done.computed), style="bad" if done.roots else "good")
    elif not done.roots:
        screen.line(say("refresh.nothing", seconds=took), style="good")
    if done.roots:
        screen.heading(say("refresh.not_published"))
        for root in done.roots:
            _root(screen, settings, found, root)
    steps = _steps(screen, settings, found, done.roots)
    if done.not_built:
        screen.line(say("site.failed", reason=done.not_built), style="warn")
        steps.append(("metric-pipelines site", say("refresh.site.again")))
    steps += _alerts(screen, done)
    screen.next_steps(steps)
    _links(screen, settings, found, scope, done)


def _alerts(screen: Screen, done: Outcome) -> list[tuple[str, str]]:
    """Says who was told, and who was not; what to type about that."""
    say = screen.say
    taken = [name for name, one in done.alerts.items() if one.state == TAKEN]
    if taken:
        screen.line(say("refresh.alerted", names=", ".join(taken)), style="note")
    others = {name: one for name, one in done.alerts.items() if one.state != TAKEN}
    for name, one in others.items():
        screen.line(say("refresh.not_alerted", name=name, reason=one.reason or one.state), style="warn")
    return [("metric-pipelines alerts test", say("alerts.try"))] if others else []


def _root(screen: Screen, settings: Settings, found: Opened, root: Root) -> None:
    say = screen.say
    months = figures.month_spans(say, root.months)
    state = Text(say(f"state.{root.state}"), style=STATE_STYLES[root.state])
    screen.block(Text.assemble((root.asset, "title"), f" {months} " if months else " ", state))
    own = {"missing": "refresh.missing", "waiting": "refresh.due_too"}
    reasons = [("", say(own[root.state]))] if root.state in own else _reasons(root)
    for month, reason in reasons:
        screen.block(Padding(f"{month}: {reason}" if month else reason, MARGIN))
    rows: list[tuple[str, str | Text]] = []
    if root.blocked:
        names = list(root.blocked)
        rest = len(names) - NAMED
        more = f" {say('and_more', n=rest, total=len(names))}" if rest > 0 else ""
        touched = figures.month_spans(say, [m for some in root.blocked.values() for m in some])
        rows.append(
            (
                say("refresh.blocks", n=len(names)),
                Text(f"{', '.join(names[:NAMED])}{more}  {touched}", style="note"),
            )
        )
    rejected = _rejected(settings, found, root)
    rows += [(say("refresh.rejected"), Text(str(rejected), style="note"))] if rejected is not None else []
    if root.state == "withheld" and _kept(found, root):
        rows.append(("", Text(say("refresh.keeps"), style="note")))
    screen.pairs([(f"  {label}", text) for label, text in rows])


def _reasons(root: Root) -> list[tuple[str, str]]:
    """Each reason once; with its month where there are several."""
    reasons = dict.fromkeys(root.reasons.values())
    if len(reasons) == 1:
        return [("", next(iter(reasons)))]
    return [(month, root.reasons[month]) for month in root.months]


def _rejected(settings: Settings, found: Opened, root: Root) -> Path | None:
    """The folder with rows of what was withheld, where they were kept."""
    last = found.facts.history[root.asset, root.months[0]].last if root.state == "withheld" else None
    folder = settings.home_folder / "rejected" / last.publication if last is not None else None
    return folder if folder is not None and folder.is_dir() else None


def _kept(found: Opened, root: Root) -> bool:
    return any(found.facts.history[root.asset, month].published is not None for month in root.months)


def _steps(screen: Screen, settings: Settings, found: Opened, roots: Sequence[Root]) -> list[tuple[str, str]]:
    say, states = screen.say, {root.state for root in roots}
    if not roots:
        first = main_metric(found.center)
        looks = [
            (f"metric-pipelines show {first}", say("refresh.card")),
            (f"metric-pipelines values {first} --grain month", say("refresh.explore")),
        ]
        return [*(looks if first else []), ("metric-pipelines up", say("refresh.board"))]
    steps: list[tuple[str, str]] = []
    if "withheld" in states and _demo_spoiled(settings):
        steps.append(("metric-pipelines demo fix", say("refresh.fix")))
    if "unavailable" in states and demo_missing(settings, found.center):
        steps.append(("metric-pipelines load-demo", say("demo.compute")))
    if "missing" in states:
        names = ",".join(f"+{root.asset}" for root in roots if root.state == "missing")
        steps.append((f"metric-pipelines refresh --select {names}", say("refresh.upstream")))
    if states & {"withheld", "unavailable", "waiting"}:
        what = {"withheld": "refresh.again", "unavailable": "refresh.retry", "waiting": "refresh.all"}[
            next(state for state in ("withheld", "unavailable", "waiting") if state in states)
        ]
        steps.append(("metric-pipelines refresh", say(what)))
    return [*steps, ("metric-pipelines health", say("refresh.health"))]


def _demo_spoiled(settings: Settings) -> bool:
    """Whether the demo's bad month may be what is withheld."""
    if settings.center_folder.parent != SHIPPED:
        return False
    try:
        return bool(changes.spoiled(settings.home_folder / "sources"))
    except MetricPipelinesError:
        return False


def _links(screen: Screen, settings: Settings, found: Opened, scope: Scope, done: Outcome) -> None:
    say, base = screen.say, f"http://127.0.0.1:{settings.port}"
    metric = main_metric(found.center, scope.assets)
    asset = done.roots[0].asset if done.roots else f"metrics/{metric}"
    looks = [(f"{base}/assets/{asset}", "")] if done.roots or metric else []
    screen.links(say("in_dagster"), [*looks, (f"{base}/runs/{done.run_id}", say("refresh.run"))])
    if done.site is not None:
        screen.links(say("refresh.site"), [(done.site.as_uri(), "")])
