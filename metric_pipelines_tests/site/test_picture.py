"""The picture of a lineage: all is in it, lines run from left to right, nothing covers anything."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metric_pipelines.dictionary.graph import Edge, Graph, Node, build_graph
from metric_pipelines.dictionary.validation import load_valid_center
from metric_pipelines.site.picture import HEIGHT, MOST_BELOW, WIDTH, Picture, lineage_picture
from metric_pipelines_tests.small_shop import CENTER


def graph_of(edges: dict[int, set[int]]) -> Graph:
    """A graph of models `m0` to `mn`, each with its inputs."""
    nodes = {}
    for number, inputs in edges.items():
        key = f"models/m{number}"
        chosen = tuple(Edge(f"models/m{i}") for i in sorted(inputs))
        nodes[key] = Node(key, "model", f"m{number}", True, chosen, "", "", key)
    return Graph(nodes, "2024-01", "2024-01")


@st.composite
def graphs(draw: st.DrawFn) -> tuple[Graph, str]:
    size = draw(st.integers(1, 14))
    edges = {n: draw(st.sets(st.integers(0, n - 1), max_size=4)) if n else set[int]() for n in range(size)}
    return graph_of(edges), f"models/m{draw(st.integers(0, size - 1))}"


def is_readable(picture: Picture) -> None:
    for a, b in combinations(picture.boxes, 2):
        apart = abs(a.x - b.x) >= WIDTH or abs(a.y - b.y) >= HEIGHT
        assert apart, (a, b)
    for box in picture.boxes:
        assert 0 <= box.x <= picture.width - WIDTH
        assert 0 <= box.y <= picture.height - HEIGHT
    x = {box.key: box.x for box in picture.boxes}
    assert all(x[a] < x[b] for a, b, _ in picture.lines)


@given(graphs())
def test_no_box_covers_another_and_lines_run_to_the_right(drawn: tuple[Graph, str]) -> None:
    graph, key = drawn
    picture = lineage_picture(graph, key)
    is_readable(picture)
    assert {b.key for b in picture.boxes} == {key} | graph.upstream(key) | graph.downstream(key)


@pytest.mark.parametrize("metric", ["revenue", "large_order_rate", "returning_customers"])
def test_the_small_shop_is_drawn_whole(metric: str) -> None:
    graph = build_graph(load_valid_center(CENTER), "2024-03")
    key = f"metrics/{metric}"
    picture = lineage_picture(graph, key)
    is_readable(picture)
    assert {b.key for b in picture.boxes} == {key} | graph.upstream(key) | graph.downstream(key)


def test_ten_inputs_stay_readable() -> None:
    edges = {n: set[int]() for n in range(10)} | {10: set(range(10)), 11: {0, 10}}
    picture = lineage_picture(graph_of(edges), "models/m11")
    is_readable(picture)
    assert len(picture.boxes) == 12
    assert picture.width < 700


def test_of_very_many_dependents_the_direct_ones_are_drawn() -> None:
    edges = {0: set[int]()} | {n: {0 if n < 4 else n - 1} for n in range(1, MOST_BELOW + 10)}
    picture = lineage_picture(graph_of(edges), "models/m0")
    assert {b.key for b in picture.boxes} == {f"models/m{n}" for n in range(4)}
    assert picture.hidden == MOST_BELOW + 6
