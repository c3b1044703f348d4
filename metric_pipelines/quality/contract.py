"""The contract: a Pandera schema on an Ibis table, validated inside DuckDB.

Per column: type, nullability, bounds, allowed values, pattern; over the table: unique keys. Uniqueness is
stated on the schema only (on a column it is silently ignored), value rules are left out on an empty table
(they would fail), and at most 20 failing values are kept.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from operator import and_
from typing import Any

import duckdb

from metric_pipelines.dictionary.months import WHOLE, first_day
from metric_pipelines.dictionary.yaml_types import Column
from metric_pipelines.errors import InternalError
from metric_pipelines.ledger.ledger import Verdict
from metric_pipelines.quality.rules import CONTRACT, Rules
from metric_pipelines.warehouse.tables import MONTH, month_list, name

LIBRARY = "pandera"
MOST_CASES = 20


class Contracts:
    """Validates staged tables of one connection against contracts."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        import ibis  # late: with Pandera 0.8 s, needed only where something is judged

        logging.getLogger("pandera").setLevel(logging.ERROR)
        self._backend = ibis.duckdb.from_connection(con)

    def verdicts(
        self, table: str, rules: Rules, months: list[str], beside: str | None = None
    ) -> dict[str, Verdict]:
        """A verdict a month (or for the whole); the months are looked at one by one only where the table
        fails. `beside` is a relation with what is published: keys are unique together with its other months.
        """
        rows = self._rows(table, rules, months)
        keys = self._keys(rows, rules, months, beside)
        whole = self._validate(rows, keys, rules)
        if whole.passed:
            return dict.fromkeys(months, whole)
        if len(months) == 1 and beside is None:
            return {months[0]: whole}
        return self._month_by_month(table, rules, months, beside)

    def hold_together(self, table: str, rules: Sequence[Rules]) -> bool:
        """Whether all rows of a table satisfy all these rules: each part of them then does."""
        columns = {column: rule for own in rules for column, rule in own.columns.items()}
        unique = list({tuple(key): key for own in rules for key in own.unique}.values())
        rows = self._backend.table(table)
        return self._validate(rows, rows, Rules(columns, unique)).passed

    def _month_by_month(
        self, table: str, rules: Rules, months: list[str], beside: str | None
    ) -> dict[str, Verdict]:
        """Each month alone; then the good ones together: a key doubled across months fails none alone."""
        alone = {month: self._rows(table, rules, [month]) for month in months}
        single = {month: self._validate(rows, rows, rules) for month, rows in alone.items()}
        good = [month for month, verdict in single.items() if verdict.passed]
        if not good:
            return single
        rows = self._rows(table, rules, good)
        keys = self._keys(rows, rules, good, beside)
        together = self._validate(rows, keys, rules)
        if not together.passed:
            doubled = set(_months_of_doubled_keys(keys, rules))
            single |= dict.fromkeys((month for month in good if month in doubled), together)
        return single

    def _keys(self, rows: Any, rules: Rules, months: list[str], beside: str | None) -> Any:
        """The key columns of the rows, and of the published months that are not among them. A key that holds
        the column by which rows have their month is in no other.
        """
        named = list(dict.fromkeys(column for key in rules.unique for column in key))
        across = [key for key in rules.unique if rules.month_by not in key]
        if beside is None or not across or months == [WHOLE]:
            return rows
        keys = rows.select(*named, MONTH)
        others = self._backend.sql(
            f"select {', '.join(map(name, [*named, MONTH]))} from {beside} "
            f"where {MONTH} not in ({month_list(months)})"
        )
        same = keys.schema() == others.schema()  # where a type has changed, all months are read anew
        return keys.union(others) if same else rows

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

    def _validate(self, rows: Any, keys: Any, rules: Rules) -> Verdict:
        from pandera.errors import SchemaErrors

        if all_hold(rows, keys, rules):
            return held(rules)
        failures: list[dict[str, Any]] = []
        for schema, judged in _schemas(rules, rows, keys):
            try:
                schema.validate(judged, lazy=True)
            except SchemaErrors as errors:
                failures += [_failure(error) for error in errors.schema_errors]
        if failures:
            return Verdict(CONTRACT, LIBRARY, False, "error", {"failures": failures})
        return held(rules)


def held(rules: Rules) -> Verdict:
    """The verdict on what satisfies its contract."""
    detail = {"columns": len(rules.columns), "unique": rules.unique}
    return Verdict(CONTRACT, LIBRARY, True, "error", detail)


def _months_of_doubled_keys(rows: Any, rules: Rules) -> list[str]:
    """The months with a row whose key another row has, too."""
    import ibis

    found: set[str] = set()
    for keys in rules.unique:
        counted = rows.mutate(same_key=rows.count().over(ibis.window(group_by=keys)))
        months = counted.filter(counted.same_key > 1)[MONTH].strftime("%Y-%m")
        found |= set(months.name("month").as_table().distinct().execute()["month"])
    return sorted(found)


def all_hold(rows: Any, keys: Any, rules: Rules) -> bool:
    """Whether the columns have their types and all rules hold: one question, and one of keys that are looked
    at beside others. A tenth of asking column by column, which is done only to name what fails.
    """
    import pandera.ibis as pa
    from pandera.errors import SchemaError

    columns = {column: pa.Column(_type(rule.type), nullable=True) for column, rule in rules.columns.items()}
    with_keys = bool(rules.unique) and keys is rows

    def values(table: Any) -> list[Any]:
        return _values_are_good(table, rules.columns) + (_keys_are_single(table, rules) if with_keys else [])

    try:
        asked = _all(values) if with_keys or any(map(_asks, rules.columns.values())) else None
        pa.DataFrameSchema(columns, checks=asked).validate(rows)
        if rules.unique and not with_keys:
            pa.DataFrameSchema(checks=_all(lambda table: _keys_are_single(table, rules))).validate(keys)
    except SchemaError:
        return False
    return True


def _all(answers: Callable[[Any], list[Any]]) -> Any:
    """A check of a whole table, of several answers in one."""
    import pandera.ibis as pa

    return pa.Check(lambda data: reduce(and_, answers(data.table)))


def _asks(rule: Column) -> bool:
    """Whether anything is asked of a column's values."""
    return not rule.nullable or bool(_bounds(rule))


def _values_are_good(rows: Any, columns: Mapping[str, Column]) -> list[Any]:
    """Each says what Pandera's own check of a column says; all are true of a table without rows."""
    bad = []
    for column, rule in columns.items():
        value = rows[column]
        if not rule.nullable:
            bad += [value.isnull(), *([value.isnan()] if value.type().is_floating() else [])]
        if rule.min is not None:
            bad.append(value < rule.min)
        if rule.max is not None:
            bad.append(value > rule.max)
        if rule.isin is not None:
            bad.append(value.notin(rule.isin))
        if rule.matches is not None:
            bad.append(~value.re_search(_from_the_start(rule.matches)))
    return [~one.any().fill_null(False) for one in bad]


def _keys_are_single(rows: Any, rules: Rules) -> list[Any]:
    """As many different keys as rows, also where a part of one is null. A distinct table of keys takes half
    the time of counting structs.
    """
    return [rows.select(*key).distinct().count().as_scalar() == rows.count() for key in rules.unique]


def _schemas(rules: Rules, rows: Any, keys: Any) -> list[tuple[Any, Any]]:
    """One schema for the columns, one for each unique key (a schema takes one); with what each judges."""
    import pandera.ibis as pa

    values = rows.count().execute() > 0
    columns = {
        column: pa.Column(
            _type(rule.type), _checks(rule) if values else [], nullable=rule.nullable or not values
        )
        for column, rule in rules.columns.items()
    }
    unique = [(pa.DataFrameSchema({}, unique=key), keys) for key in rules.unique] if values else []
    return [(pa.DataFrameSchema(columns), rows), *unique]


def _checks(column: Column) -> list[Any]:
    import pandera.ibis as pa

    return [
        getattr(pa.Check, rule)(value, n_failure_cases=MOST_CASES) for rule, value in _bounds(column).items()
    ]


def _bounds(column: Column) -> dict[str, Any]:
    """A column's rules of its values, by Pandera's names."""
    pattern = _from_the_start(column.matches) if column.matches is not None else None
    rules = {"ge": column.min, "le": column.max, "isin": column.isin, "str_matches": pattern}
    return {rule: value for rule, value in rules.items() if value is not None}


def _from_the_start(pattern: str) -> str:
    """A pattern that a text must begin with, each of its alternatives: Pandera would bind the first alone."""
    return f"^(?:{pattern})"


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
