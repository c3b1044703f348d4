"""The one asset graph, built from the dictionary: nodes, edges with their look-back, versions, and (asset,
partition) pairs.

Orchestration makes Dagster's graph from it, publication plans by it. Keys: `<source system>/<table>`,
`models/<name>`, `metrics/<key>`. Stays out: Dagster, and what happened (`ledger/`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import Any, Literal

from metric_pipelines.dictionary import dimensions, shapes
from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.definitions import ConversionMetric, Metric
from metric_pipelines.dictionary.model_sql import normalized, tables_read
from metric_pipelines.dictionary.months import WHOLE, months_between, shift
from metric_pipelines.errors import DefinitionError

Kind = Literal["source", "model", "metric"]
Pair = tuple[str, str]
"""(asset key, month), or (asset key, '') where the asset is not partitioned."""

GROUP_SIZE = 40
"""The most metrics that are computed together, and stored in one wide table."""


@dataclass(frozen=True)
class Edge:
    """An input, and how many months before and after its own an asset reads of it."""

    key: str
    back: int = 0
    ahead: int = 0


@dataclass(frozen=True)
class Node:
    """An asset: `version` is the hash of its definition with all its inputs and its checks, `computation`
    without checks.

    `step` names the group that is computed together.
    """

    key: str
    kind: Kind
    name: str
    partitioned: bool
    inputs: tuple[Edge, ...]
    computation: str
    version: str
    step: str


class Graph:
    """All nodes in topological order, and pairs over the months from the center's start to `last`."""

    def __init__(self, nodes: dict[str, Node], first: str, last: str) -> None:
        self.nodes = nodes
        self.first, self.last = first, last
        self._inputs: dict[Pair, list[Pair]] = {}

    @cached_property
    def months(self) -> list[str]:
        """The months from the start of the center to the month of today; later ones are not yet due."""
        return months_between(self.first, self.last)

    def until(self, last: str) -> Graph:
        """The same graph with pairs up to the month `last`."""
        return Graph(self.nodes, self.first, min(last, self.last))

    def partitions(self, key: str) -> list[str]:
        """The partitions of an asset."""
        return self.months if self.nodes[key].partitioned else [WHOLE]

    def pairs(self) -> Iterator[Pair]:
        """All (asset, partition) pairs, inputs before what depends on them."""
        for key in self.nodes:
            for partition in self.partitions(key):
                yield key, partition

    def inputs(self, pair: Pair) -> list[Pair]:
        """The pairs that a pair is computed from; not to be changed."""
        found = self._inputs.get(pair)
        if found is None:
            key, partition = pair
            found = [(e.key, p) for e in self.nodes[key].inputs for p in self._of_edge(e, partition)]
            self._inputs[pair] = found
        return found

    def _of_edge(self, edge: Edge, partition: str) -> list[str]:
        if not self.nodes[edge.key].partitioned:
            return [WHOLE]
        if partition == WHOLE:
            return self.months
        if edge.back == edge.ahead == 0 and self.first <= partition <= self.last:
            return [partition]
        first, last = (
            max(self.first, shift(partition, -edge.back)),
            min(self.last, shift(partition, edge.ahead)),
        )
        return months_between(first, last)

    @cached_property
    def dependents(self) -> dict[str, list[str]]:
        """Assets that read an asset directly, by key."""
        found: dict[str, list[str]] = {key: [] for key in self.nodes}
        for node in self.nodes.values():
            for edge in node.inputs:
                found[edge.key].append(node.key)
        return found

    def upstream(self, key: str) -> set[str]:
        """Everything an asset is derived from."""
        return _reach(key, {k: [e.key for e in n.inputs] for k, n in self.nodes.items()})

    def downstream(self, key: str) -> set[str]:
        """Everything that is derived from an asset."""
        return _reach(key, self.dependents)

    def of_kind(self, kind: Kind) -> list[Node]:
        """The nodes of a kind, in topological order."""
        return [node for node in self.nodes.values() if node.kind == kind]

    def steps(self) -> dict[str, list[Node]]:
        """Nodes by the group that is computed together."""
        found: dict[str, list[Node]] = {}
        for node in self.nodes.values():
            found.setdefault(node.step, []).append(node)
        return found


def build_graph(center: Center, last: str) -> Graph:
    """The graph of a valid center, with pairs up to the month `last`.

    Raises: DefinitionError on a circle.
    """
    drafts = {**_sources(center), **_models(center), **_metrics(center)}
    nodes: dict[str, Node] = {}
    for key in _ordered(center, drafts):
        nodes[key] = _finished(drafts[key], nodes)
    return Graph(nodes, center.settings.partitions.start, last)


@dataclass(frozen=True)
class _Draft:
    key: str
    kind: Kind
    name: str
    partitioned: bool
    inputs: tuple[Edge, ...]
    own: Any
    checks: Any
    step: str


def _finished(draft: _Draft, nodes: dict[str, Node]) -> Node:
    upstream = [(edge.key, edge.back, edge.ahead, nodes[edge.key].computation) for edge in draft.inputs]
    computation = digest([draft.own, draft.partitioned, upstream])
    version = digest([computation, draft.checks])
    return Node(
        draft.key, draft.kind, draft.name, draft.partitioned, draft.inputs, computation, version, draft.step
    )


def digest(value: Any) -> str:
    """A short, stable hash of plain values."""
    text = json.dumps(value, sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _sources(center: Center) -> dict[str, _Draft]:
    found = {}
    for source in center.sources.values():
        for name, table in source.tables.items():
            key, partitioned = f"{source.name}/{name}", table.partition_by is not None
            step = f"{source.name}__{'monthly' if partitioned else 'whole'}"
            own = [table.computation(), source.time_zone, center.settings.time_zone]
            checks = [table.checks.model_dump(mode="json"), _column_rules(table.columns)]
            found[key] = _Draft(key, "source", name, partitioned, (), own, checks, step)
    return found


def _models(center: Center) -> dict[str, _Draft]:
    found = {}
    for model in center.models.values():
        key = f"models/{model.name}"
        back = shapes.ALL_MONTHS if model.look_back == "all" else model.look_back
        edges = [
            Edge(t, back, model.look_ahead)
            for t in tables_read(center.sql[model.name], str(center.sql_file(model.name)))
        ]
        own = [normalized(center.sql[model.name]), model.computation()]
        checks = [model.checks.model_dump(mode="json"), _column_rules(model.columns)]
        found[key] = _Draft(
            key,
            "model",
            model.name,
            model.partition_by is not None,
            tuple(edges),
            own,
            checks,
            f"models__{model.name}",
        )
    return found


def _column_rules(columns: Any) -> Any:
    return {name: column.model_dump(mode="json", exclude={"description"}) for name, column in columns.items()}


def _metrics(center: Center) -> dict[str, _Draft]:
    members: dict[str, list[str]] = {}
    found = {}
    for metric in center.metrics.values():
        group = members.setdefault(group_of(center, metric), [])
        group.append(metric.name)
        part = (len(group) - 1) // GROUP_SIZE
        step = f"metrics__{group_of(center, metric)}" + (f"__{part + 1}" if part else "")
        own = [metric.computation(), metric.grain, sorted(metric.dimensions)]
        checks = [metric.checks.model_dump(mode="json")]
        key = f"metrics/{metric.name}"
        found[key] = _Draft(
            key, "metric", metric.name, True, tuple(_metric_edges(center, metric)), own, checks, step
        )
    return found


def _metric_edges(center: Center, metric: Metric) -> Iterator[Edge]:
    """Its inputs as far as it reads them itself; its models as far as it and all its inputs read them
    together, with the models that these join to for what it is published by.
    """
    own = shapes.own_reach(metric)
    for name in shapes.input_names(metric):
        yield Edge(f"metrics/{name}", own.back, own.ahead)
    reach, models = own, list[str]()
    if not shapes.reads_published(center, metric):
        reach = shapes.whole_reach(center, metric)
        models = models_read(center, metric)
        for model in models:
            yield Edge(f"models/{model}", reach.back, reach.ahead)
    if shapes.joins_calendar(center, metric) and calendar_of(center) not in models:
        yield Edge(f"models/{calendar_of(center)}", reach.back, reach.ahead)


def models_read(center: Center, metric: Metric) -> list[str]:
    """The models at the bottom of a metric, and those they join to for what it is published by."""
    models = shapes.models_of(center, metric)
    return list(dict.fromkeys([*models, *dimensions.joined_models(center, models, metric.dimensions)]))


def calendar_of(center: Center) -> str:
    """The name of the model that is the time spine."""
    return next(model.name for model in center.models.values() if model.time_spine)


def group_of(center: Center, metric: Metric) -> str:
    """The name of the group a metric is computed and stored with: same models, grain, dimensions, reach and
    inputs' kind.
    """
    models, level = "_".join(shapes.models_of(center, metric)), shapes.depth(center, metric)
    published = shapes.reads_published(center, metric)
    own = shapes.own_reach(metric)
    reach = own if published else shapes.whole_reach(center, metric)
    through = "" if reach == own else f"__{own.back}_{own.ahead}"
    route = "" if level == 0 else ("p" if published else "m")
    by = digest(_typed_dimensions(center, metric))[:6] if metric.dimensions else "total"
    shape = f"{models}__{metric.grain}__{by}__{level}{route}__{reach.back}_{reach.ahead}{through}"
    apart = _alone(center, metric)
    return f"{shape}__{apart}" if apart else shape


def _alone(center: Center, metric: Metric) -> str:
    """What keeps a metric apart: where it fills gaps, rows of others beside it would become gaps of its own;
    conversions in one query have one value for none.
    """
    if any(map(shapes.fills_gaps, shapes.leaves(center, metric))):
        return metric.name
    none = metric.fill_nulls_with if isinstance(metric, ConversionMetric) else 0
    return "" if none == 0 else f"none_{none}"


def _typed_dimensions(center: Center, metric: Metric) -> list[list[str]]:
    """Its dimensions with their types in each model: another type needs another table."""
    found = []
    for name in sorted(metric.dimensions):
        for model in shapes.models_of(center, metric):
            reached = dimensions.dimension_of(center, model, name)
            found.append([name, dimensions.column_type(center, reached) if reached else name])
    return found


def _ordered(center: Center, drafts: dict[str, _Draft]) -> list[str]:
    """Topological order, ties by kind and name, so that it does not change from run to run."""
    rank = {"source": 0, "model": 1, "metric": 2}
    sorter = TopologicalSorter({key: [edge.key for edge in draft.inputs] for key, draft in drafts.items()})
    try:
        sorter.prepare()
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        first = error.args[1][0]
        where = center.where(first) if first in center.files else str(center.folder)
        raise DefinitionError(where, f"circular: {circle}", "inputs that do not lead back") from error
    order: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=lambda key: (rank[drafts[key].kind], key))
        order += ready
        sorter.done(*ready)
    return order


def _reach(key: str, neighbours: dict[str, list[str]]) -> set[str]:
    found: set[str] = set()
    todo = list(neighbours[key])
    while todo:
        at = todo.pop()
        if at not in found:
            found.add(at)
            todo += neighbours[at]
    return found
