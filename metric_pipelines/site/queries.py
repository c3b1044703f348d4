"""The SQL of each metric, as MetricFlow makes it; kept from build to build, since compiling takes longest."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.definitions import Metric
from metric_pipelines.dictionary.graph import Graph, digest
from metric_pipelines.errors import MetricPipelinesError
from metric_pipelines.semantics.staging import Question, group_sql

FILE = "queries.json"


class Queries:
    """Queries by what they depend on: a metric with all its inputs, and MetricFlow's version."""

    def __init__(self, before: Path) -> None:
        self._known, self._used = _read(before / FILE), dict[str, str]()
        self._maker = version("metricflow")

    def of(self, center: Center, graph: Graph, metric: Metric) -> str:
        """The query a metric's values are made by; the reason, as a comment, where there is none."""
        key = digest([graph.nodes[f"metrics/{metric.name}"].computation, self._maker])
        if key not in self._used:
            self._used[key] = self._known.get(key) or _made(center, metric)
        return self._used[key]

    def write(self, folder: Path) -> None:
        """Keeps those that were asked for."""
        (folder / FILE).write_text(json.dumps(self._used, ensure_ascii=False, indent=0), encoding="utf-8")


def _read(file: Path) -> dict[str, str]:
    try:
        found: dict[str, str] = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def _made(center: Center, metric: Metric) -> str:
    try:
        return group_sql(center, Question([metric], metric.grain, list(metric.dimensions)))
    except MetricPipelinesError as error:
        return f"-- {error.message()}"
