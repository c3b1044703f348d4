"""Lineage as a picture: assets in layers from source systems to dependents, lines that run between them.

Layers by longest path, sources first; order within a layer by the mean of its neighbours, kept where fewest
lines cross; heights by least squares (Sugiyama, Tagawa and Toda 1981; pool adjacent violators). A line that
spans layers runs through a lane of its own in each, so that it passes behind no box.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from metric_pipelines.dictionary.graph import Graph

WIDTH, HEIGHT, GAP, LANE, COLUMN = 172, 46, 16, 10, 42
MARGIN = 6
SWEEPS = 12
MOST_BELOW = 24
"""The most dependents in a picture; a metric that more derive from is shown with its direct ones."""


@dataclass(frozen=True)
class Box:
    """An asset in the picture."""

    key: str
    x: float
    y: float


@dataclass(frozen=True)
class Picture:
    """Boxes, and lines as SVG paths with the assets at their ends; `hidden` dependents are left out."""

    width: int
    height: int
    boxes: list[Box]
    lines: list[tuple[str, str, str]]
    hidden: int = 0


@dataclass
class _Layout:
    """Points by layer: an asset's key, or (from, to, layer) for a lane."""

    layers: list[list[object]]
    above: dict[object, list[object]] = field(default_factory=dict)
    below: dict[object, list[object]] = field(default_factory=dict)
    y: dict[object, float] = field(default_factory=dict)


def lineage_picture(graph: Graph, key: str) -> Picture:
    """Everything an asset is derived from, and what is derived from it."""
    up, down = graph.upstream(key), graph.downstream(key)
    shown = down if len(down) <= MOST_BELOW else set(sorted(graph.dependents[key])[:MOST_BELOW])
    edges = [(e.key, k) for k in up | {key} for e in graph.nodes[k].inputs]
    edges += [(e.key, k) for k in shown for e in graph.nodes[k].inputs if e.key in shown | {key}]
    keys = [k for k in graph.nodes if k in up | shown | {key}]
    layout = _layered(keys, sorted(set(edges)))
    _order(layout)
    _place(layout)
    return _drawn(layout, sorted(set(edges)), len(down) - len(shown))


def _layered(keys: Sequence[str], edges: Sequence[tuple[str, str]]) -> _Layout:
    """`keys` come in topological order."""
    rank: dict[str, int] = {}
    for key in keys:
        rank[key] = max((rank[a] + 1 for a, b in edges if b == key), default=0)
    layout = _Layout([[] for _ in range(max(rank.values()) + 1)])
    for key in keys:
        layout.layers[rank[key]].append(key)
    for a, b in edges:
        chain: list[object] = [a, *((a, b, layer) for layer in range(rank[a] + 1, rank[b])), b]
        for i, lane in enumerate(chain[1:-1], start=rank[a] + 1):
            layout.layers[i].append(lane)
        for left, right in pairwise(chain):
            layout.below.setdefault(left, []).append(right)
            layout.above.setdefault(right, []).append(left)
    return layout


def _order(layout: _Layout) -> None:
    """Sweeps forth and back, and keeps the best order seen."""
    best, fewest = [list(layer) for layer in layout.layers], _crossings(layout)
    for sweep in range(SWEEPS):
        forth = sweep % 2 == 0
        numbers = range(1, len(layout.layers)) if forth else range(len(layout.layers) - 2, -1, -1)
        for i in numbers:
            beside = layout.layers[i - 1 if forth else i + 1]
            places = {point: j for j, point in enumerate(beside)}
            links = layout.above if forth else layout.below
            wanted = {
                point: _mean(links.get(point, []), places, j) for j, point in enumerate(layout.layers[i])
            }
            layout.layers[i].sort(key=wanted.__getitem__)
        crossing = _crossings(layout)
        if crossing < fewest:
            best, fewest = [list(layer) for layer in layout.layers], crossing
    layout.layers = best


def _mean(neighbours: Iterable[object], places: Mapping[object, int], otherwise: float) -> float:
    found = [places[n] for n in neighbours if n in places]
    return sum(found) / len(found) if found else otherwise


def _crossings(layout: _Layout) -> int:
    total = 0
    for left, right in pairwise(layout.layers):
        places = {point: j for j, point in enumerate(right)}
        ends = [places[b] for a in left for b in sorted(layout.below.get(a, []), key=lambda p: places[p])]
        total += sum(1 for i, a in enumerate(ends) for b in ends[i + 1 :] if a > b)
    return total


def _size(point: object) -> int:
    return HEIGHT if isinstance(point, str) else LANE


def _place(layout: _Layout) -> None:
    """Middles of all points: each as near to its neighbours' as the others of its layer let it."""
    for layer in layout.layers:
        at = 0.0
        for point in layer:
            layout.y[point] = at + _size(point) / 2
            at += _size(point) + GAP
    for sweep in range(SWEEPS):
        ordered = layout.layers if sweep % 2 == 0 else layout.layers[::-1]
        for layer in ordered:
            _relax(layout, layer)
    top = min(layout.y[p] - _size(p) / 2 for layer in layout.layers for p in layer)
    for point in layout.y:
        layout.y[point] -= top


def _relax(layout: _Layout, layer: Sequence[object]) -> None:
    wanted, offset, offsets = [], 0.0, []
    for i, point in enumerate(layer):
        if i:
            offset += (_size(layer[i - 1]) + _size(point)) / 2 + GAP
        beside = [layout.y[n] for n in (*layout.above.get(point, []), *layout.below.get(point, []))]
        wanted.append((sum(beside) / len(beside) if beside else layout.y[point]) - offset)
        offsets.append(offset)
    for point, shifted, by in zip(layer, _isotonic(wanted), offsets, strict=True):
        layout.y[point] = shifted + by


def _isotonic(values: Sequence[float]) -> list[float]:
    """The nearest sequence (least squares) that does not fall: pools adjacent violators."""
    blocks: list[tuple[float, int]] = []
    for value in values:
        blocks.append((value, 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (b, n), (a, m) = blocks.pop(), blocks.pop()
            blocks.append(((a * m + b * n) / (m + n), m + n))
    return [value for value, count in blocks for _ in range(count)]


def _drawn(layout: _Layout, edges: Sequence[tuple[str, str]], hidden: int) -> Picture:
    xs = {p: MARGIN + i * (WIDTH + COLUMN) for i, layer in enumerate(layout.layers) for p in layer}
    boxes = [
        Box(p, xs[p], round(layout.y[p] - HEIGHT / 2 + MARGIN, 1))
        for layer in layout.layers
        for p in layer
        if isinstance(p, str)
    ]
    lines = [(a, b, _path(layout, xs, a, b)) for a, b in edges]
    width = 2 * MARGIN + len(layout.layers) * WIDTH + (len(layout.layers) - 1) * COLUMN
    height = 2 * MARGIN + max(layout.y[p] + _size(p) / 2 for p in layout.y)
    return Picture(width, int(height) + 1, boxes, lines, hidden)


def _path(layout: _Layout, xs: Mapping[object, int], a: str, b: str) -> str:
    """A curve between columns, straight through lanes."""
    lanes = sorted((p for p in layout.y if isinstance(p, tuple) and p[:2] == (a, b)), key=lambda p: int(p[2]))
    x, y = xs[a] + WIDTH, layout.y[a] + MARGIN
    path = f"M{x} {y:.1f}"
    for point in [*lanes, b]:
        to_x, to_y = xs[point], layout.y[point] + MARGIN
        middle = (x + to_x) / 2
        path += f"C{middle:.0f} {y:.1f} {middle:.0f} {to_y:.1f} {to_x} {to_y:.1f}"
        x, y = to_x, to_y
        if point != b:
            x += WIDTH
            path += f"H{x}"
    return path
