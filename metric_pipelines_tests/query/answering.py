"""Random questions about a center, and what every route must answer to them: what the models do.

Stays out: the centers, and the states they are in.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from hypothesis import strategies as st

from metric_pipelines.dictionary.definitions import GRAINS, Grain
from metric_pipelines.dictionary.dimensions import of_metric
from metric_pipelines.dictionary.months import day_after, first_day
from metric_pipelines.dictionary.periods import months_in, period_after, period_start
from metric_pipelines.errors import UsageError
from metric_pipelines.query import Answer, Reader

EXACT_TO = 1e-12


@dataclass(frozen=True)
class Drawn:
    """A question as it is drawn."""

    metric: str
    by: Sequence[str]
    grain: Grain
    start: date | None
    end: date | None
    filter: str | None


def questions(reader: Reader, members: dict[str, list[str]]) -> st.SearchStrategy[Drawn]:
    """Questions about any metric, by any of its models' dimensions; a rollup as often as anything else.
    `members` are some values of dimensions, to filter by.
    """

    @st.composite
    def drawn(draw: st.DrawFn) -> Drawn:
        metric = reader.center.metrics[draw(st.sampled_from(sorted(reader.center.metrics)))]
        reached = of_metric(reader.center, metric)
        known = sorted(name for name, one in reached.items() if one.spec.type == "categorical")
        if metric.rollups and draw(st.booleans()):
            grain, *by = draw(st.sampled_from(metric.rollups))
        else:
            grain = draw(st.sampled_from(GRAINS[GRAINS.index(metric.grain) :]))
            by = draw(st.lists(st.sampled_from(known), unique=True, max_size=2)) if known else []
        first = period_start(grain, first_day(reader.graph.first))
        last = day_after(reader.graph.months[-1])
        start = draw(st.none() | st.dates(first, last).map(lambda day: period_start(grain, day)))
        end = draw(st.none() | st.dates(first, last).map(lambda day: period_start(grain, day)))
        if start and end and start >= end:
            end = period_after(grain, start)
        filtered = sorted(set(known) & set(members))
        condition = None
        if filtered and draw(st.integers(0, 4)) == 0:
            column = draw(st.sampled_from(filtered))
            condition = f"{column} = {draw(st.sampled_from(members[column]))}"
        return Drawn(metric.name, by, grain, start, end, condition)

    return drawn()


def ask(reader: Reader, drawn: Drawn, **more: Any) -> Answer | None:
    """The answer; None where it may not be asked."""
    try:
        return reader.values(
            drawn.metric, drawn.by, drawn.grain, drawn.start, drawn.end, drawn.filter, **more
        )
    except UsageError:
        return None


def assert_as_the_model(reader: Reader, drawn: Drawn) -> str:
    """That an answer is the model's, wherever both have one; returns the route that was taken."""
    answer = ask(reader, drawn)
    model = ask(reader, drawn, route="model")
    if answer is None or model is None:
        return "refused"
    left_out = {gap.month for found in (answer, model) for gap in found.gaps if not gap.kept}

    def rows(found: Answer) -> dict[tuple[Any, ...], tuple[Any, ...]]:
        width = 1 + len(found.dimensions)
        kept = [row for row in found.rows if not left_out & set(months_in(found.grain, row[0]))]
        keyed = {row[:width]: row[width:] for row in kept}
        assert len(keyed) == len(kept), f"rows that stand twice: {drawn}"
        return keyed

    ours, theirs = rows(answer), rows(model)
    assert ours.keys() == theirs.keys(), _told(drawn, answer, ours, theirs)
    for key, values in ours.items():
        for mine, its in zip(values, theirs[key], strict=False):
            assert _is_same(mine, its), _told(drawn, answer, {key: values}, {key: theirs[key]})
    return answer.route


def _is_same(one: Any, other: Any) -> bool:
    if isinstance(one, float) or isinstance(other, float):
        return math.isclose(float(one), float(other), rel_tol=EXACT_TO, abs_tol=EXACT_TO)
    return bool(one == other)


def _told(drawn: Drawn, answer: Answer, ours: dict[Any, Any], theirs: dict[Any, Any]) -> str:
    apart = sorted(
        (key for key in {*ours, *theirs} if ours.get(key) != theirs.get(key)), key=lambda key: str(key)
    )
    shown = "; ".join(f"{key}: {ours.get(key)} not {theirs.get(key)}" for key in apart[:3])
    return f"{drawn} by route {answer.route}: {shown}"
