"""Rules about what a filter compares: a column that is no truth is no condition, nothing equals what its
column cannot hold, and what excludes itself leaves no row.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date

from sqlglot import exp

from metric_pipelines.dictionary.canonical import canonical_condition
from metric_pipelines.dictionary.conditions import never_holds
from metric_pipelines.dictionary.filters import expression_tree
from metric_pipelines.dictionary.members import UNKNOWN
from metric_pipelines.dictionary.yaml_types import Column
from metric_pipelines.errors import Problem, did_you_mean, listed
from metric_pipelines.nearest import misspelled

COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)
DAY = re.compile(r"\s*(\d{1,4})[-/](\d{1,2})[-/](\d{1,2})\b")


def _day(text: str) -> None:
    """Refuses a day that is none; of what is written otherwise DuckDB decides."""
    found = DAY.match(text)
    if found is not None:
        date(*map(int, found.groups()))
    elif not any(map(str.isdigit, text)) and text.strip("-+ ").lower() not in ("infinity", "epoch"):
        raise ValueError(text)


READ: dict[str, Callable[[str], object]] = {"date": _day, "timestamp": _day, "int64": float, "double": float}
"""How a text becomes a value of a type; of other types, any text does."""


def filter_problems(
    text: str, columns: Mapping[str, Column], members: Mapping[str, Collection[str]], where: str
) -> Iterator[Problem]:
    """The problems of a filter that parses: what is compared, against the contracts of its columns, and the
    members that are listed of some.
    """
    tree = expression_tree(text)
    for column in _conditions(tree):
        kind = columns[column.name].type
        if kind not in ("boolean", "any"):
            found = f"column {column.name} ({kind}) as a condition"
            yield Problem(where, found, "true or false for a row", f"compare it: {column.name} = ...")
    wrong = [
        problem
        for part in tree.find_all(*COMPARISONS, exp.In, exp.Between)
        for problem in _compared(part, columns, members, where)
    ]
    yield from wrong or _never(text, columns, where)


def _never(text: str, columns: Mapping[str, Column], where: str) -> Iterator[Problem]:
    """A filter whose conditions exclude one another, or what its columns' contracts say."""
    if never_holds(canonical_condition(expression_tree(text), columns), columns):
        found = f"filter {text!r}, which no row can meet"
        alone = not expression_tree(text).find(exp.And, exp.Between)
        remedy = "leave it out" if alone else "write or for and, or mend what excludes the other"
        yield Problem(where, found, "a condition that some rows may meet", remedy)


def _conditions(tree: exp.Expr) -> Iterator[exp.Column]:
    """The columns that stand as conditions of their own."""
    inner = tree.unnest()
    if isinstance(inner, exp.Column):
        yield inner
    elif isinstance(inner, (exp.And, exp.Or, exp.Not)):
        for part in inner.iter_expressions():
            yield from _conditions(part)


def _compared(
    compared: exp.Expr,
    columns: Mapping[str, Column],
    members: Mapping[str, Collection[str]],
    where: str,
) -> Iterator[Problem]:
    """What a column is compared with: literals that it can hold."""
    if isinstance(compared, exp.In) and not compared.expressions:
        found = f"{compared.sql('duckdb')}, a list of nothing"
        yield Problem(where, found, "one value or more", "name them, or leave the condition out")
    left, *others = (side.unnest() for side in compared.iter_expressions())
    if not isinstance(left, exp.Column):
        left, others = (others[0], [left]) if len(others) == 1 else (left, [])
    if not isinstance(left, exp.Column):
        return
    rule, same = columns[left.name], isinstance(compared, (exp.EQ, exp.NEQ, exp.In))
    for other in others:
        if isinstance(other, exp.Null):
            found = f"{compared.sql('duckdb')}, which is never true"
            yield Problem(where, found, f"{left.name} is null, or is not null")
        elif rule.type == "string" and isinstance(other, exp.Literal) and not other.is_string:
            found = f"{other.name}, a number, compared with {left.name} (string)"
            yield Problem(where, found, "a text", f"write it in single quotes: '{other.name}'")
        elif isinstance(other, exp.Literal) and other.is_string:
            yield from _text(left.name, str(other.this), rule, where, member=same)
            if same and rule.isin is None:
                yield from _misspelled(left.name, str(other.this), members.get(left.name, ()), where)
        elif same and rule.type == "int64" and isinstance(other, exp.Literal) and not _is_whole(other.name):
            found = f"{other.name}, which {left.name} (int64) never is"
            yield Problem(where, found, "a whole number", f"compare it with < or >, or say {left.name} = 1")


def _is_whole(number: str) -> bool:
    return float(number).is_integer()


def _text(name: str, text: str, rule: Column, where: str, *, member: bool) -> Iterator[Problem]:
    if rule.type in READ:
        try:
            READ[rule.type](text)
        except ValueError:
            yield Problem(where, f"{text!r}, compared with {name} ({rule.type})", "a value of that type")
    elif member and rule.isin is not None and text not in rule.isin:
        found, near = f"{text!r}, which {name} never is", did_you_mean(text, map(str, rule.isin))
        yield Problem(where, found, f"one of {listed(map(str, rule.isin))}", near)


def _misspelled(name: str, text: str, members: Collection[str], where: str) -> Iterator[Problem]:
    """A text that is not listed though nearly: lists need not be complete, and others may be meant."""
    meant = None if text in (*members, UNKNOWN) else misspelled(text, members)
    if meant is not None:
        remedy = f"did you mean {meant!r}? If not, list it among the members of {name}"
        yield Problem(where, f"{text!r}, no listed member of {name}", f"one of {listed(members)}", remedy)
