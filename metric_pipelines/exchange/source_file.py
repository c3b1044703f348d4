"""A drafted source as its YAML file: what a person would write, with remarks where something was guessed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import indent
from typing import Any

from metric_pipelines.dictionary.source_definitions import Source, SourceColumn, SourceTable
from metric_pipelines.dictionary.yaml_types import Text
from metric_pipelines.exchange.draft_files import languages, plain_yaml

COLUMN_KEYS = ("type", "source_name", "format", "nullable", "min", "max", "isin", "matches", "description")


def source_file(source: Source) -> str:
    """Where a source stands in its center."""
    return f"sources/{source.name}.yaml"


def source_yaml(source: Source, remarks: Mapping[str, Sequence[str]]) -> str:
    """The file's text; remarks are comments, of the file (under an empty name) and above each table."""
    head = {
        "name": source.name,
        "label": languages(source.label),
        "description": languages(source.description),
        "owners": source.owners.model_dump(),
        "connection": source.connection,
        "time_zone": source.time_zone,
    }
    parts = [_comments(remarks.get("", ())), plain_yaml(head), "tables:\n"]
    for name, table in source.tables.items():
        block = _comments(remarks.get(name, ())) + plain_yaml({name: _table(table)})
        parts.append(indent(block, "  "))
    return "".join(parts)


def _comments(lines: Sequence[str]) -> str:
    return "".join(f"# {' '.join(line.split())}\n" for line in lines)


def _table(table: SourceTable) -> dict[str, Any]:
    found: dict[str, Any] = {"asset": table.asset} if table.asset else {}
    found |= {"table": table.table} if table.table else {}
    found |= {"label": languages(table.label), "description": languages(table.description)}
    found |= {"partition_by": table.partition_by} if table.partition_by else {}
    read = table.read.model_dump(exclude_defaults=True)
    found |= {"read": read} if read else {}
    found["columns"] = {name: _column(column) for name, column in table.columns.items()}
    checks = table.checks.model_dump(exclude_defaults=True)
    return found | ({"checks": checks} if checks else {})


def _column(column: SourceColumn) -> dict[str, Any]:
    found = {}
    for key in COLUMN_KEYS:
        value = getattr(column, key)
        if value is not None and value is not False:
            written = _remark(value) if isinstance(value, Text) else _number(value)
            found["from" if key == "source_name" else key] = written
    return found


def _number(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _remark(text: Text) -> Any:
    """In one language as it is: a column stays on its line."""
    return text.en or text.zh if not (text.en and text.zh) else languages(text)
