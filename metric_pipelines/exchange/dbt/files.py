"""What was carried over of a dbt project as the YAML and SQL of a center."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from metric_pipelines.dictionary.yaml_types import Owners
from metric_pipelines.exchange.dbt.carry_over import CarriedOver
from metric_pipelines.exchange.dbt.elements import Element
from metric_pipelines.exchange.dbt.flat_model import TIME, FlatModel
from metric_pipelines.exchange.draft_files import plain_yaml

CALENDAR = "calendar"
TO_WRITE = {
    "en": "Not yet written: taken over from dbt on {day}.",
    "zh": "尚未填写：于 {day} 从 dbt 导入。",
}


@dataclass(frozen=True)
class Card:
    """What all imported definitions say of themselves until their owners do."""

    department: str
    owners: Owners
    day: str
    first_code: int = 1


def model_files(model: FlatModel, sql: str, columns: Mapping[str, str], card: Card) -> dict[str, str]:
    """The YAML and SQL of a model, by their names below the center's folder."""
    described = model.semantic_model
    words = {
        "en": described.get("description") or f"Rows of dbt's {described['name']}, with what they join to."
    }
    plain: dict[str, Any] = {
        "name": model.name,
        "label": {"en": described.get("label") or model.name.replace("_", " ")},
        "description": words,
        "owners": card.owners.model_dump(),
        "partition_by": TIME,
        "time": TIME,
    }
    if model.granularity == "month":
        plain["time_granularity"] = "month"
    plain["entities"] = [
        {"name": name, "type": kind if kind in ("primary", "unique") else "foreign", "expr": name}
        for name, kind in model.entities.items()
    ]
    plain["dimensions"] = {
        name: _dimension(element) | ({"changing": True} if name in model.changing else {})
        for name, element in model.dimensions.items()
    }
    plain["dimensions"] |= {name: _alias(model, column) for name, column in model.aliases.items()}
    plain["columns"] = {
        name: {"type": kind} | ({} if name == TIME else {"nullable": True}) for name, kind in columns.items()
    }
    return {f"models/{model.name}.yaml": plain_yaml(plain), f"models/{model.name}.sql": sql}


def _dimension(element: Element) -> dict[str, Any]:
    return {"type": "time"} if element.kind == "time" else {}


def _alias(model: FlatModel, column: str) -> dict[str, Any]:
    timely = column == TIME or model.dimensions[column].kind == "time"
    return ({"type": "time"} if timely else {}) | {"expr": column}


def metric_file(
    name: str, computed: Mapping[str, Any], described: Mapping[str, Any], card: Card, n: int
) -> str:
    """The YAML of a metric: what dbt says of it, its computation, and what is still to be written."""
    words = described.get("description") or f"{described.get('label') or name}, as dbt defines it."
    to_write = {lang: text.format(day=card.day) for lang, text in TO_WRITE.items()}
    plain: dict[str, Any] = {
        "name": name,
        "code": f"DBT-{n:03}",
        "label": {"en": described.get("label") or name.replace("_", " ")},
        "description": {"en": " ".join(str(words).split())},
        "purpose": to_write,
        "counted": to_write,
        "not_counted": to_write,
        "scenario": to_write,
        "department": card.department,
        "owners": card.owners.model_dump(),
        "tier": 3,
        "unit": "number",
        "direction": "none",
        "reviewed_on": card.day,
        **computed,
        "checks": {"min_rows": 0},
    }
    return plain_yaml(plain)


def query_files(carried: CarriedOver, manifest: Mapping[str, Any]) -> dict[str, str]:
    """The YAML of each saved query, by its name below the center's folder."""
    described = {query["name"]: query for query in manifest.get("saved_queries") or []}
    found = {}
    for name, asked in carried.queries.items():
        own, words = described[name], " ".join(str(described[name].get("description") or "").split())
        plain = {"name": name.lower(), "label": {"en": own.get("label") or name.replace("_", " ")}}
        described_by = {"description": {"en": words}} if words else {}
        found[f"queries/{name.lower()}.yaml"] = plain_yaml(plain | described_by | asked)
    return found


def calendar_files(sql: str, card: Card) -> dict[str, str]:
    """The time spine."""
    plain = {
        "name": CALENDAR,
        "label": {"en": "Calendar", "zh": "日历"},
        "description": {"en": "One row per day.", "zh": "每天一行。"},
        "owners": card.owners.model_dump(),
        "time_spine": True,
        "columns": {"date_day": {"type": "date"}},
        "checks": {"unique": [["date_day"]], "min_rows": 1},
    }
    return {f"models/{CALENDAR}.yaml": plain_yaml(plain), f"models/{CALENDAR}.sql": sql}


def center_file(name: str, label: str, first: str, today: str, card: Card) -> str:
    """`center.yaml` of a center that is made for a dbt project; `today` is `real`, or the day it ends at."""
    end = {} if today == "real" else {"end": today[: len(first)]}
    plain = {
        "name": name,
        "label": {"en": label, "zh": label},
        "description": {
            "en": f"Metrics taken over from the dbt project {label}.",
            "zh": f"从 dbt 项目 {label} 导入的指标。",
        },
        "language": "en",
        "time_zone": "UTC",
        "partitions": {"start": first} | end,
        "clock": {"today": today},
        "refresh_at": "0 2 * * *",
        "departments": {card.department: {"label": {"en": card.department.replace("_", " ").capitalize()}}},
    }
    return plain_yaml(plain)


def metric_files(carried: CarriedOver, manifest: Mapping[str, Any], card: Card) -> dict[str, tuple[str, str]]:
    """File and text of each metric, by its name."""
    described = {m["name"]: m for m in manifest["metrics"]}
    found = {}
    for n, (name, computed) in enumerate(sorted(carried.metrics.items()), card.first_code):
        text = metric_file(name, computed, described[name], card, n)
        found[name] = f"metrics/{card.department}/{name}.yaml", text
    return found
