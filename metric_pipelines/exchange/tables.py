"""The whole dictionary as tables of plain values: what the exported workbook holds, sheet by sheet.

Stays out: how it looks (`workbook.py`). Connections are left out: they may hold secrets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.definitions import Metric
from metric_pipelines.dictionary.drafts import DraftMetric
from metric_pipelines.dictionary.formulas import formula
from metric_pipelines.dictionary.yaml_types import Column, Expectation, TableRules, Text

Value = str | int | float | date | None
Row = dict[str, Value]

BEFORE = ("key", "code", "label.en", "label.zh", "department")
WORDS_OF_A_CARD = tuple(
    f"{name}.{lang}"
    for name in ("description", "purpose", "counted", "not_counted", "caveats", "scenario")
    for lang in ("en", "zh")
)
ANSWERING = ("synonyms", "business_owner", "technical_owner", "tier", "unit", "direction", "target")
METRIC = (
    *BEFORE,
    *WORDS_OF_A_CARD,
    *ANSWERING,
    *("refresh_frequency", "reviewed_on", "review_every", "formula", "type", "grain", "dimensions"),
    *("checks", "freshness", "file", "state", "reason"),
)
DRAFT = (
    *BEFORE,
    *WORDS_OF_A_CARD,
    *ANSWERING,
    *("refresh_frequency", "reviewed_on", "formula.en", "formula.zh", "missing", "notes", "origin", "file"),
)
NAMED = ("name", "label.en", "label.zh", "description.en", "description.zh")
MODEL = (*NAMED, "business_owner", "technical_owner", "partition_by", "time", "dimensions", "columns", "file")
SOURCE = (
    *("source", "table", "label.en", "label.zh", "description.en", "description.zh"),
    *("partition_by", "table_rules", "column", "column_type", "nullable", "rules"),
    *("business_owner", "technical_owner"),
)
DEPARTMENT = ("key", "label.en", "label.zh", "metric_count", "draft_count")
OWNER = ("address", "role", "kind", "name")


@dataclass(frozen=True)
class Health:
    """How a metric is, in words for people."""

    state: str
    reason: str = ""


@dataclass(frozen=True)
class Table:
    """One sheet: its name and columns (keys of `workbook_words`), and its rows by column."""

    name: str
    columns: tuple[str, ...]
    rows: list[Row]


def tables(center: Center, healths: Mapping[str, Health], lang: str) -> list[Table]:
    """All sheets; `healths` are by metric, and may be empty. Departments are named in `lang`."""
    drafts = center.drafts.values()
    return [
        Table("metrics", METRIC, [_metric(center, m, healths, lang) for m in center.metrics.values()]),
        Table("drafts", DRAFT, [_draft(center, draft, lang) for draft in drafts]),
        Table("models", MODEL, list(_models(center))),
        Table("sources", SOURCE, list(_sources(center))),
        Table("departments", DEPARTMENT, list(_departments(center))),
        Table("owners", OWNER, sorted(_owners(center), key=lambda row: [str(v) for v in row.values()])),
    ]


def _texts(name: str, text: Text | None) -> Row:
    return {f"{name}.en": text.en if text else None, f"{name}.zh": text.zh if text else None}


def _card(center: Center, metric: Metric | DraftMetric, lang: str) -> Row:
    """What a metric and a draft say alike."""
    fields = ("description", "purpose", "counted", "not_counted", "caveats", "scenario")
    texts = [_texts(name, getattr(metric, name)) for name in fields]
    return {
        "key": metric.name,
        "code": metric.code,
        **_texts("label", metric.label),
        "department": center.settings.departments[metric.department].label.of(lang),
        **{key: text for both in texts for key, text in both.items()},
        "synonyms": "; ".join(metric.synonyms),
        "business_owner": metric.owners.business,
        "technical_owner": metric.owners.technical,
        "tier": metric.tier,
        "unit": metric.unit,
        "direction": metric.direction,
        "target": metric.target,
        "refresh_frequency": metric.refresh_frequency,
        "reviewed_on": metric.reviewed_on,
        "file": _file(center, f"metrics/{metric.name}"),
    }


def _metric(center: Center, metric: Metric, healths: Mapping[str, Health], lang: str) -> Row:
    health = healths.get(metric.name)
    checks = metric.checks
    bounds = {"min": checks.min, "max": checks.max, "min_rows": checks.min_rows}
    return {
        **_card(center, metric, lang),
        "review_every": metric.review_every,
        "formula": formula(center, metric),
        "type": metric.type,
        "grain": metric.grain,
        "dimensions": ", ".join(metric.dimensions),
        "checks": "; ".join([*_given(bounds), *map(_expectation, checks.expectations)]),
        "freshness": f"{metric.freshness.deadline}; {metric.freshness.within_days} d",
        "state": health.state if health else None,
        "reason": health.reason if health else None,
    }


def _draft(center: Center, draft: DraftMetric, lang: str) -> Row:
    told = draft.origin
    place = [told.file, told.sheet, str(told.row)] if told else []
    return {
        **_card(center, draft, lang),
        **_texts("formula", draft.formula_in_words),
        "missing": ", ".join(draft.missing()),
        "notes": "\n".join(f"{heading}: {text}" for heading, text in draft.notes.items()),
        "origin": ", ".join(part for part in place if part),
    }


def _models(center: Center) -> Iterator[Row]:
    for model in center.models.values():
        yield {
            "name": model.name,
            **_texts("label", model.label),
            **_texts("description", model.description),
            "business_owner": model.owners.business,
            "technical_owner": model.owners.technical,
            "partition_by": model.partition_by,
            "time": model.time,
            "dimensions": ", ".join(model.dimensions),
            "columns": ", ".join(f"{name} {column.type}" for name, column in model.columns.items()),
            "file": _file(center, f"models/{model.name}"),
        }


def _sources(center: Center) -> Iterator[Row]:
    for source in center.sources.values():
        for table_name, table in source.tables.items():
            for name, column in table.columns.items():
                yield {
                    "source": source.name,
                    "table": table_name,
                    **_texts("label", table.label),
                    **_texts("description", table.description),
                    "partition_by": table.partition_by,
                    "table_rules": "; ".join(_table_rules(table.checks)),
                    "column": name,
                    "column_type": column.type,
                    "nullable": "yes" if column.nullable else "no",
                    "rules": "; ".join(_column_rules(column)),
                    "business_owner": source.owners.business,
                    "technical_owner": source.owners.technical,
                }


def _departments(center: Center) -> Iterator[Row]:
    for key, department in center.settings.departments.items():
        yield {
            "key": key,
            **_texts("label", department.label),
            "metric_count": sum(metric.department == key for metric in center.metrics.values()),
            "draft_count": sum(draft.department == key for draft in center.drafts.values()),
        }


def _owners(center: Center) -> Iterator[Row]:
    owned: list[tuple[str, Any]] = [
        *(("metric", metric) for metric in center.metrics.values()),
        *(("draft", draft) for draft in center.drafts.values()),
        *(("model", model) for model in center.models.values()),
        *(("source", source) for source in center.sources.values()),
    ]
    for kind, one in owned:
        for role in ("business", "technical"):
            address = getattr(one.owners, role)
            if address:
                yield {"address": address, "role": role, "kind": kind, "name": one.name}


def _file(center: Center, key: str) -> str:
    return center.files[key].path.relative_to(center.folder).as_posix()


def _given(values: Mapping[str, object]) -> Iterator[str]:
    return (f"{name} {value:g}" for name, value in values.items() if isinstance(value, (int, float)))


def _expectation(rule: Expectation) -> str:
    arguments = ", ".join(f"{name}={value}" for name, value in rule.arguments.items())
    return f"{rule.expect}({arguments})" + (" (warn)" if rule.severity == "warn" else "")


def _table_rules(rules: TableRules) -> Iterable[str]:
    unique = [f"unique {', '.join(columns)}" for columns in rules.unique]
    rows = {"min_rows": rules.min_rows or None, "max_rows": rules.max_rows}
    return [*unique, *_given(rows), *map(_expectation, rules.expectations)]


def _column_rules(column: Column) -> Iterable[str]:
    found = list(_given({"min": column.min, "max": column.max}))
    if column.isin is not None:
        found.append(f"one of {', '.join(map(str, column.isin))}")
    if column.matches is not None:
        found.append(f"matches {column.matches}")
    return found
