"""What we rely on, or work round, in Great Expectations."""

from __future__ import annotations

from typing import Any

import great_expectations as gx
import pandas as pd
import pytest
from great_expectations.expectations.registry import get_expectation_impl

from metric_pipelines.quality.expectations import _batch_definition


@pytest.fixture(scope="module")
def definition() -> Any:
    return _batch_definition()


def result(definition: Any, frame: pd.DataFrame, form: str = "BOOLEAN_ONLY", /, **rule: Any) -> Any:
    batch = definition.get_batch(batch_parameters={"dataframe": frame})
    name = rule.pop("expect", "expect_column_mean_to_be_between")
    return batch.validate(get_expectation_impl(name)(**rule), result_format=form)


ONE = pd.DataFrame({"a": [1, 9]})


def test_a_rule_that_was_carried_out_says_so_flat(definition: Any) -> None:
    found = result(definition, ONE, column="a", max_value=2)
    assert not found.success
    assert found.exception_info["raised_exception"] is False


def test_an_exception_inside_a_rule_is_told_by_metric_and_looks_like_a_failure(definition: Any) -> None:
    found = result(definition, ONE, column="missing", max_value=2)
    assert not found.success
    assert "raised_exception" not in found.exception_info
    parts = list(found.exception_info.values())
    assert all(part["raised_exception"] for part in parts)
    assert '"missing" in BatchData does not exist' in parts[0]["exception_message"]


def test_a_yes_or_no_keeps_no_values_and_a_whole_result_does(definition: Any) -> None:
    assert "observed_value" not in result(definition, ONE, column="a", max_value=2).result
    assert result(definition, ONE, "COMPLETE", column="a", max_value=2).result["observed_value"] == 5


def test_an_argument_that_a_rule_does_not_have_is_refused_when_it_is_built() -> None:
    with pytest.raises(ValueError, match="maximum"):
        get_expectation_impl("expect_column_mean_to_be_between")(column="a", maximum=1)


def test_a_rule_about_values_passes_on_no_rows_and_one_about_a_mean_does_not(definition: Any) -> None:
    """So rules are asked only where there are rows; how many there must be is asked always."""
    empty = ONE.iloc[:0]
    values = {"expect": "expect_column_values_to_be_between", "column": "a", "max_value": 2}
    assert result(definition, empty, **values).success
    assert not result(definition, empty, column="a", max_value=2).success


def test_the_context_is_in_memory_and_sends_nothing(definition: Any) -> None:
    context = gx.get_context(mode="ephemeral")
    assert type(context).__name__ == "EphemeralDataContext"
