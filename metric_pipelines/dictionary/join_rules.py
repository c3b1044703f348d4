"""A key that no check proves to be unique is told once, at its entity, and not by each metric that asks for
what it would reach.
"""

from __future__ import annotations

from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.definitions import Metric, SimpleMetric
from metric_pipelines.dictionary.dimensions import BY, unproven_key
from metric_pipelines.errors import Problem, listed


def unproven_problem(center: Center, model: str, dimension: str) -> Problem | None:
    """What is wrong with the key by which a model would reach a dimension, the same for whoever asks; None
    where it is not its proof that is missing.
    """
    found = unproven_key(center, model, dimension)
    if found is None:
        return None
    far, key = found
    reached = {f"{key.name}{BY}{name}" for name in far.dimensions}
    asking = [metric.name for metric in center.metrics.values() if reached & set(_named(metric))]
    return Problem(
        center.where(f"models/{far.name}", "entities", far.entities.index(key)),
        f"entity {key.name} of model {far.name}, whose key {key.expr} no check proves to be unique",
        f"a proof, needed by {listed(asking)}",
        f"prove it: checks: {{unique: [[{key.expr}]]}}",
    )


def _named(metric: Metric) -> list[str]:
    """The dimensions that a metric names."""
    declared = (metric.additive or []) if isinstance(metric, SimpleMetric) else []
    return [*metric.dimensions, *declared, *(name for cut in metric.rollups for name in cut)]
