"""Lineage of a metric as trees: what it is derived from, down to source tables, and what reads it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rich.text import Text
from rich.tree import Tree

from metric_pipelines.cli.screen import Screen
from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.graph import Edge, Graph
from metric_pipelines.dictionary.yaml_types import Text as Label

ALL_MONTHS = 10_000
"""`look_back: all` in the graph."""

Next = Callable[[str], list[tuple[str, Edge | None]]]


def upstream(screen: Screen, center: Center, graph: Graph, key: str) -> Tree:
    """What an asset is derived from; an input with more months than its own says so."""
    return _tree(screen, center, key, lambda k: [(edge.key, edge) for edge in graph.nodes[k].inputs])


def downstream(screen: Screen, center: Center, graph: Graph, key: str) -> Tree:
    """What is derived from an asset."""
    return _tree(screen, center, key, lambda k: [(name, None) for name in sorted(graph.dependents[k])])


def label_of(center: Center, key: str) -> Label:
    """The label of an asset."""
    system, _, name = key.partition("/")
    if system == "metrics":
        return center.metrics[name].label
    return center.models[name].label if system == "models" else center.sources[system].tables[name].label


def plain(center: Center, graph: Graph, key: str) -> dict[str, Any]:
    """Both ways as lists, for programs: direct and whole."""
    return {
        "inputs": [{"asset": e.key, "back": e.back, "ahead": e.ahead} for e in graph.nodes[key].inputs],
        "upstream": sorted(graph.upstream(key)),
        "readers": graph.dependents[key],
        "downstream": sorted(graph.downstream(key)),
    }


def _tree(screen: Screen, center: Center, key: str, following: Next) -> Tree:
    root = Tree(_node(screen, center, key, None), guide_style="note")
    _grow(screen, center, root, key, following, set())
    return root


def _grow(screen: Screen, center: Center, tree: Tree, key: str, following: Next, seen: set[str]) -> None:
    for name, edge in following(key):
        text = _node(screen, center, name, edge)
        known = name in seen and bool(following(name))
        branch = tree.add(text.append(f" {screen.say('show.above')}", style="note") if known else text)
        if not known:
            seen.add(name)
            _grow(screen, center, branch, name, following, seen)


def _node(screen: Screen, center: Center, key: str, edge: Edge | None) -> Text:
    text = Text.assemble(key, (f"  {label_of(center, key).of(screen.lang)}", "note"))
    for words in _months(screen, edge):
        text.append(f"  {words}", style="warn")
    return text


def _months(screen: Screen, edge: Edge | None) -> list[str]:
    if edge is None:
        return []
    found = []
    if edge.back >= ALL_MONTHS:
        found.append(screen.say("show.back.all"))
    elif edge.back:
        found.append(screen.say("show.back", n=edge.back))
    return [*found, *([screen.say("show.ahead", n=edge.ahead)] if edge.ahead else [])]
