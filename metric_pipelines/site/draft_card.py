"""What the page of a draft shows: what is said of it so far, what is missing, and never a number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from metric_pipelines.dictionary.drafts import COMPUTATION, DraftMetric
from metric_pipelines.dictionary.yaml_types import Text
from metric_pipelines.figures import unit_in
from metric_pipelines.site.views import Views
from metric_pipelines.site.words import Phrase, phrase, say


def draft_page(views: Views, draft: DraftMetric) -> dict[str, Any]:
    """The values of the template `draft.html`."""
    key = f"metrics/{draft.name}"
    return {
        "draft": draft,
        "key": key,
        "owners": [(role, who) for role, who in _owners(draft) if who],
        "meaning": [(word, text) for word, text in _meaning(draft) if text is not None],
        "facts": list(_facts(draft)),
        "missing": [_missing(name) for name in draft.missing()],
        "file": str(views.center.files[key].path.relative_to(views.center.folder)),
    }


def _owners(draft: DraftMetric) -> list[tuple[str, str | None]]:
    return [("business", draft.owners.business), ("technical", draft.owners.technical)]


def _meaning(draft: DraftMetric) -> Iterator[tuple[Phrase, Text | Phrase | None]]:
    yield say("draft.formula"), draft.formula_in_words
    yield say("purpose"), draft.purpose
    yield say("counted"), draft.counted
    yield say("not_counted"), draft.not_counted
    yield say("caveats"), draft.caveats
    yield say("scenario"), draft.scenario
    names = ", ".join(draft.synonyms)
    yield say("synonyms"), Phrase(names, names.replace(", ", "、")) if names else None


def _facts(draft: DraftMetric) -> Iterator[tuple[Phrase, Phrase]]:
    """The fields of the card that are known."""
    if draft.code:
        yield say("code"), Phrase(draft.code, draft.code)
    if draft.tier:
        yield say("tier"), say(f"tier.{draft.tier}")
    if (unit := draft.unit) is not None:
        yield say("unit"), phrase(lambda lang: unit_in(lang, unit))
    if draft.direction:
        yield say("direction"), say(f"direction.{draft.direction}")
    if draft.refresh_frequency:
        yield say("refresh"), say(f"refresh.{draft.refresh_frequency}")
    if draft.origin is not None:
        sheet = f" · {draft.origin.sheet}" if draft.origin.sheet else ""
        yield say("draft.from"), say("draft.row", file=f"{draft.origin.file}{sheet}", row=draft.origin.row)


def _missing(name: str) -> Phrase:
    return say("draft.key.type") if name == COMPUTATION else say("draft.key", name=name)
