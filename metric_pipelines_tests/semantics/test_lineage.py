"""From source columns to metrics: the shipped center by lists made from reading it, and small centers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

import metric_pipelines
from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.definitions import Metric
from metric_pipelines.dictionary.validation import load_valid_center
from metric_pipelines.dictionary.yaml_types import Column
from metric_pipelines.errors import DefinitionError, EnvironmentBrokenError, UsageError
from metric_pipelines.semantics import lineage
from metric_pipelines.semantics.lineage import (
    ColumnUse,
    columns_behind,
    metric_inputs,
    metrics_reading,
    model_columns,
    model_rows,
)
from metric_pipelines.semantics.query_lineage import TableColumn
from metric_pipelines_tests.small_shop import CENTER

PROMOTIONS = (
    "erp.promotions: product_id store_id week week_start; "
    "oms.transactions: product_id store_id week transaction_timestamp"
)
LINES = f"erp.products: product_id; {PROMOTIONS}"
"""What basket_lines are joined by; every metric of baskets and households goes through them."""
BASKETS = f"{LINES}; oms.transactions: basket_id household_id store_id transaction_timestamp"
HOUSEHOLDS = f"{BASKETS}; crm.households: household_id; crm.demographics: household_id"
INCOME = (
    "crm.demographics: income; crm.households: household_id; oms.transactions: household_id"  # with the join
)
MAILINGS = (
    "crm.campaigns: campaign_id; crm.campaign_mailings: campaign_id household_id; "
    "crm.coupon_redemptions: campaign_id household_id"
)

BEHIND = {
    "net_revenue": {
        "value": "oms.transactions: sales_value",
        "time": "oms.transactions: transaction_timestamp",
        "dimension": "erp.products: department; oms.transactions: store_id",
        "row": LINES,
    },
    "private_label_revenue": {
        "value": "oms.transactions: sales_value",
        "filter": "erp.products: brand",
        "time": "oms.transactions: transaction_timestamp",
        "dimension": "erp.products: department; oms.transactions: store_id",
        "row": LINES,
    },
    "units": {
        "value": "oms.transactions: quantity",
        "filter": "erp.products: department product_type",
        "time": "oms.transactions: transaction_timestamp",
        "dimension": "erp.products: department; oms.transactions: store_id",
        "row": LINES,
    },
    "discount_rate": {
        "value": "oms.transactions: retail_disc coupon_match_disc sales_value",
        "time": "oms.transactions: transaction_timestamp",
        "dimension": "erp.products: department; oms.transactions: store_id",
        "row": LINES,
    },
    "baskets": {
        "time": "oms.transactions: transaction_timestamp",
        "dimension": "oms.transactions: store_id",
        "row": BASKETS,
    },
    "average_basket": {
        "value": "oms.transactions: sales_value",
        "time": "oms.transactions: transaction_timestamp",
        "dimension": "oms.transactions: store_id",
        "row": f"{BASKETS}; erp.products: department",  # net revenue's departments are added up
    },
    "net_revenue_rolling_28d": {
        "value": "oms.transactions: sales_value",
        "time": "oms.transactions: transaction_timestamp",
        "dimension": "erp.products: department",
        "row": f"{LINES}; oms.transactions: store_id",
    },
    "household_retention": {
        "time": "oms.transactions: transaction_timestamp",
        "dimension": INCOME,
        "row": HOUSEHOLDS,
    },
    "new_households": {
        "time": "oms.transactions: transaction_timestamp",
        "dimension": INCOME,
        "row": HOUSEHOLDS,
    },
    "days_to_redemption": {
        "value": "crm.coupon_redemptions: redemption_date; crm.campaigns: start_date",
        "time": "crm.coupon_redemptions: redemption_date",
        "dimension": "crm.campaigns: campaign_type",
        "row": "crm.campaigns: campaign_id; crm.coupon_redemptions: campaign_id",
    },
    "redemption_rate": {
        "filter": "crm.coupon_redemptions: redemption_date",
        "time": "crm.campaigns: start_date; crm.coupon_redemptions: redemption_date",
        "dimension": "crm.campaigns: campaign_type",
        "row": MAILINGS,
    },
}


@pytest.fixture(scope="module")
def retail() -> Center:
    """The shipped center."""
    return load_valid_center(Path(metric_pipelines.__file__).parent / "centers" / "retail")


@pytest.fixture(scope="module")
def shop() -> Center:
    """The small center."""
    return load_valid_center(CENTER)


def listed(text: str) -> set[str]:
    """`oms.transactions: a b; erp.products: c` as full names."""
    tables = [part.split(": ") for part in text.split("; ")]
    return {f"{table}.{column}" for table, columns in tables for column in columns.split()}


def by_role(uses: Iterable[ColumnUse]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for use in uses:
        for role in use.roles:
            found.setdefault(role, set()).add(str(use.column))
    return found


def names(columns: Iterable[TableColumn]) -> set[str]:
    return {str(column) for column in columns}


def with_sql(center: Center, model: str, sql: str, extra: str = "") -> Center:
    """The center with other SQL for a model, and perhaps a further column in its contract."""
    columns = center.models[model].columns | ({extra: Column(type="any")} if extra else {})
    changed = center.models[model].model_copy(update={"columns": columns})
    return replace(center, sql=center.sql | {model: sql}, models=center.models | {model: changed})


def with_metric(center: Center, name: str, **changes: object) -> Center:
    changed: Metric = center.metrics[name].model_copy(update=changes)
    return replace(center, metrics=center.metrics | {name: changed})


@pytest.mark.parametrize("metric", BEHIND)
def test_the_source_columns_behind_a_metric_are_those_a_reader_finds(retail: Center, metric: str) -> None:
    expected = {role: listed(text) for role, text in BEHIND[metric].items()}
    assert by_role(columns_behind(retail, f"metrics/{metric}")) == expected


def test_who_reads_the_brand_of_a_product(retail: Center) -> None:
    assert metrics_reading(retail, "erp.products.brand") == [
        "private_label_merchandise_revenue",
        "private_label_revenue",
        "private_label_share",
        "private_label_share_without_fuel",
    ]


def test_who_reads_when_a_campaign_began(retail: Center) -> None:
    readers = [
        "answered_mailings",
        "days_to_redemption",
        "mailed_households",
        "mailings",
        "prompt_redemption_rate",
        "redemption_rate",
    ]
    assert metrics_reading(retail, "crm.campaigns.start_date") == readers


def test_nobody_reads_a_column_or_a_table_that_no_model_takes(retail: Center) -> None:
    assert metrics_reading(retail, "erp.products.package_size") == []
    assert metrics_reading(retail, "erp.stores") == []


def test_all_but_the_metrics_of_campaigns_read_products(retail: Center) -> None:
    of_campaigns = {
        "answered_mailings", "coupon_redemptions", "coupons_per_redeeming_household", "days_to_redemption",
        "mailed_households", "mailings", "prompt_redemption_rate", "redeeming_households",
        "redeeming_mailings", "redemption_rate",
    }  # fmt: skip
    readers = set(retail.metrics) - of_campaigns
    assert metrics_reading(retail, "erp.products") == sorted(readers)


def test_the_columns_of_a_model_come_from_its_direct_inputs(retail: Center) -> None:
    found = {name: names(columns) for name, columns in model_columns(retail, "household_months").items()}
    months = {"models.baskets.business_day"}
    assert found == {
        "household_month_id": months | {"models.baskets.household_id"},
        "month_start": months,
        "household_id": {"models.baskets.household_id"},
        "active": set(),
        "active_before": set(),
        "month_over": months,
        "baskets": set(),
        "baskets_before": set(),
    }
    rows = "models.baskets: business_day household_id"
    assert names(model_rows(retail, "household_months")) == listed(rows)


def test_a_model_has_the_columns_of_its_contract_in_their_order(retail: Center) -> None:
    assert all(list(model_columns(retail, m)) == list(retail.models[m].columns) for m in retail.models)


def test_the_source_columns_behind_a_model_are_values_and_rows(retail: Center) -> None:
    assert by_role(columns_behind(retail, "models/redemptions")) == {
        "value": listed(
            "crm.coupon_redemptions: redemption_id household_id coupon_upc campaign_id redemption_date; "
            "crm.campaigns: campaign_type start_date"
        ),
        "row": listed("crm.campaigns: campaign_id; crm.coupon_redemptions: campaign_id"),
    }


def test_a_calendar_of_no_table_has_nothing_behind_it(retail: Center) -> None:
    assert columns_behind(retail, "models/calendar") == frozenset()


def test_a_metric_reads_columns_of_models_in_roles(retail: Center) -> None:
    assert by_role(metric_inputs(retail, "fuel_revenue")) == {
        "value": {"models.basket_lines.sales_value"},
        "filter": {"models.basket_lines.is_fuel"},
        "time": {"models.basket_lines.business_day"},
        "dimension": listed("models.basket_lines: department store_id"),
    }


def test_a_conversion_reads_its_entity_its_constants_and_the_days_too(retail: Center) -> None:
    assert by_role(metric_inputs(retail, "redemption_rate")) == {
        "filter": {"models.campaign_mailings.first_redeemed_on"},
        "time": listed("models.campaign_mailings: mailed_on first_redeemed_on"),
        "dimension": {"models.campaign_mailings.campaign_type"},
        "row": listed("models.campaign_mailings: household_id campaign_id; models.calendar: date_day"),
    }


def test_dimensions_of_an_input_that_are_added_up_are_row_columns(shop: Center) -> None:
    assert by_role(metric_inputs(with_metric(shop, "average_order", dimensions=[]), "average_order")) == {
        "value": {"models.order_lines.amount"},
        "time": {"models.order_lines.order_day"},
        "row": {"models.order_lines.category"},
    }


def test_a_spine_made_from_a_source_is_behind_what_is_laid_along_it(shop: Center) -> None:
    made = with_sql(shop, "calendar", "select distinct cast(ordered_at as date) as date_day from shop.orders")
    behind = by_role(columns_behind(made, "metrics/revenue_7d"))
    assert "shop.orders.ordered_at" in behind["row"]
    assert "shop.orders.ordered_at" not in by_role(columns_behind(made, "metrics/revenue"))["row"]


def test_dimensions_and_entities_may_be_expressions(shop: Center) -> None:
    lines = shop.models["order_lines"]
    shown = lines.dimensions["category"].model_copy(update={"expr": "CATEGORY || quantity"})
    made = replace(
        shop,
        models=shop.models | {"order_lines": lines.model_copy(update={"dimensions": {"category": shown}})},
    )
    assert by_role(metric_inputs(made, "revenue"))["dimension"] == listed(
        "models.order_lines: category quantity"
    )


def test_the_month_of_a_stored_row_comes_from_the_column_it_is_partitioned_by(shop: Center) -> None:
    sql = shop.sql["order_lines"] + " where line.partition_month > date '2024-01-01'"
    made = with_sql(shop, "order_lines", sql)
    assert "shop.orders.ordered_at" in names(model_rows(made, "order_lines"))
    assert "orders_placed" in metrics_reading(made, "shop.orders.ordered_at")


def test_a_star_gives_what_the_contract_declares(shop: Center) -> None:
    made = with_sql(
        shop, "order_lines", "select *, ordered_at as order_day, null as category from shop.orders"
    )
    found = model_columns(made, "order_lines")
    assert names(found["amount"]) == {"shop.orders.amount"}
    assert names(found["order_day"]) == {"shop.orders.ordered_at"}
    assert "product_id" not in found


def test_names_are_spelled_as_they_are_declared(shop: Center) -> None:
    made = with_sql(
        shop,
        "order_lines",
        shop.sql["order_lines"].replace("line.order_id,", "line.order_id, 1 as note,"),
        "Note",
    )
    assert model_columns(made, "order_lines")["Note"] == frozenset()
    lines = with_sql(made, "customer_months", "select order_day as month_start, NOTE as customer_id, "
                     "true as active, true as active_before from models.order_lines")  # fmt: skip
    assert names(model_columns(lines, "customer_months")["customer_id"]) == {"models.order_lines.Note"}


def test_a_table_is_read_though_none_of_its_columns_is(shop: Center) -> None:
    sql = "select order_id, customer_id, ordered_at as order_day, '' as category, quantity, amount"
    made = with_sql(shop, "order_lines", f"{sql} from shop.orders cross join shop.products")
    assert metrics_reading(made, "shop.products.category") == []
    assert "revenue" in metrics_reading(made, "shop.products")


def test_a_column_that_cannot_be_resolved_is_refused_with_file_and_line(shop: Center) -> None:
    made = with_sql(shop, "order_lines", shop.sql["order_lines"].replace("line.amount", "line.amuont"))
    with pytest.raises(
        DefinitionError, match=r"order_lines\.sql:8: unknown column of line 'amuont'.*'amount'"
    ):
        columns_behind(made, "metrics/revenue")


def test_a_column_that_only_the_contract_knows_is_refused(shop: Center) -> None:
    made = with_sql(shop, "order_lines", shop.sql["order_lines"], "discount")
    with pytest.raises(DefinitionError, match=r"order_lines\.sql: .*'discount'"):
        model_columns(made, "order_lines")


def test_a_metric_that_names_what_its_model_lacks_is_refused(shop: Center) -> None:
    with pytest.raises(DefinitionError, match=r"revenue\.yaml:\d+: unknown column 'amuont'.*'amount'"):
        metric_inputs(with_metric(shop, "revenue", expr="amuont"), "revenue")


@pytest.mark.parametrize("key", ["metrics/revenu", "models/revenue", "revenue", "shop/orders"])
def test_an_asset_that_is_not_there_is_a_wrong_use(shop: Center, key: str) -> None:
    with pytest.raises(UsageError, match="unknown metric or model"):
        columns_behind(shop, key)


@pytest.mark.parametrize(
    "source", ["shop.order", "shop.orders.amuont", "models.order_lines", "shop.orders.partition_month"]
)
def test_a_source_that_is_not_there_is_a_wrong_use(shop: Center, source: str) -> None:
    with pytest.raises(UsageError, match="unknown source table or column"):
        metrics_reading(shop, source)


def test_a_wrong_name_of_a_model_or_metric_is_a_wrong_use(shop: Center) -> None:
    with pytest.raises(UsageError, match="did you mean 'order_lines'"):
        model_columns(shop, "order_line")
    with pytest.raises(UsageError, match="did you mean 'revenue'"):
        metric_inputs(shop, "revenu")


def test_what_is_kept_of_one_center_is_not_told_of_another(shop: Center) -> None:
    before = columns_behind(shop, "metrics/revenue")
    columns_behind(with_metric(shop, "revenue", expr="quantity"), "metrics/revenue")
    for _ in range(10):
        other = with_metric(shop, "revenue", expr="quantity")
        assert "shop.orders.quantity" in by_role(columns_behind(other, "metrics/revenue"))["value"]
    assert columns_behind(shop, "metrics/revenue") == before


def test_columns_are_not_followed_by_a_sqlglot_that_reads_too_few_queries(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lineage, "LEAST_SQLGLOT", 10_000)
    monkeypatch.setattr(lineage, "sqlglot_reads_enough", lineage.sqlglot_reads_enough.__wrapped__)
    with pytest.raises(EnvironmentBrokenError, match="10000 or newer"):
        columns_behind(load_valid_center(CENTER), "metrics/revenue")
