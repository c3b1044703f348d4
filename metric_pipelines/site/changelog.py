"""The change log (变更日志): what happened to definitions and months, in words, newest first.

Months that one run changed alike are one entry.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from metric_pipelines.dictionary.definitions import Metric, MetricCard
from metric_pipelines.figures import difference, number
from metric_pipelines.findings import in_words
from metric_pipelines.ledger.log import Event
from metric_pipelines.site.snapshot import Snapshot
from metric_pipelines.site.texts import KEYS
from metric_pipelines.site.timeline import Change, Difference, Moment, differences
from metric_pipelines.site.words import Bilingual, Phrase, phrase, say, spans

DEFINITIONS = ("added", "removed", "changed", "computation")
TEXTS_OF_CARDS = set(MetricCard.model_fields) - {"grain", "dimensions"}
"""Keys of a metric that move no number."""


@dataclass(frozen=True)
class Detail:
    """A line below an entry: what (a key, a month), what it was, what it is, and by how much it moved."""

    what: Phrase
    before: str
    after: str
    moved: Phrase | None = None
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entry:
    """Something that happened; `what` is its kind, `note` the reason."""

    at: datetime
    what: str
    asset: str
    title: Phrase
    note: Bilingual | None = None
    details: list[Detail] = field(default_factory=list)


def log_of_metric(shot: Snapshot, metric: Metric) -> list[Entry]:
    """All that happened to a metric, and to what it is derived from, newest first."""
    key = f"metrics/{metric.name}"
    above = shot.graph.upstream(key)
    events = [e for asset in (key, *above) for e in shot.events_of.get(asset, [])]
    own = [e for e in events if e.asset == key or e.what != "restated"]
    found = [*_computations(shot, key), *of_events(shot, own)]
    for moment in shot.timeline:
        for change in moment.changes:
            if change.asset == key:
                found += _meaning(moment, change)
            elif change.asset in above or _is_source_of(change.asset, above):
                found.append(_changed(moment.at, change))
    return newest_first(found)


def newest_first(entries: Iterable[Entry]) -> list[Entry]:
    """Entries in order; definitions before what they caused."""
    return sorted(entries, key=lambda e: (e.at, e.what not in DEFINITIONS), reverse=True)


def of_events(shot: Snapshot, events: Iterable[Event]) -> Iterator[Entry]:
    """An entry for all months that one run treated alike."""
    alike: dict[tuple[str, str, str, str], list[Event]] = {}
    for event in events:
        alike.setdefault((event.asset, event.what, event.run_id, _reason(event)), []).append(event)
    for (asset, what, _, _), members in alike.items():
        months = spans([e.partition for e in members])
        title = say(f"log.{what}", months=months if months.en else say("log.whole"))
        details = [_month(shot, e) for e in members] if what == "restated" else []
        yield Entry(members[-1].at, what, asset, title, _note(shot, members[0]), details)


def _note(shot: Snapshot, event: Event) -> Bilingual | None:
    return in_words(shot.verdicts.get(event.id, []), event.reason) if event.reason else None


def _reason(event: Event) -> str:
    """What tells events apart; a restatement by another computation is not one by other inputs."""
    if event.what == "restated":
        return f"{event.version_before} {event.version}"
    return event.reason


def _month(shot: Snapshot, event: Event) -> Detail:
    metric = shot.center.metrics.get(event.asset.removeprefix("metrics/"))
    unit = metric.unit if metric is not None else ""
    before, after = event.before, event.after
    month = Phrase(event.partition, event.partition)
    if before is None or after is None:
        return Detail(month, "", "", say("log.rows_moved"))
    if before == after:
        return Detail(month, number(before, unit), number(after, unit), say("log.same_total"))
    absolute = after - before
    relative = absolute / abs(before) if before else None
    moved = phrase(lambda lang: difference(lang, absolute, relative, unit))
    return Detail(month, number(before, unit), number(after, unit), moved)


def _computations(shot: Snapshot, key: str) -> Iterator[Entry]:
    """Each computation with what its definition changed; where it changed nothing itself, an input did."""
    known = shot.computations.get(key, [])
    for i, one in enumerate(known):
        title = say("log.computation", n=one.number)
        if i == 0:
            yield Entry(one.first_used_at, "computation", key, title)
            continue
        changed = differences(known[i - 1].definition, one.definition)
        details = [detail(d) for d in changed if d.path.split(".")[0] not in TEXTS_OF_CARDS]
        note = None if details else say("log.input_changed")
        yield Entry(one.first_used_at, "computation", key, title, note, details)


def _meaning(moment: Moment, change: Change) -> Iterator[Entry]:
    """Changes of a metric's texts and card; those of its computation are told with their first use."""
    kept = tuple(d for d in change.differences if d.path.split(".")[0] in TEXTS_OF_CARDS)
    if kept or change.what != "changed":
        yield _changed(moment.at, Change(change.asset, change.what, kept))


def of_definitions(moments: Iterable[Moment]) -> Iterator[Entry]:
    """An entry for each definition that was added, removed or changed."""
    for moment in moments:
        for change in moment.changes:
            yield _changed(moment.at, change)


def _changed(at: datetime, change: Change) -> Entry:
    details = [detail(d) for d in change.differences]
    kind = "metric" if change.asset.startswith("metrics/") else "other"
    return Entry(at, change.what, change.asset, say(f"log.{change.what}.{kind}"), None, details)


def detail(found: Difference) -> Detail:
    """A difference in words."""
    if found.lines:
        return Detail(key_words(found.path), "", "", lines=found.lines)
    return Detail(key_words(found.path), found.before or "", found.after or "")


def key_words(path: str) -> Phrase:
    """A dotted path in words: `description.zh` is the description, in Chinese."""
    root, *rest = path.split(".")
    english, chinese = KEYS.get(root, (root, root))
    for part in rest:
        if part in ("en", "zh"):
            english += " (English)" if part == "en" else " (Chinese)"
            chinese += "（英文）" if part == "en" else "（中文）"
        else:
            inner = KEYS.get(part, (part, part))
            english, chinese = f"{english}: {inner[0]}", f"{chinese}：{inner[1]}"
    return Phrase(english, chinese)


def _is_source_of(asset: str, above: set[str]) -> bool:
    kind, _, name = asset.partition("/")
    return kind == "sources" and any(key.startswith(f"{name}/") for key in above)
