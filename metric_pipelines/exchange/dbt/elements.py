"""What a semantic model can be grouped and filtered by, under flat names: `listing__country` of MetricFlow is
the column `listing_country`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

GRANULARITIES = (
    "nanosecond", "microsecond", "millisecond", "second", "minute", "hour", "day", "week", "month", "quarter",
    "year",
)  # fmt: skip
DAY = GRANULARITIES.index("day")

SemanticModel = Mapping[str, Any]
Kind = Literal["entity", "categorical", "time", "moment"]
"""A `moment` is a time finer than a day."""


@dataclass(frozen=True)
class Element:
    """An entity or dimension of a semantic model: its own name, and its expression over the relation."""

    name: str
    kind: Kind
    expr: str
    granularity: str = ""
    partition: bool = False

    def flat(self, path: tuple[str, ...]) -> str:
        """Its name after a path of entities."""
        return "_".join((*path, self.name))


def entity_types(model: SemanticModel) -> dict[str, str]:
    """The entities of a semantic model with their types, the one that has no column too."""
    found = {str(e["name"]): str(e["type"]) for e in model["entities"]}
    if model.get("primary_entity"):
        found.setdefault(str(model["primary_entity"]), "primary")
    return found


def primary_entity(model: SemanticModel) -> str | None:
    """The entity a semantic model's own dimensions are named by."""
    types = entity_types(model)
    return next((name for kind in ("primary", "natural") for name, t in types.items() if t == kind), None)


def entity_elements(model: SemanticModel) -> Iterator[Element]:
    """The entities that have a column."""
    for entity in model["entities"]:
        yield Element(entity["name"], "entity", entity.get("expr") or entity["name"])


def dimension_elements(model: SemanticModel) -> Iterator[Element]:
    """The dimensions, times truncated to their granularity as MetricFlow reads them."""
    for dimension in model["dimensions"]:
        name, expr = dimension["name"], dimension.get("expr") or dimension["name"]
        partition = bool(dimension.get("is_partition"))
        if dimension["type"] != "time":
            yield Element(name, "categorical", expr, partition=partition)
            continue
        granularity = (dimension.get("type_params") or {}).get("time_granularity") or "day"
        fine = GRANULARITIES.index(granularity) < DAY
        kind: Kind = "moment" if fine else "time"
        yield Element(name, kind, truncated(expr, granularity), granularity, partition)


def truncated(expr: str, granularity: str) -> str:
    """A time at the start of its period: a timestamp where the period is finer than a day."""
    start = f"date_trunc('{granularity}', {expr})"
    return start if GRANULARITIES.index(granularity) < DAY else f"cast({start} as date)"


def validity(model: SemanticModel) -> tuple[str, str] | None:
    """The names of the dimensions between which a row holds, of a slowly changing dimension."""
    found: dict[str, str] = {}
    for dimension in model["dimensions"]:
        params = (dimension.get("type_params") or {}).get("validity_params") or {}
        for key in ("is_start", "is_end"):
            if params.get(key):
                found[key] = dimension["name"]
    return (found["is_start"], found["is_end"]) if len(found) == 2 else None
