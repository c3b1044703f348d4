"""Which expectations there are and which arguments they take, without importing Great Expectations (1.6 to
5 s): it ships a JSON schema of each beside its code.
"""

from __future__ import annotations

import importlib.util
import json
from functools import cache
from pathlib import Path
from typing import Any

Schema = dict[str, Any]
"""A JSON schema, or a part of one."""

COLUMN_ARGUMENTS = ("column", "column_A", "column_B", "column_list", "column_set")
"""The arguments of an expectation that name columns."""

OF_DATABASES = frozenset(
    {f"expect_column_values_to_{which}_like_pattern" for which in ("match", "not_match")}
    | {f"expect_column_values_to_{which}_like_pattern_list" for which in ("match", "not_match")}
    | {"expect_query_results_to_match_comparison", "expect_table_row_count_to_equal_other_table"}
)
"""What is asked of a database alone; ours are asked of rows in memory."""

_LIKE = "expect_column_values_to_be_unique"
_UNDESCRIBED: dict[str, Schema] = {
    "expect_column_values_to_be_dateutil_parseable": {},
    "expect_column_values_to_be_decreasing": {"strictly": {"type": "boolean"}},
    "expect_column_values_to_be_increasing": {"strictly": {"type": "boolean"}},
    "expect_column_values_to_be_json_parseable": {},
    "expect_column_values_to_match_json_schema": {"json_schema": {"type": "object"}},
}
"""Expectations without a schema: what they take beside what `_LIKE` takes."""


@cache
def expectation_names() -> frozenset[str]:
    """The names of Great Expectations' expectations; empty where it is not installed."""
    described = {name for name in _files() if name.startswith("expect_")}
    return frozenset(described | _UNDESCRIBED.keys()) if described else frozenset()


@cache
def expectation_schema(name: str) -> Schema:
    """The JSON schema of an expectation's arguments: `properties`, `required`, `definitions`."""
    if name in _UNDESCRIBED:
        like, own = expectation_schema(_LIKE), _UNDESCRIBED[name]
        required = [*like["required"], *(key for key in own if key == "json_schema")]
        return like | {"properties": like["properties"] | own, "required": required}
    schema: Schema = json.loads((_folder() / _files()[name]).read_text(encoding="utf-8"))
    columns = schema["properties"].get("column_list", {})
    if columns.get("type") == "array":
        columns["minItems"] = 2  # which the library says only when it builds one
    return {"required": [], "definitions": {}} | schema


@cache
def _files() -> dict[str, str]:
    """The file of each schema, by the name of its expectation."""
    index = _folder() / "index.json"
    if not index.is_file():
        return {}
    described = json.loads(index.read_text(encoding="utf-8"))["expectations"]
    return {name: entry["schema_file"] for name, entry in described.items()}


@cache
def _folder() -> Path:
    found = importlib.util.find_spec("great_expectations")
    places = (found.submodule_search_locations or []) if found is not None else []
    return Path(next(iter(places), "."), "expectations", "core", "schemas")
