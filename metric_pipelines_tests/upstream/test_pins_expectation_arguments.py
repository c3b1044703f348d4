"""The schemas that Great Expectations ships say which expectations it has and what they take, as it does when
they are built; validation reads them, since importing the library takes seconds.
"""

from __future__ import annotations

from typing import Any

import great_expectations.expectations.core  # noqa: F401  (registers them)
import pandas as pd
import pytest
from great_expectations.expectations.registry import (
    get_expectation_impl,
    list_registered_expectation_implementations,
)

from metric_pipelines.dictionary.expectation_names import (
    COLUMN_ARGUMENTS,
    OF_DATABASES,
    expectation_names,
    expectation_schema,
)
from metric_pipelines.dictionary.expectation_rules import may_be
from metric_pipelines.quality.expectations import _batch_definition

VALUES: list[Any] = [
    None, True, 0, 1, 2, -3, 0.5, 95, "5", "0.9", "five", "yes", "often", "2024-06-30", "2024-13-01", [],
    ["a"], [1, "x"], [["a", 1], ["b", 2]], {"a": 1}, "iqr", "any", "neither", "never",
]  # fmt: skip
FOR_OTHERS = {"metadata", "library_metadata", "severity", "notes", "windows", "rendered_content"}
"""What no steward has a reason to write, or what is ours."""


def test_the_expectations_are_those_that_the_library_can_build() -> None:
    others = {"unexpected_rows_expectation"}
    assert set(list_registered_expectation_implementations()) - others == expectation_names()


@pytest.mark.parametrize("name", sorted(expectation_names()))
def test_an_expectation_takes_the_arguments_of_its_schema(name: str) -> None:
    schema, fields = expectation_schema(name), get_expectation_impl(name).__fields__
    assert schema["properties"].keys() - FOR_OTHERS == fields.keys() - FOR_OTHERS
    assert set(schema["required"]) == {key for key, field in fields.items() if field.required}


@pytest.mark.parametrize("name", sorted(expectation_names()))
def test_a_value_is_told_that_the_library_refuses_and_none_that_it_takes_as_it_is(name: str) -> None:
    schema, fields = expectation_schema(name), get_expectation_impl(name).__fields__
    for argument in schema["properties"].keys() - FOR_OTHERS:
        for value in VALUES:
            taken, errors = fields[argument].validate(value, {}, loc=argument)
            if errors and argument in COLUMN_ARGUMENTS:
                continue  # columns are looked up by name
            if errors:
                assert not may_be(value, argument, schema), (argument, value)
            elif _is_taken_as_it_is(value, taken, schema["properties"][argument]):
                assert may_be(value, argument, schema), (argument, value)


def _is_taken_as_it_is(value: Any, taken: Any, part: dict[str, Any]) -> bool:
    """Not a list of nothing, a truth that becomes a number, or a mapping that is looked up in a suite."""
    if isinstance(value, bool) and "boolean" not in str(part):
        return False
    if isinstance(value, dict) and part.get("type") != "object":
        return False
    return value not in ([], None) and taken == value


@pytest.mark.parametrize("name", sorted(OF_DATABASES))
def test_what_is_for_databases_cannot_be_asked_of_rows_in_memory(name: str) -> None:
    given = {"like_pattern": "a", "like_pattern_list": ["a"], "column": "a", "other_table_name": "b"}
    given |= {"base_query": "a", "comparison_data_source_name": "b", "comparison_query": "c"}
    taken = {key: value for key, value in given.items() if key in expectation_schema(name)["properties"]}
    batch = _batch_definition().get_batch(batch_parameters={"dataframe": pd.DataFrame({"a": ["a"]})})
    found = batch.validate(get_expectation_impl(name)(**taken)).exception_info
    assert "PandasExecutionEngine" in str(found)
