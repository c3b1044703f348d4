"""The JSON Schemas of a center's files, made from the models in `dictionary/` and the sentences in
`yaml_keys.py`, for editors to complete and underline by. `schema` prints one; docs/schema holds them all.

They say what one file can be judged by alone, and no more than JSON Schema can: `validate` says the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from metric_pipelines.cli.json_text import json_text
from metric_pipelines.cli.screen import Screen
from metric_pipelines.cli.yaml_keys import KEYS
from metric_pipelines.dictionary.channel_definitions import Channel
from metric_pipelines.dictionary.definitions import CenterFile, Model
from metric_pipelines.dictionary.drafts import MetricFile
from metric_pipelines.dictionary.saved_queries import SavedQuery
from metric_pipelines.dictionary.source_definitions import Source
from metric_pipelines.errors import UsageError

Schema = dict[str, Any]

DRAFT = "https://json-schema.org/draft/2020-12/schema"
AS_A_TEXT = ("Text", "MetricInput", "DerivedInput")
"""What may be written as a text alone: the words, or the name of the input."""
ABOVE = {
    "SimpleMetric": "MetricCard",
    "RatioMetric": "MetricCard",
    "DerivedMetric": "MetricCard",
    "CumulativeMetric": "MetricCard",
    "ConversionMetric": "MetricCard",
    "SourceColumn": "Column",
}
"""Blocks some of whose keys are explained elsewhere."""


@dataclass(frozen=True)
class Kind:
    """One kind of file: which files they are, and what they hold."""

    files: str
    holds: TypeAdapter[Any]


KINDS = {
    "center": Kind("center.yaml", TypeAdapter(CenterFile)),
    "source": Kind("sources/**/*.yaml", TypeAdapter(Source)),
    "model": Kind("models/**/*.yaml", TypeAdapter(Model)),
    "metric": Kind("metrics/**/*.yaml", TypeAdapter(MetricFile)),
    "channel": Kind("alerts/**/*.yaml", TypeAdapter(Channel)),
    "query": Kind("queries/**/*.yaml", TypeAdapter(SavedQuery)),
}


def show(screen: Screen, kind: str | None) -> None:
    """Prints the schema of a kind of file; without one, which kinds there are and which files they are for.

    Raises: UsageError for a kind that there is not.
    """
    if kind is None:
        screen.pairs([(name, one.files) for name, one in KINDS.items()])
        return
    if kind not in KINDS:
        raise UsageError.unknown_name("", "kind of file", kind, KINDS)
    screen.write(texts()[f"{kind}.json"])


def texts() -> dict[str, str]:
    """All schemas as JSON, by file name."""
    return {f"{kind}.json": json_text(schema(kind)) + "\n" for kind in KINDS}


@cache
def schema(kind: str) -> Schema:
    """The schema of a kind of file."""
    made = KINDS[kind].holds.json_schema(by_alias=True)
    blocks = made.get("$defs", {})
    for name, block in blocks.items():
        _explain(name, block)
        if name in AS_A_TEXT:
            blocks[name] = {"anyOf": [{"type": "string", "minLength": 1}, block]}
    if "title" in made:
        _explain(made["title"], made)
    _without_titles(made)
    return {"$schema": DRAFT, "title": KINDS[kind].files, **made}


def _explain(name: str, block: Schema) -> None:
    """Each key with its sentence, shown by an editor where it is typed."""
    said: Mapping[str, str] = {**KEYS.get(ABOVE.get(name, ""), {}), **KEYS.get(name, {})}
    for key, value in block.get("properties", {}).items():
        if key in said:
            value["description"] = said[key]
    if name in KEYS and "description" in block:
        block["description"] = " ".join(block["description"].split())


def _without_titles(part: Any) -> None:
    """Pydantic's titles say the key once more."""
    if isinstance(part, list):
        for one in part:
            _without_titles(one)
    elif isinstance(part, dict):
        if isinstance(part.get("title"), str):
            del part["title"]
        for one in part.values():
            _without_titles(one)
