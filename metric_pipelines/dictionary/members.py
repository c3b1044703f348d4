"""Members of dimensions as people see them: their labels, and the order that they have.

Numbers, files and filters keep members as the data has them; only what people look at is labelled. What the
data did not know is a member too: UNKNOWN, with a label in every language and always the last. Stays out:
dimensions and where they come from (`dimensions.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from metric_pipelines.dictionary.definitions import Dimension
from metric_pipelines.dictionary.yaml_types import Text

UNKNOWN = "UNKNOWN"
"""The member of rows whose own is missing in the source."""
UNKNOWN_LABEL = Text(en="Unknown", zh="未知")

Rank = tuple[int, int, Any]


def text_of(member: Any) -> str:
    """A member as `values` of its dimension name it: `1`, `true`, `2017-06-30`."""
    return str(member).lower() if isinstance(member, bool) else str(member)


def label_of(spec: Dimension | None, member: Any) -> Text | None:
    """The label of a member; None where it has none but itself."""
    listed = spec.values if spec is not None else {}
    found = listed.get(text_of(member))
    return UNKNOWN_LABEL if found is None and member == UNKNOWN else found


def listed_members(dimensions: Mapping[str, Dimension]) -> dict[str, set[str]]:
    """The members that dimensions list, by what these are: a column, or an expression."""
    found: dict[str, set[str]] = {}
    for name, spec in dimensions.items():
        found.setdefault(spec.expr or name, set()).update(spec.values)
    return found


def rank_of(spec: Dimension | None) -> Callable[[Any], Rank]:
    """The order of a dimension's members: of an ordinal one as they are listed, then what is not listed, then
    UNKNOWN and what is missing; of another as they compare.
    """
    places = places_of(spec) if spec is not None and spec.ordinal else {}

    def rank(member: Any) -> Rank:
        if member is None:
            return 3, 0, ""
        at = places.get(text_of(member))
        if at is not None:
            return 0, at, ""
        return (2 if places and member == UNKNOWN else 1), 0, member

    return rank


def places_of(spec: Dimension) -> Mapping[str, int]:
    """The place of each listed member; UNKNOWN has none but the last."""
    return {member: i for i, member in enumerate(spec.values) if member != UNKNOWN}


def in_order(rows: Sequence[tuple[Any, ...]], specs: Sequence[Dimension | None]) -> list[tuple[Any, ...]]:
    """Rows of (time, members, ...) by time and by each dimension's order, where any is ordinal."""
    if not any(spec is not None and spec.ordinal for spec in specs):
        return list(rows)
    ranks = [rank_of(spec) for spec in specs]
    return sorted(
        rows,
        key=lambda row: (row[0], *(rank(m) for rank, m in zip(ranks, row[1 : 1 + len(ranks)], strict=True))),
    )
