"""`show` of a draft: what is said of it so far, and what is missing until it can be computed."""

from __future__ import annotations

from typing import Any

from metric_pipelines.cli.screen import Screen, near
from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.drafts import COMPUTATION, DraftMetric
from metric_pipelines.dictionary.yaml_types import Text


def show(screen: Screen, center: Center, draft: DraftMetric, *, as_json: bool) -> None:
    """Prints the card of a draft, or the same as JSON."""
    if as_json:
        screen.json(plain(center, draft))
        return
    say, label = screen.say, draft.label
    names = " · ".join(dict.fromkeys(text for text in (label.of(screen.lang), label.en, label.zh) if text))
    screen.title(f"{names} ({say('draft')})", draft.name)
    if draft.description is not None:
        screen.block(draft.description.of(screen.lang))
    screen.blank()
    screen.line(say("draft.not_computed"), style="warn")
    screen.blank()
    screen.pairs([(key, text) for key, text in _facts(screen, center, draft) if text])
    if draft.notes:
        screen.heading(say("draft.notes"))
        screen.pairs(list(draft.notes.items()))
    screen.heading(say("draft.missing"))
    for key in draft.missing():
        screen.block(say("draft.key.type") if key == COMPUTATION else say("draft.key", name=key))
    file = near(center.where(f"metrics/{draft.name}", COMPUTATION))
    steps = [(file, say("draft.write")), ("metric-pipelines validate", say("draft.validate"))]
    screen.next_steps(steps)


def plain(center: Center, draft: DraftMetric) -> dict[str, Any]:
    """The card as plain values, for programs."""
    key = f"metrics/{draft.name}"
    card = draft.model_dump(mode="json")
    return {**card, "file": center.where(key), "missing": draft.missing()}


def _facts(screen: Screen, center: Center, draft: DraftMetric) -> list[tuple[str, str]]:
    say, lang = screen.say, screen.lang

    def text(value: Text | None) -> str:
        return value.of(lang) if value is not None else ""

    roles = [("business", draft.owners.business), ("technical", draft.owners.technical)]
    owners = [say(f"show.owner.{role}", who=who) for role, who in roles if who]
    frequency, tier, direction = draft.refresh_frequency, draft.tier, draft.direction
    return [
        (say("show.code"), draft.code or ""),
        (say("department"), center.settings.departments[draft.department].label.of(lang)),
        (say("show.owners"), ", ".join(owners)),
        (say("show.purpose"), text(draft.purpose)),
        (say("show.counted"), text(draft.counted)),
        (say("show.not_counted"), text(draft.not_counted)),
        (say("show.caveats"), text(draft.caveats)),
        (say("show.scenario"), text(draft.scenario)),
        (say("show.synonyms"), ", ".join(draft.synonyms)),
        (say("tier"), say(f"show.tier.{tier}") if tier else ""),
        (say("unit"), say.unit(draft.unit or "")),
        (say("show.target"), "" if draft.target is None else f"{draft.target:g}"),
        (say("show.direction"), say(f"show.direction.{direction}") if direction else ""),
        (say("show.refresh"), say(f"show.refresh.{frequency}") if frequency else ""),
        (say("draft.formula"), text(draft.formula_in_words)),
        (say("draft.from"), _origin(screen, draft)),
        (say("show.file"), near(center.where(f"metrics/{draft.name}"))),
    ]


def _origin(screen: Screen, draft: DraftMetric) -> str:
    if draft.origin is None:
        return ""
    told = draft.origin
    if told.sheet is None:
        return screen.say("draft.row", file=told.file, row=told.row)
    return screen.say("draft.sheet_row", file=told.file, sheet=told.sheet, row=told.row)
