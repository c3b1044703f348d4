"""JSON as programs want it: UTF-8 as it is, and each Decimal with its own digits as a number.

The standard encoder can write a Decimal as a text or as a float only; a sum of money would lose its
digits or its type.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

INDENT = "  "


def json_text(value: Any, margin: str = "") -> str:
    """A value of dicts, lists, texts, numbers, dates and None as JSON; what is small in one line.

    Raises: TypeError for anything else.
    """
    inner = margin + INDENT
    match value:
        case dict():
            parts = [f"{_text(str(k))}: {json_text(v, inner)}" for k, v in value.items()]
            return _brackets("{}", parts, margin, longest=160 if _scalars(value.values()) else 0)
        case list() | tuple():
            parts = [json_text(v, inner) for v in value]
            return _brackets("[]", parts, margin, longest=320 if _scalars(value) else 0)
        case _:
            return _scalar(value)


def _scalars(values: Iterable[Any]) -> bool:
    return not any(isinstance(value, (dict, list, tuple)) and value for value in values)


def _brackets(pair: str, parts: list[str], margin: str, *, longest: int) -> str:
    line = pair[0] + ", ".join(parts) + pair[1]
    if not parts or len(line) + len(margin) <= longest:
        return line
    inner = margin + INDENT
    return f"{pair[0]}\n{inner}" + f",\n{inner}".join(parts) + f"\n{margin}{pair[1]}"


def _scalar(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case Decimal():
            return f"{value:f}" if value.is_finite() else "null"
        case float():
            return repr(value) if math.isfinite(value) else "null"
        case int():
            return str(value)
        case date():
            return _text(value.isoformat())
        case str() | Path():
            return _text(str(value))
        case _:
            raise TypeError(f"no JSON for {type(value).__name__}")


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
