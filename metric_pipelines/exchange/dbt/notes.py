"""What a reader found that is not carried over or needs a look, as values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

NOT_CARRIED = "not_carried"
"""The kind of a note on something that stays behind."""

Location = tuple[str | int, ...]


@dataclass(frozen=True)
class Note:
    """One finding: its `kind` (unknown_key, validation, ...), `where` it stands, and a sentence."""

    kind: str
    where: str
    text: str

    def __str__(self) -> str:
        return f"{self.where}: {self.text}"


def spelled(value: Any, location: Sequence[str | int]) -> str:
    """The way of keys to a place, items by their names where they have one: `metrics.revenue.type_params`."""
    parts: list[str] = []
    for step in location:
        value = _inside(value, step)
        name = value.get("name") if isinstance(step, int) and isinstance(value, dict) else None
        parts.append(str(name or step))
    return ".".join(parts)


def _inside(value: Any, step: str | int) -> Any:
    try:
        return value[step]
    except (KeyError, IndexError, TypeError):
        return None
