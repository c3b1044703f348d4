"""Column lineage of one SELECT in DuckDB's SQL: what is behind its columns, and what decides its rows.

All that a select item names is behind its column: conditions, `over (...)` and `filter (where ...)` too. What
decides which rows there are, or how they match, is a row column of the whole query: joins, where, group by,
having, qualify, distinct, partitions and orders of windows, an order with a limit, unnested lists, and all
that in CTEs and subqueries. sqlglot resolves names (`qualify`); what it leaves is resolved here.
Stays out: the dictionary (`lineage.py`), and what only the syntax says (`query_syntax.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlglot import exp
from sqlglot.optimizer.scope import Scope, find_all_in_scope, traverse_scope

from metric_pipelines.dictionary.model_sql import parsed
from metric_pipelines.errors import DefinitionError
from metric_pipelines.semantics.query_syntax import (
    VALUES_LIKE_COLUMNS,
    distinct_on,
    is_counted,
    is_decided_by_all,
    is_nameless,
    is_recursive,
    limiting_order,
    makes_rows,
    operands,
    outside_aggregates,
    qualified,
    references,
    window_keys,
)


@dataclass(frozen=True, order=True)
class TableColumn:
    """A column of a source table (`oms.transactions`) or a model (`models.baskets`), as it is declared."""

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

    `rest` is behind columns whose names the SQL does not tell (None: it tells all); where the query is
    `loose`, their number is not known either (`select columns('...')`).
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
    """The lineage of a SELECT over `relations`, its tables `<schema>.<table>`; names in lower case.

    Raises: DefinitionError at `where` and line: not one SELECT, or a table or column that cannot be resolved.
    """
    tree = parsed(sql, where).copy()
    read: set[str] = set()
    for table in tree.find_all(exp.Table):
        name = f"{table.db}.{table.name}".lower()
        if table.db and (table.catalog or name not in relations):
            known = table.sql("duckdb", comments=False)
            raise DefinitionError.unknown_name(_at(where, table.this), "table", known, relations)
        read |= {name} if table.db else set()
    tree = qualified(tree, {name: relations[name] for name in read}, where)
    return replace(_Query(tree, relations, where).lineage(tree), tables=frozenset(read))


def union(parts: Iterable[Columns]) -> Columns:
    """All columns of all parts."""
    return NONE.union(*parts)


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

    def _select(self, query: exp.Select, scope: Scope) -> QueryLineage:
        items = self.items[id(query)] = list[tuple[str, Columns]]()
        rows, rests, loose = [source.rows for source in self._sources(scope)], [], False
        for item in query.expressions:
            values, deciding = self._read(item, scope)
            rows.append(deciding)
            star = self._star(item, values, scope)
            items += star.columns if star else [(item.alias_or_name, values)]
            rest = star.rest if star else values if is_nameless(item) else None
            rests += [] if rest is None else [rest]
            loose = loose or (star is not None and star.loose)
        lineage = QueryLineage(_numbered(items), union(rows), union(rests) if rests else None, loose)
        return replace(lineage, rows=lineage.rows | self._deciding(query, lineage, scope))

    def _deciding(self, query: exp.Select, lineage: QueryLineage, scope: Scope) -> Columns:
        """What the clauses of a SELECT decide its rows by."""
        keys = ("where", "group", "having", "qualify", "limit", "offset")
        clauses: list[exp.Expr | None] = [query.args.get(key) for key in keys]
        clauses += [*(query.args.get("windows") or []), distinct_on(query), limiting_order(query)]
        clauses += [join.args.get("on") for join in find_all_in_scope(query, exp.Join)]
        if (group := query.args.get("group")) and group.args.get("all"):
            clauses += [column for item in query.expressions for column in outside_aggregates(item)]
        read = [part for clause in clauses if clause for part in self._read(clause, scope)]
        return union([*read, lineage.all if is_decided_by_all(query) else NONE])

    def _set_operation(self, query: exp.SetOperation, scope: Scope) -> QueryLineage:
        left, right = (part.expression for part in operands(scope))
        known = _combined(query, self.lineage(left), self.lineage(right))
        if not is_recursive(query):
            return replace(known, rows=known.rows | _limiting(query, known))
        inside, last = {id(node) for node in right.walk()}, self.lineage(left)
        while known != last:  # the recursive part reads what was found so far, until it adds nothing
            last = known
            self.found = {key: part for key, part in self.found.items() if key not in inside}
            self.found[id(left)] = known
            known = _combined(query, known, self.lineage(right))
        return replace(known, rows=known.rows | _limiting(query, known))

    def _values(self, query: exp.Values, scope: Scope) -> QueryLineage:
        places = zip(*(row.expressions for row in query.expressions), strict=False)
        values = [union(self._read(value, scope)[0] for value in place) for place in places]
        return QueryLineage(tuple(zip(query.alias_column_names, values, strict=False)))

    def _function(self, function: exp.Expr, scope: Scope) -> QueryLineage:
        """A table function: its arguments are behind all it gives, and decide its rows."""
        values, rows = self._read(function, scope)
        names = function.alias_column_names
        columns = tuple((name, values) for name in names)
        return QueryLineage(columns, values | rows, None if names else values, loose=not names)

    def _sources(self, scope: Scope, name: str = "") -> list[QueryLineage]:
        names = [name] if name else [known for known, _ in references(scope)]
        return [source for source in (self._source(scope, known) for known in names) if source is not None]

    def _source(self, scope: Scope, name: str) -> QueryLineage | None:
        """What stands in FROM under a name; None where nothing does, or where it is just being followed."""
        for known, node in references(scope):
            pivots = node.args.get("pivots") or []
            key = (id(node), known)
            if name not in (known, *(pivot.alias for pivot in pivots)) or key in self.open:
                continue
            self.open.add(key)
            try:
                found = self._relation(scope.sources.get(known), scope).renamed(node.alias_column_names)
            finally:
                self.open.discard(key)
            for pivot in pivots:
                found = _pivoted(found, pivot)
            return found
        return None

    def _relation(self, source: exp.Table | Scope | None, scope: Scope) -> QueryLineage:
        if source is None:
            raise DefinitionError(self.where, "something in FROM that is no table", "a table or a SELECT")
        if isinstance(source, Scope):
            return self.lineage(source.expression)
        if isinstance(source.this, exp.Func):
            return self._function(source, scope)
        columns = self.relations.get(f"{source.db}.{source.name}")
        if columns is None:
            expected = "<source system>.<table> or models.<name>"
            raise DefinitionError(_at(self.where, source.this), f"table {source.name!r}", expected)
        return QueryLineage(tuple((name, frozenset({column})) for name, column in columns.items()))

    def _read(self, node: exp.Expr, scope: Scope) -> tuple[Columns, Columns]:
        """What an expression names, and what decides rows in its subqueries, windows and unnested lists."""
        values: list[Columns] = []
        rows: list[Columns] = []
        for part in node.walk(prune=lambda n: isinstance(n, (exp.Query, exp.Exists, exp.Star))):
            if isinstance(part, exp.Exists):
                rows.append(self.lineage(part.this).rows)
            elif isinstance(part, exp.Query):
                values.append(self.lineage(part).all)
                rows.append(self.lineage(part).rows)
            elif isinstance(part, exp.Column) and not part.is_star:
                values.append(self._column(part, scope))
            elif isinstance(part, exp.TableColumn):  # a whole row
                values.append(self._column(exp.Column(this=part.this), scope))
            elif isinstance(part, exp.Window):
                window = union(self._read(key, scope)[0] for key in window_keys(part, scope.expression))
                values.append(window)
                rows.append(window)
            elif makes_rows(part):
                rows += [self._read(argument, scope)[0] for argument in part.iter_expressions()]
        return union(values), union(rows)

    def _star(self, item: exp.Expr, values: Columns, scope: Scope) -> QueryLineage | None:
        """The columns of a star that sqlglot left: unknown names, a pattern, a struct. None: not a star."""
        item = item.unalias()
        stars = [n for n in find_all_in_scope(item, exp.Star, exp.Columns) if not is_counted(n)]
        if not stars:
            return None
        table = item.table if isinstance(item, exp.Column) else ""
        sources = self._sources(scope, table)
        if isinstance(item, exp.Dot) or not sources:
            values |= self._column(exp.column(table), scope) if table else NONE
            return QueryLineage(rest=values, loose=True)
        columns = [column for source in sources for column in source.columns]
        rests = [source.rest for source in sources if source.rest is not None]
        if isinstance(item, (exp.Star, exp.Column)):
            changed = tuple(self._changed(stars[0], columns, scope))
            loose = any(source.loose for source in sources)
            return QueryLineage(changed, NONE, union(rests) if rests else None, loose)
        everything = union([values, *(source.all for source in sources)])
        return QueryLineage(tuple((name, c | values) for name, c in columns), NONE, everything, loose=True)

    def _changed(
        self, star: exp.Expr, columns: Iterable[tuple[str, Columns]], scope: Scope
    ) -> Iterator[tuple[str, Columns]]:
        """The columns of a star after its `exclude`, `replace` and `rename`."""
        left_out = {column.name for column in star.args.get("except_") or []}
        names = {part.this.name: part.alias for part in star.args.get("rename") or []}
        replaced = {part.alias: self._read(part.this, scope)[0] for part in star.args.get("replace") or []}
        for name, behind in columns:
            if name not in left_out:
                yield names.get(name, name), replaced.get(name, behind)

    def _column(self, column: exp.Column, scope: Scope) -> Columns:
        """What is behind a column: of this query, of those around it, or of a struct.

        Raises: DefinitionError with its line.
        """
        at: Scope | None = scope
        while at is not None:
            found = self._qualified(at, column) if column.table else self._bare(at, column)
            if found is not None:
                return found
            at = at.parent
        if column.table and not column.db:  # a field of a struct that only DuckDB knows
            return self._column(exp.Column(this=column.args["table"]), scope)
        if column.name in VALUES_LIKE_COLUMNS:
            return NONE
        names = [name for source in self._sources(scope) for name in source.names]
        raise DefinitionError.unknown_name(_at(self.where, column.this), "column", column.name, names)

    def _qualified(self, scope: Scope, column: exp.Column) -> Columns | None:
        source = self._source(scope, column.table)
        found = source.behind(column.name) if source else None
        if source is not None and found is None:
            at = _at(self.where, column.this)
            raise DefinitionError.unknown_name(at, f"column of {column.table}", column.name, source.names)
        return found

    def _bare(self, scope: Scope, column: exp.Column) -> Columns | None:
        """A name alone: of a select item (as in order by), of a source of unknown names, of a whole row."""
        name = column.name
        items = [behind for known, behind in self.items.get(id(scope.expression), []) if known == name]
        if items:
            return union(items)
        sources = self._sources(scope)
        told = [source for source in sources if name in source.names]
        if len(told) > 1:
            at = _at(self.where, column.this)
            raise DefinitionError(at, f"ambiguous column {name!r}", "<table>.<column>")
        rests = [source.rest for source in sources if source.rest is not None]
        if told or rests:
            return told[0].behind(name) if told else union(rests)
        whole = self._source(scope, name)
        return whole.all if whole else None


def _at(where: str, node: exp.Expr) -> str:
    return f"{where}:{node.meta.get('line', 1)}"


def _numbered(columns: Iterable[tuple[str, Columns]]) -> tuple[tuple[str, Columns], ...]:
    """Doubled names as DuckDB tells them apart: `id`, `id_1`."""
    seen: dict[str, int] = {}
    found = []
    for name, behind in columns:
        seen[name] = seen.get(name, -1) + 1
        found.append((f"{name}_{seen[name]}" if seen[name] else name, behind))
    return tuple(found)


def _combined(query: exp.SetOperation, left: QueryLineage, right: QueryLineage) -> QueryLineage:
    by_name = bool(query.args.get("by_name")) or left.loose or right.loose
    rest = left.all | right.all if left.rest is not None or (by_name and right.rest is not None) else None
    rows = left.rows | right.rows
    if query.args.get("distinct") or not isinstance(query, exp.Union):
        rows |= left.all | right.all
    if not isinstance(query, exp.Union):  # except, intersect: the right side gives no values
        return replace(left, rows=rows)
    if by_name:
        names = dict.fromkeys([*left.names, *right.names])
        columns = [(name, (left.behind(name) or NONE) | (right.behind(name) or NONE)) for name in names]
    else:
        pairs = zip(left.columns, right.columns, strict=False)
        columns = [(name, behind | other) for (name, behind), (_, other) in pairs]
    return QueryLineage(tuple(columns), rows, rest, left.loose or right.loose)


def _pivoted(source: QueryLineage, pivot: exp.Pivot) -> QueryLineage:
    """What a PIVOT or UNPIVOT names is behind the columns it makes; a PIVOT groups by those it leaves."""
    used = {column.name for column in pivot.find_all(exp.Column)}
    made = union(source.behind(name) or NONE for name in used)
    kept = tuple((name, behind) for name, behind in source.columns if name not in used)
    grouped = NONE if pivot.unpivot else union(behind for _, behind in kept)
    found = QueryLineage(kept, source.rows | made | grouped, made | (source.rest or NONE), loose=True)
    return found.renamed(pivot.alias_column_names)


def _limiting(query: exp.Expr, lineage: QueryLineage) -> Columns:
    """The same for a set operation or a query in parentheses, which are ordered by their own columns."""
    order = limiting_order(query)
    names = [column.name for column in order.find_all(exp.Column)] if order else []
    return union(lineage.behind(name) or NONE for name in names)
