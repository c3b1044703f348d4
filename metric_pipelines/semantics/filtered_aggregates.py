"""Aggregates of CASE as aggregates with FILTER: `sum(case when c then x end)` is `sum(x) filter (where c)`.

DuckDB then computes each condition and each value once for all metrics, and passes over rows that do not
count. Only what stands as MetricFlow renders it (a query over a subquery that computes the CASE) is
rewritten; anything else stays as it is.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import sqlglot
from sqlglot import exp

from metric_pipelines.semantics.kept_queries import keep, kept

DIALECT = "duckdb"
_ITSELF = sha256(Path(__file__).read_bytes()).hexdigest()
"""What is kept was rewritten by this very module."""
AGGREGATES = (exp.Sum, exp.Avg, exp.Count, exp.Min, exp.Max)


def with_filters(sql: str) -> str:
    """The same query, with FILTER in place of CASE where that can be."""
    if " case when " not in sql.lower():
        return sql
    asked = f"{_ITSELF} {sql}"
    found = kept(asked)
    if found is None:
        found = _rewritten(sql)
        keep(asked, found)
    return found


def _rewritten(sql: str) -> str:
    tree = sqlglot.parse_one(sql, read=DIALECT)
    moved = [_moved(outer) for outer in list(tree.find_all(exp.Select))]
    return tree.sql(DIALECT, pretty=True) if any(moved) else sql


def _moved(outer: exp.Select) -> bool:
    """Moves the conditions of one query's aggregates out of its subquery's CASEs; whether there were any."""
    inner = _subquery(outer)
    if inner is None:
        return False
    cases = {item.alias: case for item in inner.expressions if (case := _conditional(item)) is not None}
    used = _aggregated(outer, cases)
    conditions: dict[str, str] = {}
    for alias, aggregate in used.items():
        case = cases[alias]
        branch = case.args["ifs"][0]
        condition = branch.this.copy()
        name = conditions.setdefault(condition.sql(DIALECT), f"__if_{len(conditions)}")
        case.replace(branch.args["true"].copy())
        aggregate.replace(exp.Filter(this=aggregate.copy(), expression=exp.Where(this=exp.column(name))))
    for condition_sql, name in conditions.items():
        inner.select(exp.alias_(sqlglot.parse_one(condition_sql, read=DIALECT), name), copy=False)
    return bool(used)


def _subquery(outer: exp.Select) -> exp.Select | None:
    """The one plain query a query reads, if it reads nothing else."""
    source = outer.args.get("from_") or outer.args.get("from")
    if source is None or outer.args.get("joins") or not isinstance(source.this, exp.Subquery):
        return None
    inner = source.this.this
    plain = isinstance(inner, exp.Select) and not inner.args.get("group") and not inner.args.get("distinct")
    return inner if plain else None


def _conditional(item: exp.Expression) -> exp.Case | None:
    """The CASE of a column that is a value where one condition holds, and else nothing."""
    case = item.this if isinstance(item, exp.Alias) else None
    if not isinstance(case, exp.Case) or case.this is not None or case.args.get("default") is not None:
        return None
    return case if len(case.args["ifs"]) == 1 else None


def _aggregated(outer: exp.Select, cases: dict[str, exp.Case]) -> dict[str, exp.AggFunc]:
    """The aggregate that a column with a CASE is in, where it is used there alone."""
    used: dict[str, list[exp.Column]] = {}
    inner = _subquery(outer)
    for column in outer.find_all(exp.Column):
        if column.name in cases and column.find_ancestor(exp.Select) is outer:
            used.setdefault(column.name, []).append(column)
    found = {}
    for alias, columns in used.items():
        aggregate = _aggregate_of(columns[0]) if len(columns) == 1 else None
        if aggregate is not None and inner is not None:
            found[alias] = aggregate
    return found


def _aggregate_of(column: exp.Column) -> exp.AggFunc | None:
    above = column.parent
    if isinstance(above, exp.Distinct) and len(above.expressions) == 1:
        above = above.parent
    if isinstance(above, AGGREGATES) and not isinstance(above.parent, (exp.Filter, exp.Window)):
        return above
    return None
