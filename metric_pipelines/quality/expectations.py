"""Expectations: Great Expectations suites on pandas batches. All contact with the library is here.

Imported only where it has something to do (1.6 to 5 s): numbers of rows within their bounds need no library,
one out of bounds does. The context is ephemeral, nothing leaves the process.
All rules are asked for a yes or no first; what failed is asked again for its whole result.
"""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import duckdb

from metric_pipelines.dictionary.expectation_names import COLUMN_ARGUMENTS
from metric_pipelines.dictionary.months import WHOLE
from metric_pipelines.dictionary.yaml_types import Expectation
from metric_pipelines.errors import DefinitionError, did_you_mean
from metric_pipelines.ledger.ledger import Verdict
from metric_pipelines.quality.rules import EXPECTATIONS, Rules
from metric_pipelines.starting import seldom_collected, when_used
from metric_pipelines.warehouse.tables import MONTH, columns, month_list, name

if TYPE_CHECKING:
    import pandas as pd

LIBRARY = "great_expectations"
MOST_CASES = 20
MOST_ROWS = 1_000_000
"""Of months that are asked together: a frame is held in memory."""
OF_SINGLE_ROWS = {
    f"expect_column_values_to_{rule}"
    for rule in (
        "be_between", "be_in_set", "be_unique", "match_regex", "match_regex_list", "not_be_in_set",
        "not_be_null", "not_match_regex", "not_match_regex_list",
    )
} | {
    "expect_column_pair_values_a_to_be_greater_than_b",
    "expect_column_pair_values_to_be_equal",
    "expect_column_value_lengths_to_be_between",
    "expect_column_value_lengths_to_equal",
    "expect_compound_columns_to_be_unique",
}  # fmt: skip
"""Expectations that, where they hold of some rows, hold of any part of them."""


OF_FILLED_ROWS = {
    f"expect_column_{rule}"
    for rule in (
        "max_to_be_between", "mean_to_be_between", "median_to_be_between", "min_to_be_between",
        "stdev_to_be_between", "sum_to_be_between", "values_to_be_between", "values_to_be_in_set",
        "values_to_not_be_in_set",
    )
}  # fmt: skip
"""Expectations that look at the filled values of a column alone: what they say of a metric's own rows, they
say of its column in the wide table of its group.
"""


EXACT = 2**53
"""Whole numbers that a double holds exactly."""
VALUES_WITHIN = "expect_column_values_to_be_between"
EXTREMES = {
    VALUES_WITHIN: ("least", "greatest"),
    "expect_column_min_to_be_between": ("least",),
    "expect_column_max_to_be_between": ("greatest",),
}
"""Expectations that say of a month's values what they say of the least or the greatest of them."""


@dataclass(frozen=True)
class Judged:
    """A staged table to be judged by rules: its months (or the whole), the rows of each, and where its checks
    are defined.
    """

    table: str
    rules: Rules
    months: list[str]
    rows: Mapping[str, int]
    place: str


@dataclass
class _Held:
    """Expectations (by identity) that hold of a table's metrics in all months, or in some."""

    always: set[int] = field(default_factory=set)
    by_month: dict[str, set[int]] = field(default_factory=dict)


class Expectations:
    """Validates frames against rules; one per step."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self._con = con

    def verdicts(self, asked: Sequence[Judged]) -> list[dict[str, Verdict]]:
        """A verdict a month (or for the whole) for each table: the number of rows, and the expectations of
        the YAML.

        Raises: DefinitionError where an expectation cannot be carried out as written.
        """
        groups: dict[str, list[Judged]] = {}
        for one in asked:
            groups.setdefault(one.table, []).append(one)
        together = {table: self._together(group) for table, group in groups.items() if len(group) > 1}
        return [self._by_month(one, together.get(one.table, _Held())) for one in asked]

    def _together(self, group: Sequence[Judged]) -> _Held:
        """What holds of the metrics of one table: bounds that several share are asked of the least and the
        greatest value of each month, a row a metric; the rest in one batch and one suite for all of them, and
        then for each month what cannot be said of all months at once.
        """
        held, months = _Held(self._within_bounds(group)), group[0].months
        of_rows = [
            (one, e)
            for one in group
            for e in _of_filled_rows(one)
            if _is_of_single_rows(e) and id(e) not in held.always
        ]
        if len(months) == 1 or sum(max(one.rows[m] for one in group) for m in months) <= MOST_ROWS:
            held.always |= self._hold(of_rows, months)
        for month in months:
            left = [(one, e) for one in group for e in _of_filled_rows(one) if id(e) not in held.always]
            held.by_month[month] = self._hold([(one, e) for one, e in left if one.rows[month]], [month])
        return held

    def _within_bounds(self, group: Sequence[Judged]) -> set[int]:
        """Which expectations about bounds hold in every month of the metrics of one table."""
        alike: dict[str, list[tuple[Judged, Expectation]]] = {}
        for one in group:
            for e in _of_filled_rows(one):
                if e.expect in EXTREMES and e.arguments.get("mostly", 1) == 1:
                    bounds = {k: v for k, v in e.arguments.items() if k != "column"}
                    alike.setdefault(json.dumps([e.expect, bounds], default=str), []).append((one, e))
        shared = {key: asked for key, asked in alike.items() if len(asked) > 1}
        if not shared:
            return set()
        import pandas as pd  # late, as the library

        extremes, found = self._extremes(group), set[int]()
        for asked in shared.values():
            rows = [row for one, _ in asked for row in extremes[one.rules.rename["value"]]]
            if any(value is not None and abs(value) > EXACT for row in rows for value in row):
                continue
            frame = pd.DataFrame(rows, columns=["least", "greatest"], dtype="float64")
            batch = _batch_definition().get_batch(batch_parameters={"dataframe": frame})
            one, e = asked[0]
            built = [_built(e, one.rules, one.place, c, VALUES_WITHIN) for c in EXTREMES[e.expect]]
            if all(_results(batch, built)):
                found |= {id(e) for _, e in asked}
        return found

    def _extremes(self, group: Sequence[Judged]) -> dict[str, list[tuple[float | None, float | None]]]:
        """The least and the greatest value of each month, by the metric's column."""
        table, have = group[0].table, columns(self._con, group[0].table)
        named = list(dict.fromkeys(one.rules.rename["value"] for one in group if "value" in one.rules.rename))
        asked = ", ".join(f"min({_cast(c, have)}), max({_cast(c, have)})" for c in named)
        by = "" if group[0].months == [WHOLE] else f" group by {MONTH}"
        rows = self._con.execute(f"select {asked} from {table}{by}").fetchall()
        return {c: [(row[2 * at], row[2 * at + 1]) for row in rows] for at, c in enumerate(named)}

    def _hold(self, asked: Sequence[tuple[Judged, Expectation]], months: list[str]) -> set[int]:
        """Which of some expectations on columns of one table hold of these months."""
        if not asked:
            return set()
        table, have = asked[0][0].table, columns(self._con, asked[0][0].table)
        named = dict.fromkeys(one.rules.rename["value"] for one, _ in asked)
        listed = ", ".join(f"{_cast(column, have)} as {name(column)}" for column in named)
        where = "" if months == [WHOLE] else f" where {MONTH} in ({month_list(months)})"
        frame = self._con.execute(f"select {listed} from {table}{where}").df()
        built = [_built(e, one.rules, one.place, one.rules.rename["value"]) for one, e in asked]
        results = _results(_batch_definition().get_batch(batch_parameters={"dataframe": frame}), built)
        return {id(e) for (_, e), good in zip(asked, results, strict=True) if good}

    def _by_month(self, judged: Judged, held: _Held) -> dict[str, Verdict]:
        """What holds of the rows of several months holds of each, if it is about single rows: that is asked
        of all months together, the rest of each.
        """
        settled = held.always | {
            id(e)
            for e in judged.rules.expectations
            if id(e) not in held.always and self._holds_of_all(judged, e)
        }
        found = {}
        for month in judged.months:
            wanted = judged.rules.expectations if judged.rows[month] else []
            known = settled | held.by_month.get(month, set())
            open_ones = [e for e in wanted if id(e) not in known]
            if not _volume_holds(judged, month):
                open_ones.insert(0, _volume(judged.rules))
            found[month] = self._validate(judged, month, open_ones, 1 + len(wanted))
        return found

    def _holds_of_all(self, judged: Judged, expectation: Expectation) -> bool:
        rows = sum(judged.rows.values())
        if not _is_of_single_rows(expectation) or len(judged.months) == 1 or not 0 < rows <= MOST_ROWS:
            return False
        frame = self._frame(judged, judged.months, [expectation])
        return self._holds(frame, expectation, judged.rules, judged.place)

    def _frame(self, judged: Judged, months: list[str], asked: Sequence[Expectation]) -> pd.DataFrame:
        """The columns that the expectations name, in pandas; without any, a frame of as many rows."""
        rules, have = judged.rules, columns(self._con, judged.table)
        wanted = [c for c in _columns(asked, rules) if rules.rename.get(c, c) in have]
        if not wanted:
            import pandas as pd  # late, as the library

            return pd.DataFrame(index=range(sum(judged.rows[month] for month in months)))
        listed = [f"{_cast(rules.rename.get(c, c), have)} as {name(c)}" for c in wanted]
        conditions = [] if months == [WHOLE] else [f"{MONTH} in ({month_list(months)})"]
        if rules.some:
            conditions.append("(" + " or ".join(f"{name(c)} is not null" for c in rules.some) + ")")
        where = f" where {' and '.join(conditions)}" if conditions else ""
        return self._con.execute(f"select {', '.join(listed)} from {judged.table}{where}").df()

    def _validate(self, judged: Judged, month: str, asked: list[Expectation], count: int) -> Verdict:
        """The verdict on a month by the rules that are open still; `count` is how many there are."""
        failures: list[dict[str, Any]] = []
        frame = self._frame(judged, [month], asked) if asked else None
        for expectation in asked:
            if self._holds(frame, expectation, judged.rules, judged.place):
                continue
            whole = self._result(frame, expectation, judged.rules, "COMPLETE", judged.place)
            failures.append(_failure(whole, expectation.severity))
        errors = any(failure["severity"] == "error" for failure in failures)
        severity: Any = "error" if errors or not failures else "warn"
        detail = {"failures": failures} if failures else {"expectations": count}
        return Verdict(EXPECTATIONS, LIBRARY, not failures, severity, detail)

    def _holds(self, frame: pd.DataFrame | None, expectation: Expectation, rules: Rules, where: str) -> bool:
        return bool(self._result(frame, expectation, rules, "BOOLEAN_ONLY", where).success)

    def _result(
        self, frame: pd.DataFrame | None, expectation: Expectation, rules: Rules, form: str, where: str
    ) -> Any:
        batch = _batch_definition().get_batch(batch_parameters={"dataframe": frame})
        return _result(batch, _built(expectation, rules, where), form, where)


def _is_of_single_rows(expectation: Expectation) -> bool:
    return expectation.expect in OF_SINGLE_ROWS and expectation.arguments.get("mostly", 1) == 1


def _of_filled_rows(judged: Judged) -> list[Expectation]:
    """The expectations on a metric's value that can be asked of its column in a wide table."""
    rename = judged.rules.rename
    return [
        e
        for e in judged.rules.expectations
        if "value" in rename and e.expect in OF_FILLED_ROWS and e.arguments.get("column", "value") == "value"
    ]


def _columns(asked: Sequence[Expectation], rules: Rules) -> list[str]:
    named: list[str] = []
    for expectation in asked:
        arguments = _arguments(expectation, rules)
        for argument in COLUMN_ARGUMENTS:
            value = arguments.get(argument)
            named += [value] if isinstance(value, str) else list(value or [])
    return list(dict.fromkeys(named))


@cache  # 65 ms, and it holds no data: one a process
def _batch_definition() -> Any:
    when_used("scipy.stats", "altair")  # two fifths of the library's import, for one expectation
    with warnings.catch_warnings(), seldom_collected():
        warnings.simplefilter("ignore")
        import great_expectations as gx
        from great_expectations.data_context.types.base import ProgressBarsConfig

    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("staged").add_dataframe_asset("frame")
    return asset.add_batch_definition_whole_dataframe("whole")


def _volume_holds(judged: Judged, month: str) -> bool:
    rules, rows = judged.rules, judged.rows[month]
    return rules.min_rows <= rows and (rules.max_rows is None or rows <= rules.max_rows)


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


def _built(
    expectation: Expectation, rules: Rules, where: str, column: str | None = None, of: str | None = None
) -> Any:
    """Great Expectations' own form of a rule; of another `column` than it names, and as the expectation `of`
    another name, where these are given.
    """
    from great_expectations.exceptions import ExpectationNotFoundError
    from great_expectations.expectations.registry import (
        get_expectation_impl,
        list_registered_expectation_implementations,
    )

    arguments = _arguments(expectation, rules) | ({"column": column} if column else {})
    try:
        return get_expectation_impl(of or expectation.expect)(**arguments)
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


def _results(batch: Any, built: Sequence[Any]) -> list[bool]:
    """Whether each of some expectations holds of a batch, in one validation. One that raises does not: it is
    asked again by itself, and says why.
    """
    import great_expectations as gx

    for number, expectation in enumerate(built):
        expectation.meta = {"number": number}
    suite = gx.ExpectationSuite(name="together", expectations=list(built))
    found = [False] * len(built)
    for result in batch.validate(suite, result_format="BOOLEAN_ONLY").results:
        found[result.expectation_config.meta["number"]] = bool(result.success)
    return found


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
