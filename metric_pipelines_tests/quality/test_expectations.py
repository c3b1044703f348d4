"""Great Expectations' rules fail on bad data; one that cannot be carried out is an error, no failed check."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from metric_pipelines.dictionary.months import WHOLE
from metric_pipelines.dictionary.yaml_types import Expectation
from metric_pipelines.errors import DefinitionError
from metric_pipelines.ledger.ledger import Verdict
from metric_pipelines.quality import expectations
from metric_pipelines.quality.expectations import MOST_CASES, Expectations, Judged
from metric_pipelines.quality.rules import Rules
from metric_pipelines.warehouse.lake import step_database

counter = itertools.count()


class Judge:
    """Stages a query and gives the expectations' verdicts on it."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.con, self.expectations = con, Expectations(con)

    def months(self, query: str, rules: Rules, months: list[str]) -> dict[str, Verdict]:
        table = f"staged_{next(counter)}"
        self.con.execute(f"create temp table {table} as {query}")
        count = "''" if months == [WHOLE] else "strftime(partition_month, '%Y-%m')"
        rows = dict(self.con.execute(f"select {count}, count(*) from {table} group by 1").fetchall())
        judged = Judged(table, rules, months, {m: rows.get(m, 0) for m in months}, "shop.yaml:7")
        [found] = self.expectations.verdicts([judged])
        return found

    def __call__(self, query: str, *rules: dict[str, Any], **more: Any) -> Verdict:
        asked = Rules({}, expectations=[Expectation(**rule) for rule in rules], **more)
        return self.months(query, asked, [WHOLE])[WHOLE]


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    with step_database() as con:
        yield Judge(con)


def of(values: str, column: str = "a") -> str:
    return f"select unnest([{values}]) as {column}"


def rule(expect: str, **arguments: Any) -> dict[str, Any]:
    return {"expect": f"expect_{expect}", **arguments}


KINDS = {
    "null": (rule("column_values_to_not_be_null", column="a"), of("1, 2"), of("1, null")),
    "between": (
        rule("column_values_to_be_between", column="a", min_value=1, max_value=5),
        of("1, 5"),
        of("1, 6"),
    ),
    "between, mostly": (
        rule("column_values_to_be_between", column="a", min_value=1, mostly=0.5),
        of("1, 0"),
        of("1, 0, 0"),
    ),
    "between, of money": (
        rule("column_values_to_be_between", column="a", min_value=0.5),
        of("0.50::decimal(18,2)"),
        of("0.49::decimal(18,2)"),
    ),
    "regex": (
        rule("column_values_to_match_regex", column="a", regex="^[a-z]+$"),
        of("'ab'"),
        of("'ab', 'A'"),
    ),
    "in set": (rule("column_values_to_be_in_set", column="a", value_set=["x"]), of("'x'"), of("'x', 'y'")),
    "not in set": (
        rule("column_values_to_not_be_in_set", column="a", value_set=["y"]),
        of("'x'"),
        of("'x', 'y'"),
    ),
    "equal set": (
        rule("column_distinct_values_to_equal_set", column="a", value_set=[1, 2]),
        of("1, 2, 2"),
        of("1, 1"),
    ),
    "mean": (rule("column_mean_to_be_between", column="a", min_value=1, max_value=2), of("1, 2"), of("1, 9")),
    "mean, of money": (
        rule("column_mean_to_be_between", column="a", max_value=2),
        of("1.5::decimal(18,2)"),
        of("9::decimal(18,2)"),
    ),
    "median": (rule("column_median_to_be_between", column="a", max_value=2), of("1, 2, 99"), of("1, 99, 99")),
    "max": (rule("column_max_to_be_between", column="a", max_value=9), of("1, 9"), of("1, 10")),
    "min": (rule("column_min_to_be_between", column="a", min_value=1), of("1, 9"), of("0, 9")),
    "sum": (rule("column_sum_to_be_between", column="a", min_value=3, max_value=3), of("1, 2"), of("1, 3")),
    "deviation": (rule("column_stdev_to_be_between", column="a", max_value=1), of("1, 2"), of("1, 9")),
    "uniqueness": (rule("column_values_to_be_unique", column="a"), of("1, 2"), of("1, 1")),
    "proportion of unique": (
        rule("column_proportion_of_unique_values_to_be_between", column="a", min_value=0.9),
        of("1, 2"),
        of("1, 1"),
    ),
    "most common": (
        rule("column_most_common_value_to_be_in_set", column="a", value_set=[1]),
        of("1, 1, 2"),
        of("1, 2, 2"),
    ),
    "unique together": (
        rule("compound_columns_to_be_unique", column_list=["a", "b"]),
        "select unnest([1, 1]) a, unnest([1, 2]) b",
        "select unnest([1, 1]) a, 1 as b",
    ),
    "pair": (
        rule("column_pair_values_a_to_be_greater_than_b", column_A="a", column_B="b", or_equal=True),
        "select 2 as a, 2 as b",
        "select 2 as a, 3 as b",
    ),
    "pair, equal": (
        rule("column_pair_values_to_be_equal", column_A="a", column_B="b"),
        "select 2 as a, 2 as b",
        "select 2 as a, 3 as b",
    ),
    "rows": (rule("table_row_count_to_be_between", min_value=2, max_value=3), of("1, 2"), of("1")),
    "length": (rule("column_value_lengths_to_be_between", column="a", max_value=2), of("'ab'"), of("'abc'")),
}


@pytest.mark.parametrize(("rule", "good", "bad"), KINDS.values(), ids=KINDS)
def test_a_rule_passes_on_good_data_and_on_none_and_fails_on_bad(
    judge: Judge, rule: dict[str, Any], good: str, bad: str
) -> None:
    assert judge(good, rule).passed
    assert judge(f"select * from ({good}) where false", rule).passed
    verdict = judge(bad, rule)
    assert not verdict.passed
    assert verdict.blocks
    assert (verdict.check, verdict.library) == ("expectations", "great_expectations")
    [failure] = verdict.detail["failures"]
    assert failure["rule"] == rule["expect"]
    assert failure["result"], "what was observed is kept"


def test_a_failed_warning_is_a_failed_check_that_blocks_nothing(judge: Judge) -> None:
    verdict = judge(of("1, 9"), rule("column_max_to_be_between", column="a", max_value=5, severity="warn"))
    assert (verdict.passed, verdict.severity, verdict.blocks) == (False, "warn", False)


def test_a_failed_error_beside_a_failed_warning_blocks(judge: Judge) -> None:
    warns = rule("column_max_to_be_between", column="a", max_value=5, severity="warn")
    verdict = judge(of("1, 9"), warns, rule("column_min_to_be_between", column="a", min_value=2))
    assert verdict.blocks
    assert [failure["severity"] for failure in verdict.detail["failures"]] == ["warn", "error"]


def test_the_number_of_rows_is_judged_without_any_column_and_without_any_row(judge: Judge) -> None:
    assert not judge("select 1 as a where false", min_rows=1).passed
    assert judge("select 1 as a where false", min_rows=0).passed
    assert not judge(of("1, 2, 3"), max_rows=2).passed
    assert judge(of("1, 2"), max_rows=2).passed


def test_the_observed_value_and_the_examples_are_the_librarys_own(judge: Judge) -> None:
    mean = judge(of("1, 4"), rule("column_mean_to_be_between", column="a", max_value=2)).detail["failures"][0]
    assert mean["result"]["observed_value"] == 2.5
    assert mean["arguments"]["max_value"] == 2
    values = judge(of("7, 1, 8"), rule("column_values_to_be_between", column="a", max_value=2)).detail[
        "failures"
    ][0]
    assert values["result"]["unexpected_count"] == 2
    assert sorted(values["result"]["partial_unexpected_list"]) == [7, 8]


def test_of_many_bad_values_a_few_are_kept(judge: Judge) -> None:
    verdict = judge(
        "select range as a from range(20000)", rule("column_values_to_be_between", column="a", max_value=2)
    )
    result = verdict.detail["failures"][0]["result"]
    assert result["unexpected_count"] == 19_997
    assert all(len(v) <= MOST_CASES for v in result.values() if isinstance(v, list))
    assert len(str(verdict.detail)) < 10_000


def test_what_is_kept_of_a_failure_can_be_written_to_the_ledger(judge: Judge) -> None:
    for query, asked in (
        (of("date '2024-01-01'"), rule("column_values_to_be_in_set", column="a", value_set=["2023-01-01"])),
        (
            of("timestamp '2024-01-01 10:00:00'"),
            rule("column_values_to_be_in_set", column="a", value_set=["2023-01-01"]),
        ),
        (of("1.5::decimal(18,2)"), rule("column_values_to_be_in_set", column="a", value_set=[1])),
        ("select null::varchar as a", rule("column_values_to_not_be_null", column="a")),
    ):
        verdict = judge(query, asked)
        assert not verdict.passed
        json.dumps(verdict.detail)


# What cannot be carried out


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (
            rule("column_mean_to_be_betwen", column="a", max_value=1),
            "unknown expectation.*did you mean 'expect_column_mean_to_be_between'",
        ),
        ({"expect": "nonsense", "column": "a"}, "unknown expectation 'nonsense'"),
        (rule("column_mean_to_be_between", column="a", maximum=1), "maximum"),
        (rule("column_mean_to_be_between", max_value=1), "column"),
        (rule("column_mean_to_be_between", column="a", max_value="many"), "expect_column_mean_to_be_between"),
        (rule("column_mean_to_be_between", column="b", max_value=1), '"b"'),
        (rule("column_pair_values_a_to_be_greater_than_b", column_A="a", column_B="b"), '"b"'),
        (rule("column_mean_to_be_between", column="text", max_value=1), "could not be carried out"),
        (rule("column_values_to_match_regex", column="text", regex="("), "could not be carried out"),
        (rule("column_values_to_be_in_set", column="a", value_set=[1], mostly=7), "mostly"),
    ],
)
def test_a_rule_that_cannot_be_carried_out_is_a_definition_error_with_its_place(
    judge: Judge, asked: dict[str, Any], said: str
) -> None:
    with pytest.raises(DefinitionError, match=said) as caught:
        judge("select 1 as a, 'x' as text", asked)
    assert caught.value.where == "shop.yaml:7"


# By month, and of metrics


def test_only_the_bad_month_fails(judge: Judge) -> None:
    query = "select * from (values (date '2024-01-01', 1), (date '2024-02-01', 9)) as t(partition_month, a)"
    asked = Rules(
        {},
        expectations=[Expectation(**rule("column_max_to_be_between", column="a", max_value=5))],
        min_rows=1,
    )
    found = judge.months(query, asked, ["2024-01", "2024-02", "2024-03"])
    assert {month: verdict.passed for month, verdict in found.items()} == {
        "2024-01": True,
        "2024-02": False,
        "2024-03": False,
    }
    assert found["2024-03"].detail["failures"][0]["rule"] == "expect_table_row_count_to_be_between"


def test_the_rules_of_a_metric_are_about_its_value_and_its_own_rows(judge: Judge) -> None:
    query = "select * from (values (1, null, 'x'), (null, 99, 'y')) as t(m__v1, other__v1, category)"
    mean = Expectation(**rule("column_max_to_be_between", max_value=5))
    kind = Expectation(**rule("column_values_to_be_in_set", column="category", value_set=["x"]))
    asked = Rules({}, expectations=[mean, kind], rename={"value": "m__v1"}, some=["m__v1"])
    assert judge.months(query, asked, [WHOLE])[WHOLE].passed
    other = Rules({}, expectations=[mean, kind], rename={"value": "other__v1"}, some=["other__v1"])
    assert len(judge.months(query, other, [WHOLE])[WHOLE].detail["failures"]) == 2


MONTHS = ["2024-01", "2024-02", "2024-03"]
BY_MONTH = "select (date '2024-01-01' + to_months(m))::date as partition_month, a from (values {}) as t(m, a)"


def passed(judge: Judge, values: str, *asked: dict[str, Any], **more: Any) -> list[bool]:
    rules = Rules({}, expectations=[Expectation(**one) for one in asked], **more)
    found = judge.months(BY_MONTH.format(values), rules, MONTHS)
    return [found[month].passed for month in MONTHS]


def test_a_rule_of_single_rows_fails_the_months_that_break_it_alone(judge: Judge) -> None:
    small = rule("column_values_to_be_between", column="a", max_value=5)
    assert passed(judge, "(0, 1), (1, 2), (2, 5)", small) == [True, True, True]
    assert passed(judge, "(0, 1), (1, 6), (2, 5)", small) == [True, False, True]


def test_a_rule_of_a_share_or_a_mean_is_asked_of_each_month(judge: Judge) -> None:
    half = rule("column_values_to_be_between", column="a", max_value=5, mostly=0.5)
    mean = rule("column_mean_to_be_between", column="a", max_value=5)
    values = "(0, 1), (0, 1), (0, 1), (1, 9), (2, 1), (2, 1)"
    assert passed(judge, values, half) == [True, False, True]
    assert passed(judge, values, mean) == [True, False, True]


def test_a_month_without_enough_rows_fails_alone(judge: Judge) -> None:
    assert passed(judge, "(0, 1), (2, 1), (2, 2)", min_rows=1) == [True, False, True]
    assert passed(judge, "(0, 1), (2, 1), (2, 2)", max_rows=1) == [True, True, False]


def test_numbers_of_rows_within_their_bounds_need_no_library(
    judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expectations, "_batch_definition", lambda: pytest.fail("the library was asked"))
    assert judge(of("1, 2"), min_rows=1, max_rows=2).passed
