"""Every kind of contract rule fails on bad data, and passes on good data and on none."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import duckdb
import ibis
import pytest

from metric_pipelines.dictionary.months import WHOLE
from metric_pipelines.dictionary.yaml_types import Column
from metric_pipelines.ledger.ledger import Verdict
from metric_pipelines.quality.contract import MOST_CASES, Contracts, all_hold
from metric_pipelines.quality.rules import Rules
from metric_pipelines.warehouse.lake import step_database

counter = itertools.count()


class Judge:
    """Stages a query and gives the contract's verdicts on it."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.con, self.contracts = con, Contracts(con)

    def months(self, query: str, rules: Rules, months: list[str]) -> dict[str, Verdict]:
        table = f"staged_{next(counter)}"
        self.con.execute(f"create temp table {table} as {query}")
        return self.contracts.verdicts(table, rules, months)

    def __call__(self, query: str, column: dict[str, Any], **rules: Any) -> Verdict:
        """On one column `a`, for the whole table."""
        return self.months(query, Rules({"a": Column(**column)}, **rules), [WHOLE])[WHOLE]


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    with step_database() as con:
        yield Judge(con)


RULES = {
    "int64": ({"type": "int64"}, "select 1::bigint as a", "select 1::integer as a"),
    "string": ({"type": "string"}, "select 'x' as a", "select 1::bigint as a"),
    "date": ({"type": "date"}, "select date '2024-01-01' as a", "select timestamp '2024-01-01' as a"),
    "timestamp": (
        {"type": "timestamp"},
        "select timestamp '2024-01-01' as a",
        "select timestamptz '2024-01-01' as a",
    ),
    "double": ({"type": "double"}, "select 1.0::double as a", "select 1.0::decimal(18,2) as a"),
    "boolean": ({"type": "boolean"}, "select true as a", "select 1::bigint as a"),
    "decimal scale": (
        {"type": "decimal(18,2)"},
        "select 1::decimal(18,2) as a",
        "select 1::decimal(18,3) as a",
    ),
    "decimal": ({"type": "decimal(18,2)"}, "select 1::decimal(18,2) as a", "select 1::double as a"),
    "not null": ({"type": "int64"}, "select 1::bigint as a", "select unnest([1, null])::bigint as a"),
    "min": ({"type": "int64", "min": 1}, "select 1::bigint as a", "select unnest([1, 0])::bigint as a"),
    "max": ({"type": "int64", "max": 3}, "select 3::bigint as a", "select unnest([3, 4])::bigint as a"),
    "min of money": (
        {"type": "decimal(18,2)", "min": 0},
        "select 0::decimal(18,2) as a",
        "select -0.01::decimal(18,2) as a",
    ),
    "isin": ({"type": "string", "isin": ["tea"]}, "select 'tea' as a", "select unnest(['tea', 'Tea']) as a"),
    "isin of numbers": ({"type": "int64", "isin": [1, 2]}, "select 2::bigint as a", "select 3::bigint as a"),
    "matches": (
        {"type": "string", "matches": "^[0-9]{2}$"},
        "select '12' as a",
        "select unnest(['12', '123']) as a",
    ),
    "matches at the start": ({"type": "string", "matches": "x"}, "select 'xy' as a", "select 'yx' as a"),
    "matches of alternatives": ({"type": "string", "matches": "x|y"}, "select 'yx' as a", "select 'ay' as a"),
}


@pytest.mark.parametrize(("column", "good", "bad"), RULES.values(), ids=RULES)
def test_a_rule_passes_on_good_data_and_on_none_and_fails_on_bad(
    judge: Judge, column: dict[str, Any], good: str, bad: str
) -> None:
    assert judge(good, column).passed
    assert judge(f"{good} where false", column).passed
    verdict = judge(bad, column)
    assert not verdict.passed
    assert (verdict.check, verdict.library, verdict.severity) == ("contract", "pandera", "error")
    assert [failure["column"] for failure in verdict.detail["failures"]] == ["a"]


@pytest.mark.parametrize(("column", "good", "bad"), RULES.values(), ids=RULES)
def test_the_question_of_the_whole_table_says_what_the_columns_say_one_by_one(
    judge: Judge, column: dict[str, Any], good: str, bad: str
) -> None:
    rules, backend = Rules({"a": Column(**column)}), ibis.duckdb.from_connection(judge.con)
    tables = [backend.sql(query) for query in (good, f"{good} where false", bad)]
    assert [all_hold(rows, rows, rules) for rows in tables] == [True, True, False]


TWO = "select * from (values (1::bigint, 1::bigint), (1, 2)) as t(a, b)"


def test_a_key_that_stands_twice_fails(judge: Judge) -> None:
    assert not judge(TWO, {"type": "int64"}, unique=[["a"]]).passed
    assert judge(TWO, {"type": "int64"}, unique=[["a", "b"]]).passed
    assert judge(f"{TWO} where false", {"type": "int64"}, unique=[["a"]]).passed


def test_each_of_several_keys_is_looked_at(judge: Judge) -> None:
    assert not judge(TWO, {"type": "int64"}, unique=[["a", "b"], ["a"]]).passed
    assert not judge(TWO, {"type": "int64"}, unique=[["a"], ["a", "b"]]).passed
    assert judge(TWO, {"type": "int64"}, unique=[["b"], ["a", "b"]]).passed


def test_a_null_key_that_stands_twice_fails(judge: Judge) -> None:
    assert not judge(
        "select unnest([null, null])::bigint as a", {"type": "int64", "nullable": True}, unique=[["a"]]
    ).passed


def test_a_missing_column_fails_even_without_rows(judge: Judge) -> None:
    for query in ("select 1 as b", "select 1 as b where false"):
        verdict = judge(query, {"type": "int64", "min": 1})
        assert not verdict.passed
        assert "'a' not found" in verdict.detail["failures"][0]["message"]


def test_a_wrong_type_fails_even_without_rows(judge: Judge) -> None:
    assert not judge("select 1::integer as a where false", {"type": "int64"}).passed


def test_a_column_that_is_not_in_the_contract_is_none_of_its_business(judge: Judge) -> None:
    assert judge("select 1::bigint as a, 'x' as other", {"type": "int64"}).passed


def test_a_column_of_any_type_has_its_other_rules(judge: Judge) -> None:
    assert judge("select 'x' as a", {"type": "any"}).passed
    assert not judge("select null as a", {"type": "any"}).passed
    assert not judge("select 0.5::double as a", {"type": "any", "min": 1}).passed


@pytest.mark.parametrize("rule", [{"min": 1}, {"max": 3}, {"isin": [1]}])
def test_a_null_where_nulls_are_allowed_breaks_no_value_rule_and_hides_no_bad_value(
    judge: Judge, rule: dict[str, Any]
) -> None:
    column = {"type": "int64", "nullable": True, **rule}
    assert judge("select unnest([null, 1])::bigint as a", column).passed
    assert judge("select null::bigint as a", column).passed
    assert not judge("select unnest([null, 99, -99])::bigint as a", column).passed


def test_several_broken_rules_are_all_named(judge: Judge) -> None:
    rules = Rules(
        {"a": Column(type="int64", min=1), "b": Column(type="string", isin=["x"]), "c": Column(type="int64")},
        [["a"]],
    )
    query = "select unnest([0, 0])::bigint as a, 'y' as b, null::bigint as c"
    failures = judge.months(query, rules, [WHOLE])[WHOLE].detail["failures"]
    assert {failure["column"] for failure in failures} == {"a", "b", "c", ""}


def test_of_many_bad_values_a_few_are_kept(judge: Judge) -> None:
    verdict = judge("select range::bigint as a from range(100000)", {"type": "int64", "max": 5})
    assert 0 < len(verdict.detail["failures"][0]["values"]) <= MOST_CASES
    assert len(str(verdict.detail)) < 5_000


# By month

MONTHS = ["2024-01", "2024-02", "2024-03"]


def rows(*values: str) -> str:
    """(month, a) pairs."""
    return f"select * from (values {', '.join(values)}) as t(partition_month, a)"


def row(month: int, value: int) -> str:
    return f"(date '2024-{month:02d}-01', {value}::bigint)"


def passed(judge: Judge, query: str, rules: Rules) -> list[bool]:
    return [verdict.passed for verdict in judge.months(query, rules, MONTHS).values()]


POSITIVE = {"a": Column(type="int64", min=1)}


def test_only_the_bad_month_fails(judge: Judge) -> None:
    assert passed(judge, rows(row(1, 1), row(2, 0), row(3, 1)), Rules(POSITIVE)) == [True, False, True]


def test_a_month_without_rows_passes_beside_a_bad_one(judge: Judge) -> None:
    assert passed(judge, rows(row(1, 0), row(3, 1)), Rules(POSITIVE)) == [False, True, True]


def test_a_key_doubled_within_a_month_fails_that_month(judge: Judge) -> None:
    assert passed(judge, rows(row(1, 1), row(2, 2), row(2, 2), row(3, 3)), Rules(POSITIVE, [["a"]])) == [
        True,
        False,
        True,
    ]


def test_a_key_doubled_across_months_fails_them(judge: Judge) -> None:
    assert passed(judge, rows(row(1, 1), row(2, 1), row(3, 3)), Rules(POSITIVE, [["a"]])) == [
        False,
        False,
        True,
    ]


def test_a_key_doubled_across_months_fails_them_beside_a_month_that_is_bad_by_itself(judge: Judge) -> None:
    assert passed(judge, rows(row(1, 1), row(2, 1), row(3, 0)), Rules(POSITIVE, [["a"]])) == [
        False,
        False,
        False,
    ]


def test_keys_of_two_columns_doubled_across_months_spare_the_others(judge: Judge) -> None:
    query = "select * from (values (date '2024-01-01', 1, 'x'), (date '2024-02-01', 1, 'y'), "
    query += "(date '2024-03-01', 1, 'x')) as t(partition_month, a, b)"
    rules = Rules({"a": Column(type="any"), "b": Column(type="any")}, [["a", "b"]])
    assert passed(judge, query, rules) == [False, True, False]


def test_a_key_that_a_bad_month_shares_with_a_good_one_fails_the_bad_one_only(judge: Judge) -> None:
    assert passed(judge, rows(row(1, 1), row(2, 2), row(3, 1), row(3, 0)), Rules(POSITIVE, [["a"]])) == [
        True,
        True,
        False,
    ]


def test_months_that_are_not_asked_for_are_not_judged(judge: Judge) -> None:
    found = judge.months(rows(row(1, 1), row(2, 0)), Rules(POSITIVE), ["2024-01"])
    assert {month: verdict.passed for month, verdict in found.items()} == {"2024-01": True}


# Metrics: rows belong to a metric only where it has a value

SOME = Rules(
    {"k": Column(type="string"), "a": Column(type="any", nullable=True, min=0)}, [["k"]], some=["a", "b"]
)


@pytest.mark.parametrize(
    ("values", "good"),
    [
        ("('x', 1, null), ('y', null, 2)", True),
        ("(null, null, null), ('x', 1, null)", True),
        ("(null, 1, null), ('x', 1, null)", False),
        ("('x', 1, null), ('x', null, null)", True),
        ("('x', 1, null), ('x', null, 2)", False),
        ("('x', -1, null)", False),
    ],
)
def test_rows_without_any_value_of_the_metric_are_not_judged(judge: Judge, values: str, good: bool) -> None:
    query = f"select k::varchar as k, a::bigint as a, b::bigint as b from (values {values}) as t(k, a, b)"
    assert judge.months(query, SOME, [WHOLE])[WHOLE].passed is good
