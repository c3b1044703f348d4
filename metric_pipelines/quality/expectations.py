"""Expectations: Great Expectations suites on pandas batches. All contact with the library is here.

Imported only where something is validated (1.6 to 5 s). The context is ephemeral, nothing leaves the process.
All rules are asked for a yes or no first; what failed is asked again for its whole result.
"""

from __future__ import annotations

import json
import logging
import warnings
from functools import cache
from typing import Any

import duckdb
import pandas as pd

from metric_pipelines.dictionary.expectation_names import COLUMN_ARGUMENTS
from metric_pipelines.dictionary.months import WHOLE
from metric_pipelines.dictionary.yaml_types import Expectation
from metric_pipelines.errors import DefinitionError, did_you_mean
from metric_pipelines.ledger.ledger import Verdict
from metric_pipelines.quality.rules import EXPECTATIONS, Rules
from metric_pipelines.warehouse.tables import MONTH, columns, month_list, name

LIBRARY = "great_expectations"
MOST_CASES = 20


class Expectations:
    """Validates frames against rules; one per step."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self._con = con
        self._batches = _batch_definition()

    def verdicts(
        self, table: str, rules: Rules, months: list[str], rows: dict[str, int], where: str
    ) -> dict[str, Verdict]:
        """A verdict a month (or for the whole): the number of rows, and the expectations of the YAML.

        Raises: DefinitionError where an expectation cannot be carried out as written.
        """
        found = {}
        for month in months:
            frame = self._frame(table, rules, month, rows[month])
            found[month] = self._validate(frame, rules, where)
        return found

    def _frame(self, table: str, rules: Rules, month: str, rows: int) -> pd.DataFrame:
        """The columns that the expectations name, in pandas; without any, a frame of as many rows."""
        have = columns(self._con, table)
        wanted = [c for c in self._columns(rules) if rules.rename.get(c, c) in have]
        listed = [f"{_cast(rules.rename.get(c, c), have)} as {name(c)}" for c in wanted]
        conditions = [] if month == WHOLE else [f"{MONTH} in ({month_list([month])})"]
        if rules.some:
            conditions.append("(" + " or ".join(f"{name(c)} is not null" for c in rules.some) + ")")
        where = f" where {' and '.join(conditions)}" if conditions else ""
        if not wanted:
            return pd.DataFrame(index=range(rows))
        return self._con.execute(f"select {', '.join(listed)} from {table}{where}").df()

    def _columns(self, rules: Rules) -> list[str]:
        named: list[str] = []
        for expectation in rules.expectations:
            arguments = _arguments(expectation, rules)
            for argument in COLUMN_ARGUMENTS:
                value = arguments.get(argument)
                named += [value] if isinstance(value, str) else list(value or [])
        return list(dict.fromkeys(named))

    def _validate(self, frame: pd.DataFrame, rules: Rules, where: str) -> Verdict:
        batch = self._batches.get_batch(batch_parameters={"dataframe": frame})
        failures: list[dict[str, Any]] = []
        asked = [_volume(rules), *rules.expectations] if len(frame) else [_volume(rules)]
        for expectation in asked:
            built = _built(expectation, rules, where)
            if _result(batch, built, "BOOLEAN_ONLY", where).success:
                continue
            whole = _result(batch, built, "COMPLETE", where)
            failures.append(_failure(whole, expectation.severity))
        errors = any(failure["severity"] == "error" for failure in failures)
        severity: Any = "error" if errors or not failures else "warn"
        detail = {"failures": failures} if failures else {"expectations": len(asked)}
        return Verdict(EXPECTATIONS, LIBRARY, not failures, severity, detail)


@cache  # 65 ms, and it holds no data: one a process
def _batch_definition() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import great_expectations as gx
        from great_expectations.data_context.types.base import ProgressBarsConfig

    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("staged").add_dataframe_asset("frame")
    return asset.add_batch_definition_whole_dataframe("whole")


def _volume(rules: Rules) -> Expectation:
    arguments = {"min_value": rules.min_rows, "max_value": rules.max_rows}
    return Expectation(expect="expect_table_row_count_to_be_between", **arguments)


def _arguments(expectation: Expectation, rules: Rules) -> dict[str, Any]:
    """The rule's arguments; a metric's rules are about its `value` where they name no column."""
    arguments = dict(expectation.arguments)
    about_table = (
        expectation.expect.startswith("expect_table") or "column_A" in arguments or "column_list" in arguments
    )
    if rules.rename and "column" not in arguments and not about_table:
        arguments["column"] = "value"
    return arguments


def _built(expectation: Expectation, rules: Rules, where: str) -> Any:
    from great_expectations.exceptions import ExpectationNotFoundError
    from great_expectations.expectations.registry import (
        get_expectation_impl,
        list_registered_expectation_implementations,
    )

    arguments = _arguments(expectation, rules)
    try:
        return get_expectation_impl(expectation.expect)(**arguments)
    except ExpectationNotFoundError as error:
        remedy = did_you_mean(expectation.expect, list_registered_expectation_implementations())
        raise DefinitionError(
            where, f"unknown expectation {expectation.expect!r}", "a core expectation", remedy
        ) from error
    except (TypeError, ValueError) as error:
        text = "; ".join(str(error).splitlines()[:3])
        raise DefinitionError(
            where, f"{expectation.expect} with {arguments}: {text}", "its own arguments"
        ) from error


def _result(batch: Any, expectation: Any, result_format: str, where: str) -> Any:
    form: Any = result_format
    if result_format == "COMPLETE":
        form = {"result_format": "COMPLETE", "partial_unexpected_count": MOST_CASES}
    result = batch.validate(expectation, result_format=form)
    raised = _exception(result.exception_info)
    if raised:
        found = f"{expectation.expectation_type} could not be carried out: {raised}"
        raise DefinitionError(where, found, "columns and arguments that fit the data", "mend the expectation")
    return result


def _exception(info: Any) -> str:
    """The message of an exception inside a rule; Great Expectations keeps it flat or by metric."""
    if not info:
        return ""
    if "raised_exception" in info:
        return str(info.get("exception_message") or "an exception") if info["raised_exception"] else ""
    return "; ".join(str(part.get("exception_message")) for part in info.values() if isinstance(part, dict))


def _failure(result: Any, severity: str) -> dict[str, Any]:
    """Great Expectations' own result, as plain values, cut to 20 cases."""
    whole = json.loads(json.dumps(result.to_json_dict(), default=str))
    kept = {k: v[:MOST_CASES] if isinstance(v, list) else v for k, v in (whole.get("result") or {}).items()}
    kept.pop("unexpected_index_query", None)
    config = whole["expectation_config"]
    arguments = {k: v for k, v in config["kwargs"].items() if k != "batch_id"}
    return {"rule": config["type"], "arguments": arguments, "severity": severity, "result": kept}


def _cast(column: str, have: dict[str, str]) -> str:
    """DECIMAL as DOUBLE: pandas would hold Decimal objects, which the library's arithmetic does not take."""
    return f"cast({name(column)} as double)" if have[column].startswith("DECIMAL") else name(column)
