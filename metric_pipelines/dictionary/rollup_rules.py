"""Rules about the rollups of a metric: what can be asked of it by the grain and dimensions can be kept."""

from __future__ import annotations

from collections.abc import Iterator

from metric_pipelines.dictionary import shapes
from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.definitions import GRAINS, Metric
from metric_pipelines.dictionary.dimensions import of_metric, plain_of
from metric_pipelines.dictionary.join_rules import unproven_problem
from metric_pipelines.dictionary.questions import Asked, checked
from metric_pipelines.dictionary.rollups import Cut
from metric_pipelines.errors import Problem, UsageError, did_you_mean, listed


def rollup_problems(center: Center, metric: Metric) -> Iterator[Problem]:
    """The problems of each rollup, at its line."""
    base, seen = Cut.of(metric.grain, metric.dimensions), set[Cut]()
    for i, (grain, *by) in enumerate(metric.rollups):
        where = center.where(f"metrics/{metric.name}", "rollups", i)
        if grain not in GRAINS:
            near = did_you_mean(grain, GRAINS)
            yield Problem(where, f"rollup that begins with {grain!r}", f"one of {listed(GRAINS)}", near)
            continue
        wrong = _refused(center, metric, grain, by, where)
        if wrong is not None:
            yield wrong
            continue
        cut = Cut.of(grain, by)
        if cut == base:
            found, remedy = f"rollup [{cut.name}], which it is published by", "leave it out"
            yield Problem(where, found, "another grain or dimensions", remedy)
        elif cut in seen:
            yield Problem(where, f"rollup [{cut.name}] twice", "each once", "leave one out")
        seen.add(cut)


def _refused(center: Center, metric: Metric, grain: str, by: list[str], where: str) -> Problem | None:
    """Why a cut cannot be asked of the models; None where it can."""
    try:
        question = checked(center, metric.name, Asked(by, grain))
    except UsageError as error:
        models = shapes.filtered_models(center, metric)
        unproven = (unproven_problem(center, model, name) for model in models for name in by)
        return next(filter(None, unproven), Problem(where, error.found, error.expected, error.remedy))
    known = of_metric(center, metric)
    times = [name for name in question.dimensions if plain_of(name, known) != name]
    if times:
        return Problem(where, f"rollup by {listed(times)}, a time", "categorical dimensions", "use a grain")
    if question.dimensions != by:
        return Problem(where, f"rollup by {listed(by)}", f"the names {listed(question.dimensions)}")
    if not question.compilable:
        expected = "dimensions of its models"
        return Problem(where, f"rollup by {listed(by)}, which its models do not know", expected)
    return None
