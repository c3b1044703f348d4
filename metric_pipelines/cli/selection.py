"""What `--select` means: assets by key or name, with what is upstream (`+name`) or downstream (`name+`).

Several are repeated, or separated by commas.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from metric_pipelines.dictionary.graph import Graph
from metric_pipelines.errors import UsageError

OPTION = "--select"
SIGN = "+"


def selected(graph: Graph, texts: Iterable[str]) -> list[str]:
    """The asset keys that are meant, in the order of the graph.

    Raises: UsageError for an unknown name, with the nearest one.
    """
    given = list(texts)
    parts = [part.strip() for text in given for part in text.split(",") if part.strip()]
    if given and not parts:
        raise UsageError(
            OPTION, "nothing", "an asset, such as metrics/net_revenue", "or leave it out for all"
        )
    names = names_of(graph)
    found = {key for part in parts for key in _meant(graph, names, part)}
    return [key for key in graph.nodes if key in found]


def names_of(graph: Graph) -> dict[str, str]:
    """Asset keys by what may be typed for them: the key, or the bare name of one asset alone.

    A metric goes before a model or table of the same name.
    """
    found: dict[str, list[str]] = {}
    for node in graph.nodes.values():
        found.setdefault(node.name, []).append(node.key)
    metrics = {node.name: node.key for node in graph.of_kind("metric")}
    alone = {name: keys[0] for name, keys in found.items() if len(keys) == 1}
    return {**alone, **metrics, **{key: key for key in graph.nodes}}


def _meant(graph: Graph, names: Mapping[str, str], part: str) -> set[str]:
    name = part.removeprefix(SIGN).removesuffix(SIGN)
    if name not in names:
        raise UsageError.unknown_name(OPTION, "asset", name, names)
    key = names[name]
    upstream = graph.upstream(key) if part.startswith(SIGN) else set()
    downstream = graph.downstream(key) if part.endswith(SIGN) else set()
    return {key} | upstream | downstream
