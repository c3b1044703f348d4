"""What both of dbt's YAML specs have in common: inputs of metrics, models, saved queries, unknown keys.

The forms are those of dbt-core 1.12, `core/dbt/parser/schema_yaml_readers.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from metric_pipelines.errors import DefinitionError, did_you_mean
from metric_pipelines.exchange.dbt.elements import GRANULARITIES
from metric_pipelines.exchange.dbt.jinja import call_in
from metric_pipelines.exchange.dbt.notes import Note
from metric_pipelines.exchange.dbt.relations import Relations

SAVED_QUERY = {"name", "description", "label", "query_params", "exports", "config", "tags"}
QUERY_PARAMS = {"metrics", "group_by", "where", "order_by", "limit"}
EXPORT = {"export_as", "schema", "schema_name", "alias", "database", "enabled", "group", "cache"}


@dataclass
class Reader:
    """What is gathered while a project's YAML is read: where its relations stand, and notes."""

    relations: Relations
    notes: list[Note] = field(default_factory=list)

    def note_unknown(self, item: Mapping[str, Any], known: Collection[str], what: str, where: str) -> None:
        """A note for each key that dbt's spec does not have at this place."""
        for key in item:
            if key not in known:
                hint = did_you_mean(str(key), known)
                text = f"{what}: key {key!r} is not in dbt's spec and not carried over"
                self.notes.append(Note("unknown_key", where, f"{text}; {hint}" if hint else text))

    def leave_out(self, what: str, where: str) -> None:
        """A note that something is switched off and therefore not read."""
        self.notes.append(Note("disabled", where, f"{what} is not enabled and left out"))


def given(item: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """Those of the keys that have a value."""
    return {key: item[key] for key in keys if item.get(key) is not None}


def texts(item: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """Those of the keys that have a value, as texts: `expr: 1` is the expression `1`."""
    return {key: str(value) for key, value in given(item, *keys).items()}


def part(item: Mapping[str, Any], key: str, what: str, where: str) -> dict[str, Any]:
    """The mapping under a key; empty where there is none."""
    found = item.get(key)
    if found is not None and not isinstance(found, dict):
        raise DefinitionError(where, f"{what}: {key} is no mapping", "a mapping of keys")
    return found or {}


def items(item: Mapping[str, Any], key: str, what: str, where: str) -> list[dict[str, Any]]:
    """The mappings in the list under a key; empty where there is none."""
    found = item.get(key)
    if found is not None and not (isinstance(found, list) and all(isinstance(i, dict) for i in found)):
        raise DefinitionError(where, f"{what}: {key} is no list of mappings", "a list, each with its keys")
    return found or []


def meta_of(item: Mapping[str, Any], above: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The `config` of an element: its `meta` over the one above it."""
    config = item.get("config")
    own = config.get("meta") if isinstance(config, dict) else None
    return {"meta": {**(above or {}), **(own if isinstance(own, dict) else {})}}


def enabled(item: Mapping[str, Any]) -> bool:
    """Whether `config: enabled` leaves it on."""
    config = item.get("config")
    return not (isinstance(config, dict) and config.get("enabled") is False)


def metric_input(written: Any) -> Any:
    """A metric that another is computed from: a name, or a mapping with a name."""
    if isinstance(written, str):
        return {"name": written}
    return {**written, **windows(written, "offset_window")} if isinstance(written, dict) else written


def windows(item: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """Windows of time under the keys, standard grains in the singular: `28 days` is `28 day`."""
    return {key: _window(written) for key, written in given(item, *keys).items()}


def _window(written: Any) -> Any:
    if not isinstance(written, str):
        return written
    count, space, grain = written.lower().partition(" ")
    return count + space + (grain.removesuffix("s") if grain.removesuffix("s") in GRANULARITIES else grain)


def relation_of(model: Any, reader: Reader, where: str) -> dict[str, Any]:
    """Where the model stands that `ref('name')` means."""
    call = call_in(model) if isinstance(model, str) else None
    names = [str(name) for name in call.arguments] if call and call.name in ("ref", "source") else []
    if not call or not 1 <= len(names) <= 2:
        raise DefinitionError(where, f"model: {model!r}", "ref('model') or source('source', 'table')")
    if call.name == "source":
        return reader.relations.source(names[0], names[-1])
    version = call.keywords.get("v", call.keywords.get("version"))
    return reader.relations.model(names[-1], version)


def saved_query(item: Mapping[str, Any], reader: Reader, where: str) -> dict[str, Any] | None:
    """A saved query in the manifest's form; None where it is switched off."""
    what = f"saved query {item['name']}"
    reader.note_unknown(item, SAVED_QUERY, what, where)
    params = part(item, "query_params", what, where)
    reader.note_unknown(params, QUERY_PARAMS, what, where)
    if not enabled(item):
        reader.leave_out(what, where)
        return None
    return {
        **given(item, "name", "description", "label"),
        "query_params": {"metrics": [], **given(params, *QUERY_PARAMS)},
        "exports": [_export(export, reader, what, where) for export in items(item, "exports", what, where)],
        "tags": _tags(item),
    }


def _tags(item: Mapping[str, Any]) -> list[str]:
    config = item.get("config")
    written = [item.get("tags"), config.get("tags") if isinstance(config, dict) else None]
    lists = [[tags] if isinstance(tags, str) else tags or [] for tags in written]
    return sorted({str(tag) for tags in lists for tag in tags})


def _export(export: Mapping[str, Any], reader: Reader, what: str, where: str) -> dict[str, Any]:
    config = part(export, "config", what, where)
    reader.note_unknown(config, EXPORT, f"{what}, export {export.get('name')}", where)
    schema = config.get("schema_name") or config.get("schema") or reader.relations.schema
    place = {"alias": export.get("name"), "schema_name": schema}
    return {**given(export, "name"), "config": {**place, **given(config, "export_as", "alias")}}
