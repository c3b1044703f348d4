"""The verdicts are the libraries' own: nothing of ours stops bad data once the library says that it is good.

A test that a check fails on bad data would also pass if other code of ours refused the data; these would not.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import great_expectations.datasource.fluent.interfaces as gx
import pandera.ibis as pa
import pytest

from metric_pipelines.dictionary.yaml_types import Column, Expectation
from metric_pipelines.ledger.ledger import Verdict
from metric_pipelines.quality.audit import audit
from metric_pipelines.quality.rules import Rules
from metric_pipelines.warehouse.lake import step_database
from metric_pipelines.warehouse.staged import Staged
from metric_pipelines_tests.small_shop import Shop, revenue_by_month

RULES = Rules(
    {"a": Column(type="int64", min=1, isin=[1, 2])},
    unique=[["a"]],
    min_rows=1,
    expectations=[Expectation(expect="expect_column_max_to_be_between", column="a", max_value=5)],
)
GOOD, BAD = "select unnest([1, 2])::bigint as a", "select unnest([0, 0, 9])::bigint as a"


@pytest.fixture(scope="module")
def step() -> Iterator[duckdb.DuckDBPyConnection]:
    with step_database() as con:
        yield con


@pytest.fixture
def pandera_patched_to_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pa.DataFrameSchema, "validate", lambda _, rows, *__, **___: rows)


@pytest.fixture
def great_expectations_patched_to_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    real = gx.Batch.validate

    def validate(batch: Any, *arguments: Any, **named: Any) -> Any:
        result = real(batch, *arguments, **named)
        result.success = True
        return result

    monkeypatch.setattr(gx.Batch, "validate", validate)


def verdicts(con: duckdb.DuckDBPyConnection, query: str) -> list[Verdict]:
    con.execute(f"create or replace temp table staged as {query}")
    item = Staged("shop/orders", "staged", [""])
    return audit(con, [item], {item.key: RULES}, {item.key: "shop.yaml:1"})[item.key][""]


def passed(con: duckdb.DuckDBPyConnection, query: str) -> list[bool]:
    return [verdict.passed for verdict in verdicts(con, query)]


def test_both_libraries_pass_good_data_and_fail_bad(step: duckdb.DuckDBPyConnection) -> None:
    assert passed(step, GOOD) == [True, True]
    assert passed(step, BAD) == [False, False]
    assert [v.library for v in verdicts(step, BAD)] == ["pandera", "great_expectations"]


@pytest.mark.usefixtures("pandera_patched_to_pass")
def test_with_pandera_patched_to_pass_the_contract_passes_bad_data(step: duckdb.DuckDBPyConnection) -> None:
    assert passed(step, BAD) == [True, False]


@pytest.mark.usefixtures("great_expectations_patched_to_pass")
def test_with_great_expectations_patched_to_pass_the_expectations_pass_bad_data(
    step: duckdb.DuckDBPyConnection,
) -> None:
    assert passed(step, BAD) == [False, True]


def test_what_is_kept_of_a_failure_are_the_librarys_words(step: duckdb.DuckDBPyConnection) -> None:
    contract, expectations = verdicts(step, BAD)
    reasons = {failure["reason"] for failure in contract.detail["failures"]}
    assert reasons == {"dataframe_check", "duplicates"}
    [failure] = expectations.detail["failures"]
    assert failure["result"]["observed_value"] == 9


@pytest.fixture
def revenue_only(published_once: Shop, tmp_path: Path) -> Shop:
    shop = published_once.copy(tmp_path)
    shop.keep("revenue")
    return shop


@pytest.mark.usefixtures("great_expectations_patched_to_pass")
def test_with_great_expectations_patched_to_pass_a_wrong_metric_is_published(revenue_only: Shop) -> None:
    revenue_only.sql("update orders set amount = 600 where order_id = 102")
    assert revenue_only.refresh().troubles == []
    assert revenue_only.months("revenue")["2024-02"] > 600


@pytest.mark.usefixtures("pandera_patched_to_pass")
def test_with_pandera_patched_to_pass_a_wrong_source_is_published(revenue_only: Shop) -> None:
    revenue_only.sql("update orders set product_id = 0 where order_id = 103")
    assert revenue_only.refresh().troubles == []
    assert revenue_only.read("select min(product_id) from lake.shop.orders") == [(0,)]
    assert revenue_only.months("revenue") == revenue_by_month()
