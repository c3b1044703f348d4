"""Columns of a model that its own SELECT computes from others of them: `cast(line.paid + line.discount as
decimal(18, 2)) as list_value` beside `line.paid` and `line.discount` says that `list_value` is
`paid + discount` on each row.

Only what the outermost SELECT says of columns that it passes on unchanged; arithmetic that loses no digit,
conditions, and columns given twice. Stays out: where columns come from (`semantics/lineage.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from sqlglot import exp

from metric_pipelines.dictionary.column_facts import Columns, never_empty, scale_of, scale_of_type
from metric_pipelines.dictionary.filters import parsed_expression
from metric_pipelines.dictionary.model_sql import parsed
from metric_pipelines.errors import DefinitionError

if TYPE_CHECKING:
    from sqlglot.expressions import Expr

Known = tuple[str, str]
"""A column as a SELECT names it: of which table, if it says so, and which."""

_INTEGERS = dict.fromkeys(("bigint", "int", "integer", "hugeint"), "int64")
_CONDITIONS = (exp.Connector, exp.Predicate, exp.Not)


def identities(sql: str, columns: Columns, where: str) -> dict[str, Expr]:
    """The columns that are computed from others, with the expressions over these; none of them is among
    these. Nothing of SQL that cannot be read: whoever reads the model says so.
    """
    try:
        select = parsed(sql, where)
    except DefinitionError:
        return {}
    if not isinstance(select, exp.Select) or select.args.get("group"):
        return {}
    items = dict(_items(select, columns))
    passed: dict[Known, str] = {}
    for name, item in items.items():
        if isinstance(item, exp.Column):
            passed.setdefault(_known(item), name)
    computed = {name: item for name, item in items.items() if name not in passed.values()}
    found = {name: _over(item, passed, columns) for name, item in computed.items()}
    return {
        name: tree
        for name, tree in found.items()
        if tree is not None and (columns[name].nullable or never_empty(tree, columns))
    }


def _items(select: exp.Select, columns: Columns) -> Iterator[tuple[str, Expr]]:
    """The declared columns, each with what the SELECT gives by this name."""
    declared = {name.lower(): name for name in columns}
    for item in select.expressions:
        name = declared.get(item.alias_or_name.lower())
        if name is not None:
            yield name, item.unalias().unnest()


def _known(column: exp.Column) -> Known:
    return column.table.lower(), column.name.lower()


def _over(item: Expr, passed: Mapping[Known, str], columns: Columns) -> Expr | None:
    """What a SELECT computes, over columns that it passes on; None where it is anything else."""
    if any(_known(column) not in passed for column in item.find_all(exp.Column)):
        return None
    tree = item.transform(
        lambda node: exp.column(passed[_known(node)], quoted=True) if isinstance(node, exp.Column) else node
    )
    tree = _without_casts(exp.Paren(this=tree), columns).unnest()
    if not isinstance(tree, (exp.Column, *_CONDITIONS)) and scale_of(tree, columns) is None:
        return None
    try:
        return parsed_expression(tree.sql("duckdb", comments=False), list(columns), "model")
    except DefinitionError:
        return None


def _without_casts(tree: Expr, columns: Columns) -> Expr:
    """Without casts to a type that holds each digit of what is cast; one that is too small for it fails."""
    for cast in reversed(list(tree.find_all(exp.Cast))):
        kind = cast.to.sql("duckdb").lower()
        held, needed = scale_of_type(_INTEGERS.get(kind, kind)), scale_of(cast.this, columns)
        if type(cast) is exp.Cast and held is not None and needed is not None and needed <= held:
            cast.replace(exp.Paren(this=cast.this.copy()))
    return tree
