"""What the pages share: a metric's line with its numbers in words, addresses and labels of assets, owners."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from metric_pipelines.dictionary.definitions import Metric, Model
from metric_pipelines.dictionary.drafts import DraftMetric
from metric_pipelines.dictionary.months import shift
from metric_pipelines.dictionary.names import called, folded, quarrels
from metric_pipelines.dictionary.source_definitions import SourceTable
from metric_pipelines.dictionary.yaml_types import Text
from metric_pipelines.figures import Number, difference, number, unit_in, with_unit
from metric_pipelines.publication.roots import Root
from metric_pipelines.publication.standing import chain
from metric_pipelines.scorecards import Change, Line
from metric_pipelines.site.charts import Point, curve
from metric_pipelines.site.queries import Queries
from metric_pipelines.site.reasons import reason_of
from metric_pipelines.site.snapshot import Snapshot
from metric_pipelines.site.words import Bilingual, Phrase, phrase, say, spans

LATE = ("withheld", "blocked")


@dataclass(frozen=True)
class Build:
    """What is said of the build itself: when, since which build changes are told, where Dagster listens."""

    at: datetime
    since: datetime | None
    since_mark: int
    dagster: str


@dataclass(frozen=True)
class Moved:
    """A change in words, and whether it is `good`, `bad` or `neutral` for the metric."""

    text: Phrase
    judgement: str
    whole: bool = False


@dataclass(frozen=True)
class Row:
    """A metric in a list."""

    metric: Metric
    line: Line
    latest: Phrase | None
    month_before: Moved | None
    year_before: Moved | None
    curve: str
    state: str
    kept: bool
    search: str


@dataclass(frozen=True)
class DraftRow:
    """A draft in a list; `owners` as far as they are known."""

    draft: DraftMetric
    owners: list[str]
    search: str


@dataclass(frozen=True)
class Month:
    """A month of a metric: its value, its changes, how it stands; `kept` where an earlier value is shown."""

    month: str
    value: Phrase | None
    before: Moved | None
    year: Moved | None
    state: str
    kept: bool


@dataclass(frozen=True)
class Why:
    """Why months are not as of now: the root asset, its reason, the months."""

    root: str
    root_months: list[str]
    state: str
    months: list[str]
    reason: Bilingual


class Views:
    """Views of one snapshot; each made once."""

    def __init__(self, shot: Snapshot, build: Build, queries: Queries) -> None:
        self.shot, self.build, self.queries = shot, build, queries
        self.center, self.graph = shot.center, shot.graph
        self.lang = shot.center.settings.language
        self._zone = ZoneInfo(shot.center.settings.time_zone)

    @cached_property
    def rows(self) -> dict[str, Row]:
        """All metrics, by department, tier and name."""
        return {name: self._row(line) for name, line in self.shot.lines.items()}

    def _row(self, line: Line) -> Row:
        metric = line.metric
        found = line.value
        latest = phrase(lambda lang: with_unit(lang, found, metric.unit)) if found is not None else None
        stand = self.shot.stands.get((f"metrics/{metric.name}", line.period[:7]))
        texts = [*called(metric), metric.description.en, metric.description.zh, *self.owners_of(metric)]
        return Row(
            metric,
            line,
            latest,
            moved(line.month_before, metric.unit),
            moved(line.year_before, metric.unit),
            curve(line.trend),
            line.health.state,
            stand is not None and stand.state in LATE,
            _searched(texts),
        )

    @cached_property
    def drafts(self) -> list[DraftRow]:
        """All drafts, by department and name."""
        found = sorted(self.center.drafts.values(), key=lambda draft: (draft.department, draft.name))
        return [_draft_row(draft) for draft in found]

    def months(self, metric: Metric) -> list[Month]:
        """The months of a metric, newest first, from the first that has a value or trouble."""
        values = self.shot.lines[metric.name].months
        found = [self._month(metric, month, values) for month in self.graph.months]
        while found and found[0].value is None and found[0].state == "missing":
            found.pop(0)
        return found[::-1]

    def _month(self, metric: Metric, month: str, values: dict[str, Number]) -> Month:
        value, stand = values.get(month), self.shot.stands[f"metrics/{metric.name}", month]
        said = phrase(lambda lang: with_unit(lang, value, metric.unit)) if value is not None else None
        before, year = (values.get(shift(month, -by)) for by in (1, 12))
        late = stand.state in LATE
        return Month(
            month,
            said,
            between(metric, before, value),
            between(metric, year, value),
            stand.state,
            late and value is not None,
        )

    def points(self, metric: Metric) -> list[Point]:
        """The months that have a value, for a chart."""
        values = self.shot.lines[metric.name].months
        return [
            {
                "month": month,
                "value": float(value),
                "text": number(value, metric.unit),
                "kept": self.shot.stands[f"metrics/{metric.name}", month].state in LATE,
            }
            for month, value in sorted(values.items())
        ]

    def whys(self, key: str) -> list[Why]:
        """Why months of an asset are withheld or blocked, each reason once."""
        found: dict[tuple[str, str], Why] = {}
        for month in self.shot.withheld_months(key):
            root = chain(self.shot.stands, (key, month))[-1]
            stand = self.shot.stands[root]
            why = found.setdefault(
                (root[0], stand.reason), Why(root[0], [], stand.state, [], self.reason(*root))
            )
            why.months.append(month)
            if root[1] and root[1] not in why.root_months:
                why.root_months.append(root[1])
        return list(found.values())

    def reason(self, asset: str, partition: str) -> Bilingual:
        """Why a pair is withheld or could not be read, in words."""
        return reason_of(self.shot, asset, partition)

    def spans(self, months: Iterable[str]) -> Phrase:
        """Months in short: `2017-03 to 2017-05, 2017-08`."""
        return spans(months)

    def quoted(self, words: Sequence[str]) -> Phrase:
        """Words in quotation marks, one after the other."""
        return Phrase(", ".join(f"“{w}”" for w in words), "".join(f"“{w}”" for w in words))

    @cached_property
    def roots(self) -> list[Root]:
        """What is not as of now, by root cause."""
        return self.shot.roots

    @cached_property
    def quarrels(self) -> list[tuple[tuple[str, ...], list[str]]]:
        """Metrics that are called by the same words."""
        return quarrels(self.center.metrics.values())

    def quarrels_of(self, name: str) -> list[tuple[tuple[str, ...], list[str]]]:
        """The quarrels a metric is in."""
        return [group for group in self.quarrels if name in group[0]]

    # Labels and addresses

    def label(self, key: str) -> Text | Phrase:
        """The label of an asset."""
        found = self.described(key)
        return found.label if found is not None else Phrase(key, key)

    def described(self, key: str) -> Metric | Model | SourceTable | None:
        """The definition of an asset."""
        kind, _, name = key.partition("/")
        if kind == "metrics":
            return self.center.metrics.get(name)
        if kind == "models":
            return self.center.models.get(name)
        return self.center.sources[kind].tables.get(name) if kind in self.center.sources else None

    def address(self, key: str) -> str:
        """The page of an asset, from the root of the site; empty where it has none (any more)."""
        kind, _, name = key.partition("/")
        if kind == "sources" and name in self.center.sources:
            return f"sources/{name}.html"
        if self.described(key) is None:
            return ""
        return f"{key}.html" if kind in ("metrics", "models") else f"sources/{kind}.html#{name}"

    def dagster(self, key: str) -> str:
        """An asset in the Dagster UI."""
        return f"{self.build.dagster}/{key}"

    def kind(self, key: str) -> str:
        """`metric`, `model` or `source`."""
        return self.graph.nodes[key].kind

    def troubled(self, key: str) -> str:
        """The state to mark an asset with in a picture: its health, or `withheld`; empty where it is well."""
        if key.startswith("metrics/"):
            state = self.shot.healths[key.removeprefix("metrics/")].state
            return "" if state == "healthy" else state
        return "withheld" if self.shot.withheld_months(key) else ""

    @cached_property
    def owner_files(self) -> dict[str, str]:
        """The file of each owner's page, by address."""
        found: dict[str, str] = {}
        for owner in sorted(self._owners()):
            slug = re.sub(r"[^a-z0-9]+", "-", owner.lower()).strip("-")
            taken = slug in found.values() or not slug
            found[owner] = f"{slug}-{hashlib.sha256(owner.encode()).hexdigest()[:6]}" if taken else slug
        return found

    def _owners(self) -> set[str]:
        found = {owner for metric in self.center.metrics.values() for owner in self.owners_of(metric)}
        owners = [model.owners for model in self.center.models.values()]
        owners += [source.owners for source in self.center.sources.values()]
        found |= {owner for row in self.drafts for owner in row.owners}
        return found | {owner for both in owners for owner in (both.business, both.technical)}

    def owners_of(self, metric: Metric) -> list[str]:
        """Both owners, each once."""
        return list(dict.fromkeys([metric.owners.business, metric.owners.technical]))

    def owner_address(self, owner: str) -> str:
        """The page of an owner."""
        return f"owners/{self.owner_files[owner]}.html"

    @cached_property
    def metric_keys(self) -> frozenset[str]:
        """The keys of all metrics."""
        return frozenset(f"metrics/{name}" for name in self.center.metrics)

    def unit(self, metric: Metric) -> Phrase:
        """A unit in words."""
        return phrase(lambda lang: unit_in(lang, metric.unit))

    def moment(self, at: datetime) -> str:
        """A moment in the center's time zone."""
        return f"{at.astimezone(self._zone):%Y-%m-%d %H:%M}"

    def counted(self, rows: Iterable[Row], drafts: Sequence[DraftRow] = ()) -> dict[str, int]:
        """How many metrics are in each state, the bad ones first and drafts last."""
        listed = [row.state for row in rows]
        order = ("never published", "withheld", "failing", "stale", "healthy")
        found = {state: listed.count(state) for state in order if state in listed}
        return found | ({"draft": len(drafts)} if drafts else {})


def _draft_row(draft: DraftMetric) -> DraftRow:
    owners = [who for who in (draft.owners.business, draft.owners.technical) if who]
    said = [text for text in (draft.description, draft.formula_in_words) if text is not None]
    texts = [*called(draft), *(part for text in said for part in (text.en, text.zh)), *owners]
    return DraftRow(draft, list(dict.fromkeys(owners)), _searched(texts))


def _searched(texts: Iterable[str]) -> str:
    """Texts as the search of the first page compares them, one a line."""
    return "\n".join(dict.fromkeys(folded(text) for text in texts if text))


def moved(change: Change | None, unit: str) -> Moved | None:
    """A change of the scorecard in words."""
    if change is None:
        return None
    words = phrase(lambda lang: difference(lang, change.difference, change.relative, unit))
    if change.whole:
        words = say("whole_month", change=words)
    return Moved(words, change.judgement, change.whole)


def between(metric: Metric, before: Number | None, value: Number | None) -> Moved | None:
    """The change from one month to another in words."""
    if before is None or value is None:
        return None
    absolute = float(value) - float(before)
    relative = absolute / abs(float(before)) if before else None
    judgement = "neutral"
    if absolute and metric.direction != "none":
        judgement = "good" if (absolute > 0) == (metric.direction == "up") else "bad"
    return Moved(phrase(lambda lang: difference(lang, absolute, relative, metric.unit)), judgement)
