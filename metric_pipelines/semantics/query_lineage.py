"""Column lineage of one SELECT in DuckDB's SQL: what is behind its columns, and what decides its rows.

All that a select item names is behind its column: conditions, `over (...)` and `filter (where ...)` too. What decides
which rows there are, or how they match, is a row column of the whole query: joins, where, group by, having, qualify,
distinct, partitions and orders of windows, an order with a limit, unnested lists, and all that in CTEs and subqueries.
sqlglot resolves names (`qualify`); what it leaves unresolved is resolved here. Stays out: the dictionary (`lineage.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, find_all_in_scope, traverse_scope
from sqlglot.schema import MappingSchema

from metric_pipelines.dictionary.model_sql import parsed
from metric_pipelines.errors import DefinitionError


@dataclass(frozen=True, order=True)
class TableColumn:
    """A column of a source table (`oms.transactions`) or a model (`models.baskets`), as the dictionary spells it."""

    table: str
    column: str

    def __str__(self) -> str:
        return f"{self.table}.{self.column}"


Columns = frozenset[TableColumn]
Relations = Mapping[str, Mapping[str, TableColumn]]
"""Columns by table and by name, both in lower case: `{"oms.transactions": {"week": ...}}`."""

NONE: Columns = frozenset()


@dataclass(frozen=True)
class QueryLineage:
    """What is behind each column of a query, in order, what decides its rows, and the tables it reads.

    `rest` is behind columns whose names the SQL does not tell (None: it tells all); where the query is `loose`, their
    number is not known either, as with `select columns('...')`.
    """

    columns: tuple[tuple[str, Columns], ...] = ()
    rows: Columns = NONE
    rest: Columns | None = None
    loose: bool = False
    tables: frozenset[str] = frozenset()

    def behind(self, name: str) -> Columns | None:
        """What is behind the column `name` (in lower case); None where there is no such column."""
        found = [columns for known, columns in self.columns if known == name]
        return union(found) if found else self.rest

    @property
    def all(self) -> Columns:
        """What is behind any of the columns."""
        return union([*(columns for _, columns in self.columns), self.rest or NONE])

    @property
    def names(self) -> list[str]:
        """The names of the columns, in order."""
        return [name for name, _ in self.columns]

    def renamed(self, names: Sequence[str]) -> QueryLineage:
        """With `names` for its first columns."""
        if self.loose:
            return replace(self, columns=(*self.columns, *((name, self.all) for name in names)))
        every = [*names, *self.names[len(names) :]]
        return replace(self, columns=tuple(zip(every, (c for _, c in self.columns), strict=False)))


def query_lineage(sql: str, relations: Relations, where: str) -> QueryLineage:
    """The lineage of a SELECT over `relations`, which are its tables `<schema>.<table>`; names in lower case.

    Raises: DefinitionError at `where` and line: not one SELECT, or a table or column that cannot be resolved.
    """
    tree = parsed(sql, where).copy()
    read: set[str] = set()
    for table in tree.find_all(exp.Table):
        name = f"{table.db}.{table.name}".lower()
        if table.db and (table.catalog or name not in relations):
            raise DefinitionError.unknown_name(
                _at(where, table.this), "table", f"{table.db}.{table.name}", relations
            )
        read |= {name} if table.db else set()
    qualified = _qualified(tree, {name: relations[name] for name in read}, where)
    return replace(_Query(qualified, relations, where).lineage(qualified), tables=frozenset(read))


def union(parts: Iterable[Columns]) -> Columns:
    """All columns of all parts."""
    return NONE.union(*parts)


def _qualified(tree: exp.Query, relations: Relations, where: str) -> exp.Query:
    if any(pivot.this for pivot in tree.find_all(exp.Pivot)):
        raise DefinitionError(where, "PIVOT as a statement", "from <table> pivot (...)")
    schema: dict[str, object] = {}
    for table, columns in relations.items():
        system, name = table.split(".")
        tables = schema.setdefault(system, {})
        assert isinstance(tables, dict)
        tables[name] = dict.fromkeys(columns, "unknown")
    _name_columns_of_functions(tree)
    try:
        return qualify(
            tree,
            dialect="duckdb",
            schema=MappingSchema(schema, dialect="duckdb"),
            allow_partial_qualification=True,
            validate_qualify_columns=False,
            quote_identifiers=False,
        )
    except SqlglotError as error:
        raise DefinitionError(where, str(error).splitlines()[0], "columns that can be resolved") from error


def _name_columns_of_functions(tree: exp.Query) -> None:
    """Writes out the names DuckDB gives: beside a source of unknown columns sqlglot resolves no alias of an item."""
    for source in tree.find_all(exp.Table, exp.Unnest, exp.Values, exp.Lateral):
        function = source if isinstance(source, (exp.Unnest, exp.Values)) else source.this
        match function:
            case exp.Values():
                names = [f"col{i}" for i, _ in enumerate(function.expressions[0].expressions)]
            case exp.GenerateSeries():
                names = ["range" if function.args.get("is_end_exclusive") else "generate_series"]
            case exp.Unnest():
                names = ["unnest"]
            case _:
                continue
        alias = source.args.get("alias") or exp.TableAlias()
        if not alias.args.get("columns") and not isinstance(source.parent, exp.Lateral):
            alias.set("columns", [exp.to_identifier(name) for name in names])
            source.set("alias", alias)


class _Query:
    """A qualified query, followed from its tables to its columns; what was found of its parts is kept."""

    def __init__(self, tree: exp.Query, relations: Relations, where: str) -> None:
        self.relations, self.where = relations, where
        self.scopes = {id(scope.expression): scope for scope in traverse_scope(tree)}
        self.found: dict[int, QueryLineage] = {}
        self.items: dict[int, list[tuple[str, Columns]]] = {}
        self.open: set[tuple[int, str]] = set()

    def lineage(self, query: exp.Expr) -> QueryLineage:
        """The lineage of the query or of one of its parts."""
        if id(query) not in self.found:
            self.found[id(query)] = self._lineage(query)
        return self.found[id(query)]

    def _lineage(self, query: exp.Expr) -> QueryLineage:
        if isinstance(query, exp.Subquery):
            inner = self.lineage(query.this)
            return replace(inner, rows=inner.rows | _limiting(query, inner))
        scope = self.scopes.get(id(query))
        if scope is None:
            raise DefinitionError(self.where, f"{query.key} cannot be followed", "a SELECT")
        match query:
            case exp.Select():
                return self._select(query, scope)
            case exp.SetOperation():
                return self._set_operation(query, scope)
            case exp.Values():
                return self._values(query, scope)
            case exp.Lateral(this=exp.Subquery()):
                return self.lineage(query.this).renamed(query.alias_column_names)
            case _:
                return self._function(query, scope)

    # --- queries

    def _select(self, query: exp.Select, scope: Scope) -> QueryLineage:
        items = self.items.setdefault(id(query), [])
        rows = [source.rows for source in self._sources(scope)]
        rests, loose = [], False
        for item in query.expressions:
            values, deciding = self._read(item, scope)
            rows.append(deciding)
            star = self._star(item.unalias(), values, scope)
            items += star.columns if star else [(item.alias_or_name, values)]
            loose = loose or (star is not None and star.loose)
            if star is None and item.alias_or_name.startswith("_col_"):
                rests.append(values)  # DuckDB's own name for an item without one
            elif star is not None and star.rest is not None:
                rests.append(star.rest)
        lineage = QueryLineage(_numbered(items), union(rows), union(rests) if rests else None, loose)
        return replace(lineage, rows=lineage.rows | self._deciding(query, lineage, scope))

    def _deciding(self, query: exp.Select, lineage: QueryLineage, scope: Scope) -> Columns:
        """What the clauses of a SELECT decide its rows by."""
        args = query.args
        keys = ("where", "group", "having", "qualify", "limit", "offset")
        clauses: list[exp.Expr | None] = [*(args.get(key) for key in keys), *(args.get("windows") or [])]
        clauses += [join.args.get("on") for join in find_all_in_scope(query, exp.Join)]
        if "group" in args and args["group"].args.get("all"):
            clauses += [column for item in query.expressions for column in _outside_aggregates(item)]
        on = args["distinct"].args.get("on") if "distinct" in args else None
        order = _limiting_order(query)
        whole = ("distinct" in args and on is None) or (order is not None and _is_by_all(order))
        read = [part for clause in [*clauses, on, order] if clause for part in self._read(clause, scope)]
        return union([*read, lineage.all if whole else NONE])
