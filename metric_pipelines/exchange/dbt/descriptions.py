"""Descriptions that name a block of documentation: `{{ doc('orders') }}` becomes the block's text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from metric_pipelines.exchange.dbt.jinja import EXPRESSION, call_in
from metric_pipelines.exchange.dbt.notes import Note
from metric_pipelines.exchange.dbt.project import Project, files_below
from metric_pipelines.exchange.dbt.yaml_documents import read_text

BLOCK = re.compile(r"\{%-?\s*docs\s+(\w+)\s*-?%\}(.*?)\{%-?\s*enddocs\s*-?%\}", re.DOTALL)


def documentation(project: Project | None) -> dict[str, str]:
    """The blocks of a project's Markdown files by name."""
    if project is None:
        return {}
    folders = {folder for key in ("model-paths", "macro-paths") for folder in project.folders(key)}
    texts = (read_text(file) for folder in sorted(folders) for file in files_below(folder, (".md",)))
    return {name: block.strip() for text in texts for name, block in BLOCK.findall(text)}


def described(raw: Any, blocks: Mapping[str, str], where: str) -> list[Note]:
    """Puts the blocks into the descriptions of a manifest, in place; notes on what stays as it is written."""
    notes = []
    for item in _mappings(raw):
        if isinstance(text := item.get("description"), str) and EXPRESSION.search(text):
            item["description"] = EXPRESSION.sub(lambda match: _block(match, blocks), text)
            if EXPRESSION.search(item["description"]):
                said = "its description has Jinja that only dbt can render; it stays as written"
                notes.append(Note("jinja", f"{where}, {item.get('name')}", said))
    return notes


def _block(match: re.Match[str], blocks: Mapping[str, str]) -> str:
    call = call_in(match.group(1))
    name = str(call.arguments[-1]) if call and call.name == "doc" and call.arguments else ""
    return blocks.get(name, match.group(0))


def _mappings(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _mappings(item)
