"""A query's tree: its names resolved by sqlglot, and questions to it that need no more than its syntax.

Stays out: what is behind a column (`query_lineage.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope
from sqlglot.schema import MappingSchema

from metric_pipelines.errors import DefinitionError

VALUES_LIKE_COLUMNS = {
    "current_catalog", "current_role", "current_schema", "current_user", "session_user", "user",
}  # fmt: skip
"""What DuckDB takes for a value though it is written like a column."""

_AGGREGATES = {
    "arbitrary", "arg_max_null", "arg_max_nulls_last", "arg_min_null", "arg_min_nulls_last", "bitstring_agg",
    "count_star", "entropy", "favg", "fsum", "histogram", "histogram_exact", "kahan_sum", "kurtosis_pop",
    "mad", "mean", "product", "reservoir_quantile", "sem", "sum_no_overflow", "sumkahan",
}  # fmt: skip
"""DuckDB's aggregates that sqlglot takes for any function."""


def qualified(tree: exp.Query, tables: Mapping[str, Iterable[str]], where: str) -> exp.Query:
    """The query with its names resolved over `tables` (columns by `<schema>.<table>`), stars written out.

    What sqlglot cannot resolve stays as it is. The tree is changed.
    Raises: DefinitionError at `where`.
    """
    if any(pivot.this for pivot in tree.find_all(exp.Pivot)):
        raise DefinitionError(where, "PIVOT as a statement", "from <table> pivot (...)")
    schema: dict[str, dict[str, dict[str, str]]] = {}
    for table, columns in tables.items():
        system, name = table.split(".")
        schema.setdefault(system, {})[name] = dict.fromkeys(columns, "unknown")
    _name_columns_of_functions(tree)
    _keep_queries_apart(tree)
    try:
        return qualify(
            tree,
            dialect="duckdb",
            schema=MappingSchema(dict(schema), dialect="duckdb"),
            allow_partial_qualification=True,
            validate_qualify_columns=False,
            quote_identifiers=False,
        )
    except SqlglotError as error:
        raise DefinitionError(where, str(error).splitlines()[0], "columns that can be resolved") from error


def _name_columns_of_functions(tree: exp.Expr) -> None:
    """Writes out the names that DuckDB gives to columns of VALUES, range, generate_series and unnest in FROM.

    Beside a source whose columns it does not know, sqlglot resolves no alias of an item.
    """
    for source in tree.find_all(exp.Table, exp.Unnest, exp.Values, exp.Lateral):
        alias = source.args.get("alias") or exp.TableAlias()
        given = alias.args.get("columns") or []
        names = [*given, *_given_by_duckdb(source)[len(given) :], *_ordinality(source)]
        if names and isinstance(source.parent, (exp.From, exp.Join)):
            alias.set("columns", [exp.to_identifier(name) for name in names])
            source.set("alias", alias)


def _keep_queries_apart(tree: exp.Expr) -> None:
    """Puts `unnest((select ...))` in parentheses: sqlglot looks for no query right under `unnest`."""
    for function in tree.find_all(exp.Explode):
        if isinstance(function.this, exp.Subquery):
            function.set("this", exp.Paren(this=function.this))


def _given_by_duckdb(source: exp.Expr) -> list[str]:
    ordinality = ["ordinality"] if source.args.get("ordinality") else []
    match source if isinstance(source, (exp.Unnest, exp.Values)) else source.this:
        case exp.Values() as values:
            return [f"col{i}" for i, _ in enumerate(values.expressions[0].expressions)]
        case exp.GenerateSeries() as series:
            return ["range" if series.args.get("is_end_exclusive") else "generate_series", *ordinality]
        case exp.Unnest():
            return ["unnest"]
        case _:
            return []


def _ordinality(source: exp.Expr) -> list[exp.Identifier]:
    """The column of `unnest(...) with ordinality`, which sqlglot keeps apart from the others."""
    if not isinstance(source, exp.Unnest) or not source.args.get("offset"):
        return []
    name = source.args["offset"]
    source.set("offset", None)
    return [name if isinstance(name, exp.Identifier) else exp.to_identifier("ordinality")]


def references(scope: Scope) -> list[tuple[str, exp.Expr]]:
    """What stands in FROM, by name; sqlglot 28 takes an item's `unnest(...)` for one of them."""
    return [
        (name, node)
        for name, node in scope.references
        if name in scope.sources or not isinstance(node, exp.Explode)
    ]


def operands(scope: Scope) -> list[Scope]:
    """Both sides of a union, an intersection or a difference; sqlglot 28 calls all of them unions."""
    sides: list[Scope] = getattr(scope, "set_operation_scopes", getattr(scope, "union_scopes", []))
    return sides


def makes_rows(node: exp.Expr) -> bool:
    """Whether an expression gives several rows: `unnest(...)` and what DuckDB builds on it."""
    if isinstance(node, exp.Anonymous):
        return node.name.lower() in ("generate_subscripts", "regexp_split_to_table")
    return isinstance(node, exp.Explode)


def limiting_order(query: exp.Expr) -> exp.Order | None:
    """The order of a query where it decides which rows are kept: with a limit, or `distinct on`."""
    limited = query.args.get("limit") or query.args.get("offset") or distinct_on(query)
    order = query.args.get("order") if limited else None
    return order if isinstance(order, exp.Order) else None


def distinct_on(query: exp.Expr) -> exp.Expr | None:
    """The expressions of `select distinct on (...)`."""
    distinct = query.args.get("distinct")
    on = distinct.args.get("on") if isinstance(distinct, exp.Distinct) else None
    return on if isinstance(on, exp.Expression) else None


def is_decided_by_all(query: exp.Select) -> bool:
    """Whether every column decides rows: `select distinct`, or `order by all` with a limit."""
    order = limiting_order(query)
    by_all = order is not None and any(isinstance(part.this, exp.Var) for part in order.expressions)
    return by_all or (query.args.get("distinct") is not None and distinct_on(query) is None)


def is_recursive(query: exp.Expr) -> bool:
    """Whether it is the union of a CTE that may read itself."""
    cte = query.parent
    return isinstance(cte, exp.CTE) and isinstance(cte.parent, exp.With) and bool(cte.parent.recursive)


def is_nameless(item: exp.Expr) -> bool:
    """Whether DuckDB makes a name of its own for a qualified item: sqlglot's is another."""
    return item.alias_or_name.startswith("_col_")


def is_counted(star: exp.Expr) -> bool:
    """Whether a star is that of `count(*)` or `count(t.*)`, which read no column."""
    outer = star.parent.parent if isinstance(star.parent, exp.Column) else star.parent
    return isinstance(outer, exp.Count)


def outside_aggregates(item: exp.Expr) -> Iterator[exp.Column]:
    """The columns of an item that stand in no aggregate: what `group by all` groups by."""
    for node in item.walk(prune=_is_aggregate):
        if isinstance(node, exp.Column) and not node.is_star:
            yield node


def _is_aggregate(node: exp.Expr) -> bool:
    if isinstance(node, exp.Anonymous):
        return node.name.lower() in _AGGREGATES
    return isinstance(node, (exp.AggFunc, exp.Filter, exp.WithinGroup, exp.Query))


def window_keys(window: exp.Window, query: exp.Expr) -> Iterator[exp.Expr]:
    """By what a window is partitioned and ordered, in itself or in the named window that it uses."""
    yield from window.args.get("partition_by") or []
    if order := window.args.get("order"):
        yield order
    for named in query.args.get("windows") or []:
        if window.alias and named.name == window.alias:
            yield from window_keys(named, query)
