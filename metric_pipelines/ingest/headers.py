"""The header of a file, where it is not just its first row: rows joined, merged cells filled."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from metric_pipelines.errors import SourceDataError


def joined_header(rows: Sequence[Sequence[str | None]]) -> list[str]:
    """One name a column: the parts of several rows with a space between; '' where there is none.

    A cell that is merged over several columns stands in the first of them: the others have its text, too.
    """
    width = max((len(row) for row in rows), default=0)
    padded = [[(cell or "").strip() for cell in row] + [""] * (width - len(row)) for row in rows]
    for above, below in pairwise(padded):
        for i in range(1, width):
            if not above[i] and below[i]:
                above[i] = above[i - 1]
    return [" ".join(part for part in dict.fromkeys(parts) if part) for parts in zip(*padded, strict=True)]


def refuse_unusable(where: str, names: Sequence[str], remedy: str) -> None:
    """Raises SourceDataError for names that a table of DuckDB cannot have: no letter case tells two apart."""
    first: dict[str, str] = {}
    for column in filter(None, names):
        if "\0" in column:
            raise SourceDataError(where, f"a NUL byte in the name {column!r}", "text", remedy)
        other = first.setdefault(column.lower(), column)
        if other is not column:
            alike = f"column {column!r} twice" if other == column else f"{other!r} beside {column!r}"
            raise SourceDataError(where, alike, "names that differ by more than their case", remedy)
