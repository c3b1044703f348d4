"""Rules on the members that a dimension lists: labels in both languages, members that its column can hold."""

from __future__ import annotations

import re
from collections.abc import Iterator

from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.definitions import Model
from metric_pipelines.errors import Problem

WRITTEN = {
    "int64": (r"-?(0|[1-9][0-9]*)", "whole numbers, such as 7"),
    "boolean": (r"true|false", "true and false"),
    "date": (r"[0-9]{4}-[0-9]{2}-[0-9]{2}", "days, such as 2017-06-30"),
}
"""How members of a type are written in `values`."""


def member_problems(center: Center, model: Model, dimension: str) -> Iterator[Problem]:
    """What is wrong with the listed members of a dimension."""
    key, spec = f"models/{model.name}", model.dimensions[dimension]
    at = ("dimensions", dimension)
    if spec.ordinal and not spec.values:
        where = center.where(key, *at, "ordinal")
        yield Problem(where, "ordinal without values", "values: its members in their order")
    if spec.type == "time" and spec.values:
        yield Problem(center.where(key, *at, "values"), "values of a time", "values of a categorical one")
    for member, label in spec.values.items():
        where = center.where(key, *at, "values", member)
        for lang, text in (("en", label.en), ("zh", label.zh)):
            if not text:
                expected = "labels in both languages: {en: ..., zh: ...}"
                yield Problem(where, f"member {member!r} without a label in {lang}", expected)
        yield from _unwritten(where, model, spec.expr or dimension, member)


def _unwritten(where: str, model: Model, expr: str, member: str) -> Iterator[Problem]:
    """A member that the column cannot hold would never be met."""
    kind = model.columns[expr].type if expr in model.columns else ""
    isin = model.columns[expr].isin if kind else None
    pattern, expected = WRITTEN.get(kind, ("", ""))
    if pattern and not re.fullmatch(pattern, member):
        yield Problem(where, f"member {member!r} of a column of type {kind}", expected)
    elif isin is not None and member not in map(str, isin):
        found = f"member {member!r}, which {expr} may not hold"
        yield Problem(where, found, "one of the column's isin", f"add it to isin of column {expr}")
