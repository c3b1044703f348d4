"""Reads the YAML of a dbt project as dbt does (YAML 1.1, anchors, several documents in a file), guarded.

Refused: more than 1 MB, nesting beyond 50, tags, keys given twice, and anchors that multiply without end. Our
own YAML is read more strictly, by `dictionary/yaml_file.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from metric_pipelines.dictionary.yaml_file import MAX_BYTES, MAX_DEPTH
from metric_pipelines.errors import DefinitionError
from metric_pipelines.exchange.dbt.notes import Location

MAX_VALUES = 300_000


@dataclass(frozen=True)
class YamlDocument:
    """One document: `value` as plain Python, `lines` from a path of keys to a line of the file (from 1)."""

    path: Path
    value: Any
    lines: dict[Location, int] = field(repr=False)

    def where(self, location: Location = ()) -> str:
        """`file:line` of the nearest known key on the way to `location`."""
        while location and location not in self.lines:
            location = location[:-1]
        return f"{self.path}:{self.lines.get(location, 1)}"

    def mappings(self, key: str) -> Iterator[tuple[dict[str, Any], str]]:
        """The mappings in the list under a top-level key, each with its file and line."""
        found = self.value.get(key) if isinstance(self.value, dict) else None
        if found is not None and not isinstance(found, list):
            raise DefinitionError(self.where((key,)), f"{key} is no list", f"a list of {key}")
        for index, item in enumerate(found or []):
            where = self.where((key, index))
            if not isinstance(item, dict) or not isinstance(item.get("name"), str):
                raise DefinitionError(where, f"an item of {key} without a name", "a mapping with a name")
            yield item, where


def read_text(path: Path) -> str:
    """The text of a file of at most 1 MB in UTF-8."""
    try:
        raw = path.read_bytes() if path.stat().st_size <= MAX_BYTES else None
    except OSError as error:
        raise DefinitionError(str(path), f"cannot be read: {error.strerror}", "a readable file") from error
    if raw is None:
        raise DefinitionError(str(path), f"more than {MAX_BYTES:,} bytes", "a smaller file", "split the file")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DefinitionError(f"{path}:1", f"not UTF-8: {error.reason}", "a file in UTF-8") from error


def read_documents(path: Path) -> list[YamlDocument]:
    """The documents of one file, empty ones left out.

    Raises: DefinitionError with file and line.
    """
    text = read_text(path)
    try:
        _refuse_tricks(path, text)
        return [document for document in _documents(path, text) if document.value is not None]
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path}:{mark.line + 1 if mark else 1}"
        raise DefinitionError(where, f"not YAML: {error.problem}", "valid YAML") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise DefinitionError(f"{path}:1", f"not YAML: {error}", "valid YAML") from error


def _documents(path: Path, text: str) -> Iterator[YamlDocument]:
    loader = yaml.SafeLoader(text)
    try:
        while loader.check_node():
            if (node := loader.get_node()) is not None:
                _size(path, node, {})
                lines = dict(_lines(path, node, ()))
                yield YamlDocument(path, loader.construct_document(node), lines)
    finally:
        loader.dispose()


def _refuse_tricks(path: Path, text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        where = f"{path}:{event.start_mark.line + 1 if event.start_mark else 1}"
        if tag := getattr(event, "tag", None):
            raise DefinitionError(where, f"tag {tag}", "plain YAML", "remove the tag")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise DefinitionError(where, f"nested deeper than {MAX_DEPTH}", f"at most {MAX_DEPTH} levels")


def _lines(path: Path, node: yaml.Node, at: Location) -> Iterator[tuple[Location, int]]:
    """The line of every value."""
    yield at, node.start_mark.line + 1
    for step, inner in _inner(path, node):
        yield from _lines(path, inner, (*at, step))


def _size(path: Path, node: yaml.Node, known: dict[int, int]) -> int:
    """How many values a node stands for, each anchor counted where it is used."""
    if id(node) not in known:
        known[id(node)] = MAX_VALUES  # an anchor within itself is without end
        known[id(node)] = 1 + sum(_size(path, inner, known) for _, inner in _inner(path, node))
    if known[id(node)] > MAX_VALUES:
        found = "anchors that multiply without end"
        raise DefinitionError(f"{path}:1", found, "plain YAML", "write the values out")
    return known[id(node)]


def _inner(path: Path, node: yaml.Node) -> Iterator[tuple[str | int, yaml.Node]]:
    if isinstance(node, yaml.SequenceNode):
        yield from enumerate(node.value)
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            if name in seen and name != "<<":
                where = f"{path}:{key.start_mark.line + 1}"
                raise DefinitionError(where, f"key {name!r} given twice", "one of them")
            seen.add(name)
            yield name, value
