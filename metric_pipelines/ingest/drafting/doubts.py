"""What was guessed of a source and should be looked at by somebody, as values; the front door says it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal[
    "almost",
    "ambiguous_day",
    "ambiguous_number",
    "before_start",
    "day_as_digits",
    "format",
    "gaps",
    "hidden",
    "isin",
    "key_by_data",
    "latin",
    "left_out",
    "many_digits",
    "mended",
    "months",
    "no_key",
    "no_months",
    "no_rows",
    "not_in_all",
    "number_signs",
    "renamed",
    "time_zone",
    "unnamed",
]


@dataclass(frozen=True)
class Doubt:
    """One guess: of which table (ours; theirs, where it became none) and column, and its details."""

    kind: Kind
    table: str
    column: str = ""
    details: dict[str, str | int] = field(default_factory=dict)
