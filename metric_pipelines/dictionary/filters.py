"""A metric's filter: one boolean SQL expression over its model's columns, parsed and allow-listed.

Nothing reaches a database unless every part of its parsed form is allowed: no function but those named here,
no subquery, no comment, no second statement.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache

import sqlglot
from sqlglot import exp

from metric_pipelines.errors import DefinitionError, did_you_mean, listed

MAX_LENGTH = 4_000
TIME = "metric_time"
"""The time of any metric."""

_BOOLEAN = (
    exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Is, exp.In, exp.Between,
    exp.Like, exp.Column, exp.Boolean,
)  # fmt: skip
_ALLOWED = (
    *_BOOLEAN, exp.Paren, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Neg, exp.Identifier, exp.Literal, exp.Null,
    exp.Coalesce, exp.Lower, exp.Upper, exp.Abs, exp.Cast, exp.DataType, exp.Tuple, exp.Case, exp.If,
    exp.DateDiff, exp.Var, exp.Length, exp.Trim, exp.Year, exp.Month, exp.Day, exp.Nullif, exp.Round,
    exp.Floor, exp.Ceil, exp.Mod, exp.Greatest, exp.Least, exp.Substring, exp.Extract, exp.DateTrunc,
    exp.TimestampTrunc,
)  # fmt: skip
FUNCTIONS = (
    "abs", "ceil", "coalesce", "date_diff", "date_trunc", "day", "extract", "floor", "greatest", "ifnull",
    "least", "length", "lower", "month", "nullif", "round", "substring", "trim", "upper", "year",
)  # fmt: skip
"""The functions that an expression may call."""
OF_TODAY = ("now", "today", "current_date", "current_timestamp", "current_time", "get_current_timestamp")
JOINED = (exp.DPipe, exp.Concat)
"""Texts put together: the keys of entities of several columns."""


def parsed_filter(text: str, columns: Collection[str], where: str) -> str:
    """The filter as DuckDB SQL, rendered from its parsed form.

    Raises: DefinitionError where it is not one boolean expression over `columns`.
    """
    tree = parsed_expression(text, columns, where)
    inner = tree.unnest()
    if not isinstance(inner, _BOOLEAN):
        raise DefinitionError(where, f"filter {text!r}", "a condition, true or false for a row")
    return tree.sql(dialect="duckdb")


@dataclass(frozen=True)
class Condition:
    """A condition as it is written, and in DuckDB's SQL with `{0}`, `{1}` ... for its columns, which are
    dimensions or `metric_time`: `columns` are the names they are asked for by.
    """

    text: str
    template: str
    columns: dict[str, str]

    def sql(self, spelled: Callable[[str], str]) -> str:
        """The condition with each column as it is spelled somewhere."""
        return self.template.format(*(spelled(column) for column in self.columns.values()))


def dimensions_read(grouped: Iterable[str], condition: Condition | None) -> list[str]:
    """The dimensions that are grouped by, and those of a condition."""
    of_condition = condition.columns.values() if condition else ()
    return list(dict.fromkeys([*grouped, *(name for name in of_condition if name != TIME)]))


def condition_over(text: str, columns: Collection[str], where: str) -> Condition:
    """A filter over dimensions, parsed and allow-listed, whose columns can be put in otherwise.

    Raises: DefinitionError.
    """
    if "{" in text or "}" in text:
        raise DefinitionError(where, f"a brace in {text[:60]!r}", "a condition without braces")
    tree = expression_tree(parsed_filter(text, columns, where))
    named = list(dict.fromkeys(column.name for column in tree.find_all(exp.Column)))
    template = tree.transform(lambda node: _placed(node, named)).sql(dialect="duckdb")
    return Condition(text, template, {name: name for name in named})


def _placed(node: exp.Expr, named: list[str]) -> exp.Expr:
    return exp.var(f"{{{named.index(node.name)}}}") if isinstance(node, exp.Column) else node


def columns_in(text: str) -> set[str]:
    """The columns that an expression reads; it is one of ours that was parsed before."""
    return {column.name for column in expression_tree(text).find_all(exp.Column)}


def expression_tree(text: str) -> exp.Expr:
    """The parsed form of an expression: a column named `call` or `set` is no statement there.

    Raises: sqlglot's errors.
    """
    return _parsed(text).copy()


@lru_cache(maxsize=4096)
def _parsed(text: str) -> exp.Expr:
    """Parsed once: each rule, and what is computed by it, asks for it anew."""
    return sqlglot.parse_one(text, dialect="duckdb", into=exp.Condition)


def parsed_expression(
    text: str, columns: Collection[str], where: str, also: tuple[type[exp.Expr], ...] = ()
) -> exp.Expr:
    """An expression over `columns`, parsed and allow-listed; `also` is allowed beside what a filter may hold.

    Raises: DefinitionError that names the part that is not allowed.
    """
    if len(text) > MAX_LENGTH or "--" in text or "/*" in text or ";" in text:
        raise DefinitionError(where, f"expression {text[:60]!r}", "one short SQL expression without comments")
    try:
        tree = expression_tree(text)
        tree.sql(dialect="duckdb")
    except (sqlglot.errors.SqlglotError, RecursionError) as error:
        raise DefinitionError(
            where, f"not an SQL expression: {text[:60]!r}", "such as brand = 'Private'", _mended(text)
        ) from error
    for node in tree.walk():
        if not isinstance(node, (*_ALLOWED, *also)):
            raise _not_allowed(node, text, where)
    for column in tree.find_all(exp.Column):
        if column.name not in columns or column.table:
            near = did_you_mean(column.name, columns)
            remedy = near or _not_a_column(column)
            raise DefinitionError(
                where, f"unknown column {column.sql()!r}", f"one of {listed(columns)}", remedy
            )
    return tree


def _mended(text: str) -> str:
    """What to do about an expression that does not parse, where that is easily seen."""
    if not text.strip():
        return "write a condition, or leave it out"
    if "=<" in text or "=>" in text:
        return "write <= or >="
    if text.lower().lstrip().startswith("where "):
        return "leave the word where out"
    if text.count("'") % 2:
        return "close the quote; a quote in a text is written twice"
    return (
        "close the bracket"
        if text.count("(") != text.count(")")
        else "see where it ends, or a sign is missing"
    )


def _not_allowed(node: exp.Expr, text: str, where: str) -> DefinitionError:
    """The error for a part that no expression may hold."""
    called = re.match(r"\w+(?=\(|$)", node.sql(dialect="duckdb"))
    name = called[0].lower() if called and isinstance(node, exp.Func) else ""
    found = f"function {name} in {text!r}" if name else f"{node.key} in {text!r}"
    if isinstance(node, exp.AggFunc):
        return DefinitionError(where, found, "what is said of one row", "agg says how rows are aggregated")
    if name in OF_TODAY:
        return DefinitionError(where, found, "what says the same on every day", "write date '2017-06-30'")
    if name:
        expected, near = f"one of {', '.join(FUNCTIONS)}", did_you_mean(name, FUNCTIONS)
        return DefinitionError(where, found, expected, near or "compute it in the model, as a column")
    remedies = {
        "ilike": "write lower(column) like 'text%'",
        "arrayoverlaps": "write and",
        "dpipe": "write or",
    }
    return DefinitionError(
        where, found, "comparisons, arithmetic, and, or, not, in, between",
        remedies.get(node.key, "compute it in the model, as a column"),
    )  # fmt: skip


def _not_a_column(column: exp.Column) -> str:
    """What somebody may have meant who named what is no column."""
    if "__" in column.name:
        return "a metric's filter reads columns of its own model, none that is joined"
    quoted = f"write '{column.name}' in single quotes, if it is a text"
    return quoted if column.this.quoted else f"name a column, or {quoted}"
