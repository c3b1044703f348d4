"""Reads one JSON file that somebody else wrote: not too large, not too deep, no key twice, no NaN."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NoReturn

from metric_pipelines.errors import DefinitionError

MAX_BYTES = 256_000_000
"""A semantic manifest of a thousand metrics has ten million bytes; dbt's `manifest.json` ten times that."""


def read_json(path: Path) -> Any:
    """The file's contents.

    Raises: DefinitionError with file, line and column.
    """
    text = _text(path)
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_refused)
    except json.JSONDecodeError as error:
        where = f"{path}:{error.lineno}:{error.colno}"
        raise DefinitionError(where, f"not JSON: {error.msg}", "valid JSON") from error
    except RecursionError as error:
        raise DefinitionError(str(path), "nested too deeply", "valid JSON of a few levels") from error
    except ValueError as error:
        raise DefinitionError(str(path), f"not JSON: {error}", "valid JSON") from error


def _text(path: Path) -> str:
    try:
        if (size := path.stat().st_size) > MAX_BYTES:
            raise DefinitionError(str(path), f"{size:,} bytes", f"at most {MAX_BYTES:,} bytes")
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DefinitionError(str(path), f"not UTF-8: {error.reason}", "JSON in UTF-8") from error
    except OSError as error:
        raise DefinitionError(str(path), f"cannot be read: {error.strerror}", "a readable file") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in found if names.count(name) > 1)
        raise ValueError(f"key {twice!r} given twice")
    return found


def _refused(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON number")
