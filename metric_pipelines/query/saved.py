"""Saved queries answered: the metrics of each side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from metric_pipelines.dictionary.definitions import Dimension, Grain
from metric_pipelines.dictionary.members import Rank, in_order, rank_of
from metric_pipelines.dictionary.query_rules import grain_of
from metric_pipelines.dictionary.questions import spec_of
from metric_pipelines.dictionary.saved_queries import DOWN, SavedQuery
from metric_pipelines.errors import UsageError
from metric_pipelines.query.answers import Answer, Gap
from metric_pipelines.query.reader import Reader
from metric_pipelines.warehouse.groups import TIME

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class SavedAnswer:
    """Rows of (metric_time, dimensions, a value a metric: None where it has none), and each metric's gaps;
    `unmatched` as of an answer, where none of the metrics has a row.
    """

    query: SavedQuery
    grain: Grain
    columns: list[str]
    rows: list[tuple[Any, ...]]
    gaps: Mapping[str, list[Gap]]
    unmatched: str | None = None

    def frame(self) -> pd.DataFrame:
        """The rows as pandas: `metric_time` as datetime64, dimensions as text, a column a metric."""
        import pandas as pd  # late: 0.4 s, where a frame is asked for

        frame = pd.DataFrame(self.rows, columns=self.columns)
        frame[TIME] = pd.to_datetime(frame[TIME])
        return frame


def answer_saved(
    reader: Reader, name: str, start: date | None = None, end: date | None = None
) -> SavedAnswer:
    """The answer to a saved query, from `start` to before `end`.

    Raises: UsageError for an unknown name, or dates inside a period.
    """
    center = reader.center
    if name not in center.queries:
        raise UsageError.unknown_name("", "saved query", name, center.queries)
    query = center.queries[name]
    grain = grain_of(center, query)
    answers = [reader.values(m, query.by, grain, start, end, query.filter) for m in query.metrics]
    columns = [TIME, *query.by, *query.metrics]
    specs = [spec_of(center, center.metrics[query.metrics[0]], name) for name in query.by]
    rows = _ordered(in_order(_side_by_side(answers), specs), columns, query, specs)
    unmatched = None if rows else next((a.unmatched for a in answers if a.unmatched), None)
    gaps = {a.metric: a.gaps for a in answers}
    return SavedAnswer(query, grain, columns, rows[: query.limit], gaps, unmatched)


def _side_by_side(answers: list[Answer]) -> list[tuple[Any, ...]]:
    """The values of all answers by period and dimensions, in order; nothing of an unknown group last."""
    found: dict[tuple[Any, ...], list[Any]] = {}
    for i, answer in enumerate(answers):
        width = 1 + len(answer.dimensions)
        for row in answer.rows:
            found.setdefault(row[:width], [None] * len(answers))[i] = row[width]
    return [(*key, *found[key]) for key in sorted(found, key=lambda key: [_rank(value) for value in key])]


def _ordered(
    rows: list[tuple[Any, ...]], columns: list[str], query: SavedQuery, specs: list[Dimension | None]
) -> list[tuple[Any, ...]]:
    """By each name of `order_by`, the first before the others; what has no value comes last either way."""
    ranks = {1 + i: rank_of(spec) for i, spec in enumerate(specs) if spec is not None and spec.ordinal}
    for written in reversed(query.order_by):
        i, down = columns.index(written.removeprefix(DOWN)), written.startswith(DOWN)
        if i in ranks:
            rows = _by_rank(rows, i, ranks[i], down=down)
        else:
            rows = sorted(rows, key=lambda row: _rank(row[i], last_is=not down), reverse=down)
    return rows


def _by_rank(
    rows: list[tuple[Any, ...]], i: int, rank: Callable[[Any], Rank], *, down: bool
) -> list[tuple[Any, ...]]:
    """By the order that members have; what is not among them comes last either way."""
    kinds: dict[int, list[tuple[Any, ...]]] = {}
    for row in rows:
        kinds.setdefault(rank(row[i])[0], []).append(row)
    return [
        row
        for kind in sorted(kinds)
        for row in sorted(kinds[kind], key=lambda row: rank(row[i]), reverse=down)
    ]


def _rank(value: Any, *, last_is: bool = True) -> tuple[bool, Any]:
    missing = value is None
    return (missing == last_is, 0 if missing else value)
