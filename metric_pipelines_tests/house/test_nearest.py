"""A hint names what was meant: the obvious is not missed, and what is too far is not suggested."""

from __future__ import annotations

import time

import pytest

from metric_pipelines.errors import did_you_mean
from metric_pipelines.nearest import misspelled, nearest

NAMES = [
    "revenue", "small_revenue", "orders_placed", "average_order", "customers", "large_orders",
    "revenue_growth", "revenue_7d", "category", "amount", "quantity", "order_day", "customer_id",
    "household__income",
    "sum", "count", "count_distinct", "average", "min", "max", "median", "percentile", "销售额", "毛利率",
]  # fmt: skip


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Revenue", "revenue"),
        ("REVENUE", "revenue"),
        ("revenues", "revenue"),
        ("customer", "customers"),
        ("revneue", "revenue"),
        ("evenue", "revenue"),
        ("average order", "average_order"),
        ("average-order", "average_order"),
        ("AverageOrder", "average_order"),
        ("averageorder", "average_order"),
        ("placed_orders", "orders_placed"),
        ("order_placed", "orders_placed"),
        ("distinct_count", "count_distinct"),
        ("growth", "revenue_growth"),
        ("income", "household__income"),
        ("household_income", "household__income"),
        ("kategory", "category"),
        ("ammount", "amount"),
        ("smu", "sum"),
        ("avg", "average"),
        ("AVG", "average"),
        ("maximum", "max"),
        ("cat", "category"),
        ("revenue_7days", "revenue_7d"),
        ("ｒｅｖｅｎｕｅ", "revenue"),
        ("销售額", "销售额"),
    ],
)
def test_what_was_meant_is_found(written: str, meant: str) -> None:
    assert nearest(written, NAMES) == meant


@pytest.mark.parametrize(
    "written", ["mean", "xyz", "tea", "total", "id", "store", "profit", "cost", "", " ", "_", "成本"]
)
def test_what_is_too_far_is_not_suggested(written: str) -> None:
    assert nearest(written, NAMES) is None


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("GROCRY", "GROCERY"),
        ("grocery", "GROCERY"),
        ("us", "US"),
        ("CNTRL-STORE SUP", "CNTRL/STORE SUP"),
        ("CNH", None),
        ("MEAT", None),
        ("35-34", None),
        ("UNKNOWN", None),
        ("unpaid", None),
        ("Region B", None),
        ("inactive", None),
        ("不合格品", None),
        ("Austria", None),
    ],
)
def test_a_member_is_misspelled_where_it_is_hardly_another(written: str, meant: str | None) -> None:
    members = ["GROCERY", "US", "CNY", "MEAT-PCKGD", "25-34", "CNTRL/STORE SUP"]
    members += ["paid", "Region A", "active", "合格品", "Australia"]
    assert misspelled(written, members) == meant


def test_what_several_names_have_is_left_open() -> None:
    assert nearest("order", ["order_day", "order_week"]) is None


def test_a_name_that_is_known_is_no_hint_to_itself() -> None:
    assert did_you_mean("metric", ["metric", "name"]) == ""


def test_long_names_may_differ_by_a_word() -> None:
    near = "expect_column_mean_to_be_between"
    others = ["expect_column_values_to_be_unique", near, "expect_table_row_count_to_equal"]
    assert nearest("expect_column_mean_to_be_within", others) == near


def test_a_large_dictionary_is_searched_in_no_time() -> None:
    names = [f"metric_{i}_of_department_{i % 97}" for i in range(10_000)]
    started = time.perf_counter()
    assert nearest("metric_77_of_departmnet_77", names) == "metric_77_of_department_77"
    assert time.perf_counter() - started < 3
