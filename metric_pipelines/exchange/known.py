"""What a name, code or department of a list meets: in the dictionary, and further up in the same list."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.definitions import Metric
from metric_pipelines.dictionary.drafts import DraftMetric
from metric_pipelines.dictionary.yaml_types import Text
from metric_pipelines.exchange.values import slug
from metric_pipelines.exchange.wording import folded, is_chinese

Defined = Metric | DraftMetric


@dataclass
class Dictionary:
    """Metrics and drafts of a center by what they are called, and the names that are taken."""

    by_name: dict[str, list[Defined]] = field(default_factory=dict)
    by_synonym: dict[str, Defined] = field(default_factory=dict)
    by_code: dict[str, str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, center: Center) -> Dictionary:
        """All that a center defines."""
        found = cls()
        for metric in [*center.metrics.values(), *center.drafts.values()]:
            found.taken.add(metric.name)
            for name in (metric.name, metric.label.en, metric.label.zh):
                found.by_name.setdefault(folded(name), []).append(metric)
            for word in metric.synonyms:
                found.by_synonym.setdefault(folded(word), metric)
            if metric.code:
                found.by_code[folded(metric.code)] = metric.name
        found.by_name.pop("", None)
        found.by_synonym.pop("", None)
        return found

    def named(self, names: Iterable[str], code: str, meaning: Mapping[str, str]) -> Defined | None:
        """The metric whose name or label is one of these: of several, that of the same meaning, or code."""
        alike = next((self.by_name[n] for name in names if (n := folded(name)) in self.by_name), [])
        by_code = [metric for metric in alike if code and folded(metric.code or "") == folded(code)]
        by_meaning = [metric for metric in alike if not differs(metric, meaning)]
        by_both = [metric for metric in by_code if metric in by_meaning]
        return next(iter([*by_both, *by_meaning, *by_code, *alike]), None)

    def also_called(self, labels: Iterable[str], synonyms: Iterable[str]) -> Defined | None:
        """The metric that shares a synonym: one's label or synonym is the other's synonym."""
        alike = [self.by_synonym.get(folded(text)) for text in [*labels, *synonyms]]
        alike += [metric for text in synonyms for metric in self.by_name.get(folded(text), [])]
        return next((metric for metric in alike if metric is not None), None)

    def key(self, wished: str) -> str:
        """A name that is free, best the wished one; `metric_<n>` where none is wished."""
        key = wished or free("metric", self.taken.__contains__)
        if key in self.taken:
            key = free(key, self.taken.__contains__, first=2)
        self.taken.add(key)
        return key


def differs(metric: Defined, meaning: Mapping[str, str]) -> bool:
    """Whether a metric's description says something else than these texts, by language."""
    theirs = metric.description
    if theirs is None:
        return False
    return any(folded(text) != folded(theirs.of(lang)) for lang, text in meaning.items())


@dataclass
class Departments:
    """Departments of a center by key and label, and those a list adds."""

    known: dict[str, str]
    added: dict[str, Text] = field(default_factory=dict)

    @classmethod
    def of(cls, center: Center) -> Departments:
        """Those that `center.yaml` names."""
        known = {}
        for key, department in center.settings.departments.items():
            for name in (department.label.en, department.label.zh, key):
                known[folded(name)] = key
        known.pop("", None)
        return cls(known)

    def key(self, text: str) -> tuple[str, bool]:
        """The key of a department, and whether it is new."""
        name = folded(text)
        if name not in self.known:
            keys = {*self.known.values()}
            wished = slug(text)
            key = wished if wished and wished not in keys else free(wished or "department", keys.__contains__)
            self.known[name] = key
            self.added[key] = Text(zh=text) if is_chinese(text) else Text(en=text)
        return self.known[name], self.known[name] in self.added


def free(stem: str, taken: Callable[[str], bool], first: int = 1) -> str:
    """The first of `<stem>_1`, `<stem>_2` ... that is not taken."""
    number = first
    while taken(f"{stem}_{number}"):
        number += 1
    return f"{stem}_{number}"
