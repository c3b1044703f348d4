"""What is typed: selections, months, days, words for metrics."""

from __future__ import annotations

from datetime import date

import pytest

from metric_pipelines.cli.dates import day_of, months_of
from metric_pipelines.cli.search import found, shared_by, the_metric
from metric_pipelines.cli.selection import selected
from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.graph import Graph, build_graph
from metric_pipelines.dictionary.names import shared_names
from metric_pipelines.dictionary.reviews import day_in
from metric_pipelines.dictionary.validation import load_valid_center
from metric_pipelines.errors import UsageError
from metric_pipelines.settings import SHIPPED
from metric_pipelines_tests.small_shop import CENTER

MONTHS = ["2024-01", "2024-02", "2024-03"]


@pytest.fixture(scope="module")
def graph() -> Graph:
    return build_graph(load_valid_center(CENTER), "2024-03")


@pytest.fixture(scope="module")
def retail() -> Center:
    return load_valid_center(SHIPPED / "retail")


def test_a_selection_is_a_key_or_a_bare_name(graph: Graph) -> None:
    assert selected(graph, ["metrics/revenue"]) == selected(graph, ["revenue"]) == ["metrics/revenue"]
    assert selected(graph, ["order_lines", "shop/orders"]) == ["shop/orders", "models/order_lines"]


def test_a_plus_adds_what_is_upstream_or_downstream(graph: Graph) -> None:
    assert set(selected(graph, ["+revenue"])) == {"metrics/revenue", *graph.upstream("metrics/revenue")}
    assert set(selected(graph, ["shop/orders+"])) == {"shop/orders", *graph.downstream("shop/orders")}
    assert "models/calendar" in selected(graph, ["+revenue_7d"])


def test_selections_are_repeated_or_separated_by_commas(graph: Graph) -> None:
    assert selected(graph, ["revenue,customers"]) == selected(graph, ["customers", "revenue"])


def test_an_unknown_selection_names_the_nearest(graph: Graph) -> None:
    with pytest.raises(UsageError, match="did you mean 'revenue'"):
        selected(graph, ["revnue"])


@pytest.mark.parametrize(
    ("typed", "months"),
    [
        (["2024-02"], ["2024-02"]),
        (["2024-01..2024-03"], MONTHS),
        (["2024-03,2024-01", "2024-01"], ["2024-01", "2024-03"]),
    ],
)
def test_months_are_single_or_stretches(typed: list[str], months: list[str]) -> None:
    assert months_of("--partitions", typed, MONTHS) == months


@pytest.mark.parametrize("typed", ["2024-13", "Feb", "2024-03..2024-01", "2024-04", "2023-12", "2024-01.."])
def test_months_that_are_none_are_refused(typed: str) -> None:
    with pytest.raises(UsageError, match="--partitions"):
        months_of("--partitions", [typed], MONTHS)


def test_days_are_iso() -> None:
    assert day_of("--start", None) is None
    assert day_of("--start", "2024-02-29") == date(2024, 2, 29)
    with pytest.raises(UsageError, match="--start"):
        day_of("--start", "29.2.2024")


def test_a_review_is_due_at_the_end_of_a_shorter_month() -> None:
    assert day_in(date(2024, 8, 31), 6) == date(2025, 2, 28)


def test_what_is_called_exactly_so_is_found_first(retail: Center) -> None:
    names = [m.name for m in found(retail.metrics.values(), "net revenue")]
    assert names[0] == "net_revenue"
    assert "net_revenue_mtd" in names


def test_both_languages_codes_and_descriptions_are_searched(retail: Center) -> None:
    metrics = retail.metrics.values()
    assert {m.name for m in found(metrics, "客户留存率")} == {"household_retention", "basket_retention"}
    assert found(metrics, "sal-001")[0].name == "net_revenue"
    assert "discount_rate" in [m.name for m in found(metrics, "shelf price")]


def test_what_is_spelled_nearly_so_is_found_where_nothing_else_is(retail: Center) -> None:
    assert found(retail.metrics.values(), "basktes")[0].name == "baskets"
    assert found(retail.metrics.values(), "qqqqq") == []


def test_no_query_finds_all(retail: Center) -> None:
    assert len(found(retail.metrics.values(), "  ")) == len(retail.metrics)


@pytest.mark.parametrize("word", ["net_revenue", "SAL-001", "Net revenue", "净销售额", "turnover"])
def test_a_metric_is_meant_by_name_code_label_or_synonym(retail: Center, word: str) -> None:
    assert the_metric(retail, word).name == "net_revenue"


def test_a_word_for_two_metrics_is_refused_with_both(retail: Center) -> None:
    with pytest.raises(UsageError, match="compare household_retention basket_retention"):
        the_metric(retail, "客户留存率")


def test_shared_names_are_told(retail: Center) -> None:
    a, b = retail.metrics["household_retention"], retail.metrics["basket_retention"]
    assert "客户留存率" in shared_names(a, b)
    assert shared_names(a, retail.metrics["units"]) == []
    assert shared_by([a, b], "customer retention") == [a, b]
    assert shared_by([a, b], "household retention") == []
