"""What a metric is called, in both languages, and words that several metrics are called by."""

from __future__ import annotations

import re
from collections.abc import Iterable
from unicodedata import category, normalize

from metric_pipelines.dictionary.definitions import Metric
from metric_pipelines.dictionary.drafts import DraftMetric

Defined = Metric | DraftMetric
"""What stands in the dictionary under a name."""

READ_ALOUD = "%‰&/@#*†§"
"""Punctuation that means something."""

Place = tuple[str | int, ...]
"""Where in a metric's file a word stands."""


def called(metric: Defined) -> list[str]:
    """All that a metric is called: name, code, labels, synonyms."""
    return [word for word, _ in words_of(metric)]


def words_of(metric: Defined) -> list[tuple[str, Place]]:
    """All that a metric is called, with where it says so."""
    found: list[tuple[str, Place]] = [(metric.name, ("name",)), (metric.code or "", ("code",))]
    found += [(metric.label.en, ("label", "en")), (metric.label.zh, ("label", "zh"))]
    found += [(word, ("synonyms", i)) for i, word in enumerate(metric.synonyms)]
    return [(word, place) for word, place in found if word]


def folded(text: str) -> str:
    """A text as it is compared: without case, full width, underscores and double blanks."""
    return " ".join(normalize("NFKC", text).casefold().replace("_", " ").split())


def as_said(text: str) -> str:
    """A text as it sounds, in either script: folded, without hyphens, full stops, quotes, brackets, blanks.

    `Month-to-date sales` and `month to date sales` are one, so are `A.B.C.` and `ABC`; signs that are read
    (`%`, `&`, `/`, `+`) stay, and digits that were apart stay apart (`1.5` is not `15`).
    """
    plain = folded(text)
    heard = "".join(" " if _is_silent(sign) else sign for sign in plain)
    return re.sub(r"(?<!\d) +| +(?!\d)", "", heard) or plain


def _is_silent(sign: str) -> bool:
    return sign not in READ_ALOUD and category(sign)[0] in "PZC"


def shared_names(first: Metric, second: Metric) -> list[str]:
    """What both metrics are called."""
    others = {as_said(name) for name in called(second)}
    return list(dict.fromkeys(name for name in called(first) if as_said(name) in others))


def quarrels(metrics: Iterable[Metric]) -> list[tuple[tuple[str, ...], list[str]]]:
    """Metrics that are called by one word though they are not the same, with all such words; by name."""
    by_word: dict[str, tuple[str, dict[str, None]]] = {}
    for metric in sorted(metrics, key=lambda m: m.name):
        for word in called(metric):
            by_word.setdefault(as_said(word), (word, {}))[1][metric.name] = None
    groups: dict[tuple[str, ...], list[str]] = {}
    for word, names in by_word.values():
        if len(names) > 1:
            groups.setdefault(tuple(names), []).append(word)
    return sorted(groups.items())
