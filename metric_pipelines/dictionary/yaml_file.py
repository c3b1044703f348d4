"""Reads one YAML file strictly and remembers the line of every key.

YAML 1.2's core schema (`no` is a text, `012` is twelve, `12:30` is a text), and what damages silently is
refused: keys given twice, anchors and aliases, tags, more than 1 MB, nesting beyond 50. Stays out: what the
keys mean (`center_files.py`).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from metric_pipelines.dictionary.yaml_words import not_yaml
from metric_pipelines.errors import DefinitionError

MAX_BYTES = 1_000_000
MAX_DEPTH = 50
MAX_DIGITS = 40

Location = tuple[str | int, ...]

_INT = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS = {"": None, "~": None, "null": None, "true": True, "false": False}


@dataclass(frozen=True)
class YamlFile:
    """Contents of one file: `value` as plain Python, `lines` from a path of keys to a line (from 1)."""

    path: Path
    value: Any
    lines: dict[Location, int] = field(repr=False)

    def where(self, location: Location = ()) -> str:
        """`file:line` of the nearest known key on the way to `location`."""
        known = tuple(location)
        while known and known not in self.lines:
            known = known[:-1]
        return f"{self.path}:{self.lines.get(known, 1)}"


def read_yaml(path: Path) -> YamlFile:
    """The file's contents.

    Raises: DefinitionError that names file and line.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise DefinitionError(
            str(path), f"cannot be read: {error.strerror}", "a readable YAML file"
        ) from error
    if len(raw) > MAX_BYTES:
        raise DefinitionError(
            f"{path}:1", f"{len(raw):,} bytes", f"at most {MAX_BYTES:,} bytes", "split the file"
        )
    lines: dict[Location, int] = {}
    node = _compose(path, raw)
    value = None if node is None else _construct(path, node, (), lines)
    return YamlFile(path, value, lines)


def _compose(path: Path, raw: bytes) -> yaml.Node | None:
    try:
        _refuse_tricks(path, raw)
        return yaml.compose(raw.decode("utf-8"), Loader=yaml.CSafeLoader)
    except UnicodeDecodeError as error:
        raise DefinitionError(f"{path}:1", f"not UTF-8: {error.reason}", "a file in UTF-8") from error
    except RecursionError as error:
        raise _too_deep(path, 1) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        if "nesting depth" in str(error.problem):  # newer parsers have a limit of their own
            raise _too_deep(path, line) from error
        raise not_yaml(path, raw.decode("utf-8"), error) from error
    except yaml.YAMLError as error:
        raise DefinitionError(f"{path}:1", f"not YAML: {error}", "valid YAML 1.2") from error


def _refuse_tricks(path: Path, raw: bytes) -> None:
    """Aliases, tags and deep nesting, found before anything is built of them."""
    depth = 0
    for event in yaml.parse(raw.decode("utf-8"), Loader=yaml.CSafeLoader):
        mark, tag = event.start_mark, getattr(event, "tag", None)
        line = mark.line + 1 if mark else 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise DefinitionError(f"{path}:{line}", "an anchor or alias", "plain YAML", "write the value out")
        if tag:
            raise DefinitionError(f"{path}:{line}", f"tag {tag}", "plain YAML", "remove the tag")
        if isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            depth += 1
            if depth > MAX_DEPTH:
                raise _too_deep(path, line)
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            depth -= 1


def _too_deep(path: Path, line: int) -> DefinitionError:
    return DefinitionError(f"{path}:{line}", f"nested deeper than {MAX_DEPTH}", f"at most {MAX_DEPTH} levels")


def _construct(path: Path, node: yaml.Node, at: Location, lines: dict[Location, int]) -> Any:
    lines.setdefault(at, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        return _mapping(path, node, at, lines)
    if isinstance(node, yaml.SequenceNode):
        return [_construct(path, item, (*at, i), lines) for i, item in enumerate(node.value)]
    return _scalar(path, node)


def _mapping(path: Path, node: yaml.MappingNode, at: Location, lines: dict[Location, int]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            raise DefinitionError(f"{path}:{line}", "a key that is not a text", "a plain key")
        key = str(key_node.value)
        if key in found:
            first = lines[(*at, key)]
            raise DefinitionError(
                f"{path}:{line}",
                f"key {key!r} given twice (first in line {first})",
                "one of them",
                "delete the other",
            )
        lines[(*at, key)] = line
        found[key] = _construct(path, value_node, (*at, key), lines)
    return found


def _scalar(path: Path, node: yaml.Node) -> Any:
    """The core schema of YAML 1.2 (yaml.org/spec/1.2.2, 10.3.2), without octal, hexadecimal, infinity and
    NaN.
    """
    text = str(node.value)
    if getattr(node, "style", None) in ("'", '"', "|", ">"):
        return text
    if text.lower() in _WORDS and text in (text.lower(), text.capitalize(), text.upper()):
        return _WORDS[text.lower()]
    if not _FLOAT.fullmatch(text):
        return text
    if len(text) > MAX_DIGITS or not math.isfinite(float(text)):
        where = f"{path}:{node.start_mark.line + 1}"
        raise DefinitionError(
            where, f"number {text[:20]}...", f"at most {MAX_DIGITS} digits", "quote it, if it is a text"
        )
    return int(text) if _INT.fullmatch(text) else float(text)
