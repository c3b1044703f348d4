"""The one asset graph: order, edges with their look-back, pairs, versions, groups."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from metric_pipelines.dictionary.graph import GROUP_SIZE, Edge, Graph, build_graph, group_of
from metric_pipelines.dictionary.months import WHOLE
from metric_pipelines.dictionary.validation import load_valid_center
from metric_pipelines_tests.small_shop import CENTER, Shop


@pytest.fixture(scope="module")
def graph() -> Graph:
    return build_graph(load_valid_center(CENTER), "2024-03")


Changed = Callable[[str, str, str], tuple[set[str], set[str]]]


@pytest.fixture
def changed(small_center: Path, graph: Graph) -> Changed:
    """Edits one file of the center and says which versions, and which computations, that changed."""

    def edit(file: str, old: str, new: str) -> tuple[set[str], set[str]]:
        Shop(small_center, small_center).edit(file, old, new)
        after = build_graph(load_valid_center(small_center), "2024-03").nodes
        versions = {k for k, node in graph.nodes.items() if node.version != after[k].version}
        return versions, {k for k, node in graph.nodes.items() if node.computation != after[k].computation}

    return edit


def metrics(*names: str) -> set[str]:
    return {f"metrics/{name}" for name in names}


OF_REVENUE = metrics("revenue", "average_order", "revenue_growth", "revenue_to_date", "revenue_7d")


def test_every_asset_comes_after_its_inputs(graph: Graph) -> None:
    order = list(graph.nodes)
    assert all(
        order.index(edge.key) < order.index(node.key) for node in graph.nodes.values() for edge in node.inputs
    )


def test_the_order_is_the_same_whatever_the_order_of_files(small_center: Path, graph: Graph) -> None:
    for file in sorted(small_center.rglob("*.yaml"), reverse=True):
        text = file.read_text()
        file.unlink()
        file.write_text(text)
    assert list(build_graph(load_valid_center(small_center), "2024-03").nodes) == list(graph.nodes)


def test_a_simple_metric_reads_its_model_and_a_ratio_its_parts(graph: Graph) -> None:
    assert graph.nodes["metrics/revenue"].inputs == (Edge("models/order_lines"),)
    assert graph.nodes["metrics/average_order"].inputs == (
        Edge("metrics/revenue"),
        Edge("metrics/orders_placed"),
    )


def test_windows_offsets_and_conversions_read_months_around_their_own(graph: Graph) -> None:
    assert Edge("metrics/revenue", back=1) in graph.nodes["metrics/revenue_7d"].inputs
    assert Edge("metrics/revenue", back=1) in graph.nodes["metrics/revenue_growth"].inputs
    assert Edge("metrics/revenue") in graph.nodes["metrics/revenue_to_date"].inputs
    assert Edge("models/order_lines", ahead=1) in graph.nodes["metrics/large_order_rate"].inputs
    assert Edge("models/order_lines", back=1) in graph.nodes["models/customer_months"].inputs


def test_a_metric_over_metrics_reads_its_models_as_far_as_all_of_them_together(small_center: Path) -> None:
    """Its own month before, of a growth that reads a month before: two months of the model."""
    shop = Shop(small_center, small_center)
    text = (
        (small_center / "metrics/sales/revenue_growth.yaml")
        .read_text()
        .replace("name: revenue_growth", "name: growth_change")
    )
    text = (
        text.replace("SAL-006", "SAL-106")
        .replace("en: Revenue growth", "en: Change of growth")
        .replace("name: revenue,", "name: revenue_growth,")
        .replace("dimensions: [category]", "dimensions: []")
    )
    (shop.center / "metrics/sales/growth_change.yaml").write_text(text)
    node = build_graph(load_valid_center(small_center), "2024-03").nodes["metrics/growth_change"]
    assert Edge("metrics/revenue_growth", back=1) in node.inputs
    assert Edge("models/order_lines", back=2) in node.inputs


def test_a_metric_that_computes_a_rolling_input_along_joins_the_calendar_too(small_center: Path) -> None:
    shop = Shop(small_center, small_center)
    shop.edit("metrics/sales/revenue_7d.yaml", "metric: revenue", "metric: customers")
    shop.edit("metrics/service/customers.yaml", "grain: month\ndimensions: [category]\n", "")
    shop.edit("metrics/sales/average_order.yaml", "numerator: revenue", "numerator: revenue_7d")
    shop.edit("metrics/sales/average_order.yaml", "dimensions: [category]", "grain: month")
    node = build_graph(load_valid_center(small_center), "2024-03").nodes["metrics/average_order"]
    assert Edge("models/calendar", back=1) in node.inputs
    assert Edge("models/order_lines", back=1) in node.inputs


def test_the_inputs_of_a_pair_are_within_the_months_of_the_center(graph: Graph) -> None:
    def months(pair: tuple[str, str], of: str) -> list[str]:
        return [month for key, month in graph.inputs(pair) if key == of]

    assert months(("metrics/revenue_7d", "2024-02"), "metrics/revenue") == ["2024-01", "2024-02"]
    assert months(("metrics/revenue_7d", "2024-01"), "metrics/revenue") == ["2024-01"]
    assert months(("metrics/large_order_rate", "2024-02"), "models/order_lines") == ["2024-02", "2024-03"]
    assert months(("metrics/large_order_rate", "2024-03"), "models/order_lines") == ["2024-03"]
    assert months(("models/order_lines", "2024-02"), "shop/products") == [WHOLE]


def test_months_after_today_are_not_yet_in_the_graph(graph: Graph) -> None:
    earlier = graph.until("2024-02")
    assert earlier.months == ["2024-01", "2024-02"]
    assert ("models/order_lines", "2024-03") in graph.inputs(("metrics/large_order_rate", "2024-02"))
    assert ("models/order_lines", "2024-03") not in earlier.inputs(("metrics/large_order_rate", "2024-02"))
    assert graph.until("2030-01").months == graph.months


def test_a_model_that_looks_back_over_everything_reads_all_months_until_its_own(small_center: Path) -> None:
    Shop(small_center, small_center).edit("models/customer_months.yaml", "look_back: 1", "look_back: all")
    graph = build_graph(load_valid_center(small_center), "2024-03")
    assert len(graph.inputs(("models/customer_months", "2024-03"))) == 3
    assert len(graph.inputs(("models/customer_months", "2024-01"))) == 1


def test_pairs_come_inputs_first(graph: Graph) -> None:
    seen: set[tuple[str, str]] = set()
    for pair in graph.pairs():
        seen.add(pair)
        assert pair[1] not in ("2024-03", WHOLE) or all(
            given in seen or given[1] != WHOLE for given in graph.inputs(pair)
        )
    assert len(seen) == 3 * sum(n.partitioned for n in graph.nodes.values()) + sum(
        not n.partitioned for n in graph.nodes.values()
    )


def test_upstream_and_downstream_go_all_the_way(graph: Graph) -> None:
    assert graph.upstream("metrics/average_order") == metrics("revenue", "orders_placed") | {
        "models/order_lines",
        "shop/orders",
        "shop/products",
    }
    assert graph.downstream("metrics/revenue") == OF_REVENUE - metrics("revenue")
    assert "metrics/returning_customers" in graph.downstream("shop/products")


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("metrics/sales/revenue.yaml", "{en: Revenue}", "{en: Turnover, zh: 营业额}"),
        ("metrics/sales/revenue.yaml", "business: sales@example.com", "business: others@example.com"),
        ("metrics/sales/revenue.yaml", 'unit: "USD"', 'unit: "EUR"'),
        ("models/order_lines.yaml", "label: Order lines", "label: Lines"),
        ("models/order_lines.yaml", "category: {label: Category}", "category: {label: Kind}"),
        ("models/order_lines.sql", "-- One row per order, on the shop's own day.\n", ""),
        (
            "models/order_lines.sql",
            "    line.order_id,\n    line.customer_id,",
            "line.order_id, line.customer_id,",
        ),
        ("sources/shop.yaml", "label: Orders", "label: All orders"),
        ("sources/shop.yaml", "sqlite:///sources/shop.sqlite", "sqlite:///elsewhere/shop.sqlite"),
        ("sources/shop.yaml", "reread: all", "reread: 2"),
        ("center.yaml", "label: Small shop", "label: Shop"),
    ],
)
def test_what_no_number_depends_on_changes_no_version(
    changed: Changed, file: str, old: str, new: str
) -> None:
    assert changed(file, old, new) == (set(), set())


def test_a_changed_filter_changes_exactly_the_metric_and_what_derives_from_it(changed: Changed) -> None:
    assert changed("metrics/sales/small_revenue.yaml", "amount < 10", "amount < 11") == (
        metrics("small_revenue"),
        metrics("small_revenue"),
    )


def test_a_changed_expression_changes_exactly_the_metric_and_what_derives_from_it(changed: Changed) -> None:
    assert changed("metrics/sales/revenue.yaml", "expr: amount", "expr: amount * 2") == (
        OF_REVENUE,
        OF_REVENUE,
    )


@pytest.mark.parametrize(
    ("file", "old", "new", "of"),
    [
        ("metrics/sales/revenue.yaml", "max_value: 500", "max_value: 400", "metrics/revenue"),
        ("metrics/sales/revenue.yaml", "min: 0", "min: 1", "metrics/revenue"),
        ("models/order_lines.yaml", "min_rows: 1", "min_rows: 2", "models/order_lines"),
        (
            "models/order_lines.yaml",
            "quantity: {type: int64, min: 1}",
            "quantity: {type: int64, min: 0}",
            "models/order_lines",
        ),
        ("sources/shop.yaml", "max_value: 5", "max_value: 6", "shop/orders"),
    ],
)
def test_a_changed_check_changes_the_version_of_its_own_asset_only_and_no_computation(
    changed: Changed, file: str, old: str, new: str, of: str
) -> None:
    assert changed(file, old, new) == ({of}, set())


def test_a_changed_model_changes_everything_that_derives_from_it(changed: Changed, graph: Graph) -> None:
    everything = {"models/order_lines"} | graph.downstream("models/order_lines")
    assert changed("models/order_lines.sql", "'unknown'", "'other'") == (everything, everything)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("sources/shop.yaml", "time_zone: UTC", "time_zone: Asia/Tokyo"),
        ("center.yaml", "America/New_York", "Europe/Berlin"),
    ],
)
def test_a_changed_time_zone_changes_all_that_derives_from_the_source(
    changed: Changed, graph: Graph, file: str, old: str, new: str
) -> None:
    versions, _ = changed(file, old, new)
    assert versions >= {"shop/orders"} | graph.downstream("shop/orders")
    assert "models/calendar" not in versions


def test_a_changed_column_type_changes_all_that_derives_from_the_source(
    changed: Changed, graph: Graph
) -> None:
    everything = {"shop/products"} | graph.downstream("shop/products")
    versions, _ = changed(
        "sources/shop.yaml",
        "product_id: {type: int64, min: 1}\n      category",
        "product_id: {type: string}\n      category",
    )
    assert versions == everything


def test_a_new_metric_changes_no_version_and_no_step_of_its_neighbours(
    small_center: Path, graph: Graph
) -> None:
    text = (
        (small_center / "metrics/sales/revenue.yaml")
        .read_text()
        .replace("SAL-001", "SAL-900")
        .replace("name: revenue", "name: a_new_one")
        .replace("en: Revenue", "en: A new one")
        .replace("expr: amount", "expr: amount * 2")
    )
    (small_center / "metrics/sales/a_new_one.yaml").write_text(text)
    after = build_graph(load_valid_center(small_center), "2024-03").nodes
    assert {k: after[k] for k in graph.nodes} == graph.nodes


def test_metrics_of_one_shape_form_one_group_and_others_do_not(graph: Graph) -> None:
    step = {
        name: graph.nodes[f"metrics/{name}"].step
        for name in (
            "revenue",
            "orders_placed",
            "small_revenue",
            "customers",
            "average_order",
            "revenue_7d",
            "revenue_to_date",
            "returning_customers",
            "large_order_rate",
        )
    }
    assert step["revenue"] == step["orders_placed"] == step["small_revenue"]
    assert len(set(step.values())) == 7


def test_a_group_does_not_depend_on_the_order_of_dimensions(small_center: Path) -> None:
    center = load_valid_center(small_center)
    one = center.metrics["revenue"].model_copy(update={"dimensions": ["category", "store"]})
    two = center.metrics["orders_placed"].model_copy(update={"dimensions": ["store", "category"]})
    assert group_of(center, one) == group_of(center, two)


def test_more_metrics_than_a_group_holds_are_computed_in_a_second_step(small_center: Path) -> None:
    text = (small_center / "metrics/sales/revenue.yaml").read_text()
    for i in range(GROUP_SIZE):
        copy = text.replace("SAL-001", f"MANY-{i}").replace("name: revenue", f"name: many_{i:02d}")
        copy = copy.replace("en: Revenue", f"en: Many {i}").replace("expr: amount", f"expr: amount * {i + 2}")
        (small_center / f"metrics/sales/many_{i:02d}.yaml").write_text(copy)
    steps = build_graph(load_valid_center(small_center), "2024-03").steps()
    group = group_of(load_valid_center(small_center), load_valid_center(small_center).metrics["revenue"])
    sizes = {name: len(nodes) for name, nodes in steps.items() if name.startswith(f"metrics__{group}")}
    assert sizes == {f"metrics__{group}": GROUP_SIZE, f"metrics__{group}__2": 4}
