"""The contract: a Pandera schema on an Ibis table, validated inside DuckDB.

Per column: type, nullability, bounds, allowed values, pattern; over the table: unique keys. Uniqueness is
stated on the schema only (on a column it is silently ignored), value rules are left out on an empty table
(they would fail), and at most 20 failing values are kept.
"""

from __future__ import annotations

import logging
from typing import Any

import duckdb

from metric_pipelines.dictionary.months import WHOLE, first_day
from metric_pipelines.errors import InternalError
from metric_pipelines.ledger.ledger import Verdict
from metric_pipelines.quality.rules import CONTRACT, Rules
from metric_pipelines.warehouse.tables import MONTH

LIBRARY = "pandera"
MOST_CASES = 20


class Contracts:
    """Validates staged tables of one connection against contracts."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        import ibis  # late: with Pandera 0.8 s, needed only where something is judged

        logging.getLogger("pandera").setLevel(logging.ERROR)
        self._backend = ibis.duckdb.from_connection(con)

    def verdicts(self, table: str, rules: Rules, months: list[str]) -> dict[str, Verdict]:
        """A verdict a month (or for the whole); the months are looked at one by one only where the table
        fails.
        """
        whole = self._validate(self._rows(table, rules, months), rules)
        if whole.passed or len(months) == 1:
            return dict.fromkeys(months, whole)
        single = {month: self._validate(self._rows(table, rules, [month]), rules) for month in months}
        good = [month for month, verdict in single.items() if verdict.passed]
        if len(good) > 1:  # a key doubled across months fails none alone
            rows = self._rows(table, rules, good)
            together = whole if good == months else self._validate(rows, rules)
            if not together.passed:
                single |= dict.fromkeys(_months_of_doubled_keys(rows, rules), together)
        return single

    def _rows(self, table: str, rules: Rules, months: list[str]) -> Any:
        """The rows of these months that belong to the asset."""
        rows = self._backend.table(table)
        if months != [WHOLE]:
            rows = rows.filter(rows[MONTH].isin([first_day(month) for month in months]))
        if rules.some:
            filled = rows[rules.some[0]].notnull()
            for column in rules.some[1:]:
                filled = filled | rows[column].notnull()
            rows = rows.filter(filled)
        return rows

    def _validate(self, rows: Any, rules: Rules) -> Verdict:
        from pandera.errors import SchemaErrors

        failures: list[dict[str, Any]] = []
        for schema in _schemas(rules, values=rows.count().execute() > 0):
            try:
                schema.validate(rows, lazy=True)
            except SchemaErrors as errors:
                failures += [_failure(error) for error in errors.schema_errors]
        if failures:
            return Verdict(CONTRACT, LIBRARY, False, "error", {"failures": failures})
        return Verdict(
            CONTRACT, LIBRARY, True, "error", {"columns": len(rules.columns), "unique": rules.unique}
        )


def _months_of_doubled_keys(rows: Any, rules: Rules) -> list[str]:
    """The months with a row whose key another row has, too."""
    import ibis

    found: set[str] = set()
    for keys in rules.unique:
        counted = rows.mutate(same_key=rows.count().over(ibis.window(group_by=keys)))
        months = counted.filter(counted.same_key > 1)[MONTH].strftime("%Y-%m")
        found |= set(months.name("month").as_table().distinct().execute()["month"])
    return sorted(found)


def _schemas(rules: Rules, *, values: bool) -> list[Any]:
    """One schema for the columns, and one for each unique key: a schema takes one key."""
    import pandera.ibis as pa

    columns = {
        name: pa.Column(
            _type(column.type), _checks(column) if values else [], nullable=column.nullable or not values
        )
        for name, column in rules.columns.items()
    }
    keys = [pa.DataFrameSchema({}, unique=keys) for keys in rules.unique] if values else []
    return [pa.DataFrameSchema(columns), *keys]


def _checks(column: Any) -> list[Any]:
    import pandera.ibis as pa

    rules = {
        "ge": column.min,
        "le": column.max,
        "isin": column.isin,
        "str_matches": column.matches,
    }
    return [
        getattr(pa.Check, rule)(value, n_failure_cases=MOST_CASES)
        for rule, value in rules.items()
        if value is not None
    ]


def _type(text: str) -> Any:
    import ibis.expr.datatypes as dt

    if text == "any":
        return None
    if text.startswith("decimal"):
        precision, scale = text[len("decimal(") : -1].split(",")
        return dt.Decimal(int(precision), int(scale))
    named = {
        "int64": dt.int64,
        "string": dt.string,
        "date": dt.date,
        "double": dt.float64,
        "boolean": dt.boolean,
    }
    return named.get(text) or dt.Timestamp(scale=6)


def _failure(error: Any) -> dict[str, Any]:
    """One of Pandera's findings, as plain values: column, rule, why, and up to 20 failing values."""
    reason = getattr(error.reason_code, "value", str(error.reason_code))
    if reason == "check_error":
        raise InternalError("contract", f"a check could not be carried out: {error}", "", "report this")
    cases = error.failure_cases
    values: list[str] = []
    if hasattr(cases, "columns") and "failure_case" in getattr(cases, "columns", []):
        values = [str(value) for value in list(cases["failure_case"])[:MOST_CASES]]
    elif isinstance(cases, str):
        values = [cases]
    return {
        "column": str(getattr(error.schema, "name", None) or ""),
        "rule": str(error.check),
        "reason": reason,
        "message": str(error).splitlines()[0][:300],
        "values": values,
    }
