"""Dagster shows what the ledger knows: the same graph, and after a refresh every pair materialized, fresh and
checked.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from metric_pipelines.dictionary.months import WHOLE
from metric_pipelines.publication.workshop import Workshop
from metric_pipelines.quality.rules import checks_of
from metric_pipelines_tests.end_to_end.center_at_work import CenterAtWork
from metric_pipelines_tests.end_to_end.dagster_view import SUCCEEDED, DagsterView

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def view(year: CenterAtWork) -> Iterator[DagsterView]:
    with year.instance() as instance:
        yield DagsterView(instance, year.definitions())


@pytest.fixture(scope="module")
def shop(year: CenterAtWork) -> Workshop:
    return year.workshop()


def test_dagster_has_the_pairs_of_the_graph(shop: Workshop, view: DagsterView) -> None:
    assert view.pairs() == set(shop.graph.pairs())


def test_dagster_maps_each_pair_to_the_inputs_of_the_graph(shop: Workshop, view: DagsterView) -> None:
    graph = shop.graph
    differing = {pair for pair in graph.pairs() if view.inputs(pair) != set(graph.inputs(pair))}
    assert not differing


def test_every_asset_says_who_owns_it_and_what_it_means(shop: Workshop, view: DagsterView) -> None:
    for name, metric in shop.center.metrics.items():
        node = view.spec(f"metrics/{name}")
        assert set(node.owners) == {metric.owners.business, metric.owners.technical}
        assert metric.label.zh in node.description
        assert metric.label.en in node.description
        assert node.group_name == metric.department
        assert node.kinds >= {"metric", metric.type}
        assert node.code_version == shop.graph.nodes[f"metrics/{name}"].version


def test_all_is_published(year: CenterAtWork, shop: Workshop) -> None:
    assert year.in_state("published") == set(shop.graph.pairs())
    assert year.due() == set()


def test_every_published_pair_is_materialized(year: CenterAtWork, view: DagsterView) -> None:
    assert view.materialized() == year.in_state("published")


def test_every_published_pair_is_fresh(year: CenterAtWork, view: DagsterView) -> None:
    assert view.stale(year.in_state("published")) == {}


def test_every_check_of_every_pair_succeeded(shop: Workshop, view: DagsterView) -> None:
    for key in shop.graph.nodes:
        found = view.checks(key)
        expected = {
            (check, month)
            for check in checks_of(shop.graph.nodes[key])
            for month in shop.graph.partitions(key)
        }
        assert found == dict.fromkeys(expected, SUCCEEDED)


def test_every_materialization_carries_the_data_version_of_its_receipt(
    year: CenterAtWork, view: DagsterView
) -> None:
    assert view.data_versions() == year.data_versions()


def test_a_materialization_carries_the_code_version_of_the_graph(shop: Workshop, view: DagsterView) -> None:
    pairs = [("metrics/net_revenue", "2017-06"), ("oms/transactions", "2017-01"), ("models/calendar", WHOLE)]
    for pair in pairs:
        assert view.tags_of(pair)["dagster/code_version"] == shop.graph.nodes[pair[0]].version


def test_the_refresh_left_nothing_at_work(view: DagsterView) -> None:
    assert view.runs_at_work() == []
    assert view.slots_taken() == {}
