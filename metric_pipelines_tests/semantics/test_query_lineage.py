"""What is behind the columns of a query and decides its rows: by hand for each feature of SQL, and by DuckDB.

The lists are made by reading the SQL. DuckDB is asked too: what moves a result must be in its lineage.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator

import duckdb
import pytest

from metric_pipelines.errors import DefinitionError
from metric_pipelines.semantics.query_lineage import Columns, QueryLineage, TableColumn, query_lineage

TABLES = {
    "s.t": "id k a b d n tags item",
    "s.u": "id k x y d",
    "models.m": "k v",
}
RELATIONS = {table: {c: TableColumn(table, c) for c in names.split()} for table, names in TABLES.items()}

Case = tuple[str, dict[str, str], str]
"""SQL, the columns behind each of its columns, those that decide its rows; without `s.`, `models.`."""

CASES: dict[str, Case] = {
    "an expression": ("select a + b as z, 1 as one, k from s.t", {"z": "t.a t.b", "one": "", "k": "t.k"}, ""),
    "a condition in an item": ("select case when d > 1 then a end as z from s.t", {"z": "t.d t.a"}, ""),
    "where": ("select a from s.t where b > 1 and d = 2", {"a": "t.a"}, "t.b t.d"),
    "count(*) has no column and keeps rows": ("select count(*) as c from s.t where a > 1", {"c": ""}, "t.a"),
    "a filtered aggregate": (
        "select sum(a) filter (where b > 1) as z from s.t group by k",
        {"z": "t.a t.b"}, "t.k",
    ),
    "an ordered aggregate": ("select first(a order by d, id) as z from s.t", {"z": "t.a t.d t.id"}, ""),
    "group by a place": (
        "select a % 2 as p, count(*) as c from s.t group by 1",
        {"p": "t.a", "c": ""}, "t.a",
    ),
    "group by an alias": (
        "select a % 2 as p, max(b) as z from s.t group by p",
        {"p": "t.a", "z": "t.b"}, "t.a",
    ),
    "group by all": (
        "select k, d + 1 as e, sum(a) as s, mad(b) as m from s.t group by all",
        {"k": "t.k", "e": "t.d", "s": "t.a", "m": "t.b"}, "t.k t.d",
    ),
    "grouping sets": (
        "select k, count(*) as c from s.t group by grouping sets ((k), (d))",
        {"k": "t.k", "c": ""}, "t.k t.d",
    ),
    "having": ("select k from s.t group by k having max(a) > 1", {"k": "t.k"}, "t.k t.a"),
    "having an alias": (
        "select k, sum(a) as z from s.t group by k having z > 3",
        {"k": "t.k", "z": "t.a"}, "t.k t.a",
    ),
    "distinct": ("select distinct k, a from s.t", {"k": "t.k", "a": "t.a"}, "t.k t.a"),
    "distinct on": (
        "select distinct on (k) k, a from s.t order by k, d, id",
        {"k": "t.k", "a": "t.a"}, "t.k t.d t.id",
    ),
    "an order alone keeps every row": ("select a from s.t order by b", {"a": "t.a"}, ""),
    "an order with a limit": (
        "select a as z from s.t order by z, b, id limit 2",
        {"z": "t.a"}, "t.a t.b t.id",
    ),
    "order by all with a limit": (
        "select k, a from s.t order by all limit 2",
        {"k": "t.k", "a": "t.a"}, "t.k t.a",
    ),
    "a limit by a query": (
        "select max(a) as z from (select a from s.t order by id limit (select max(x) from s.u))",
        {"z": "t.a"}, "t.id u.x",
    ),
    "a window": (
        "select sum(a) over (partition by k order by d, id) as z from s.t",
        {"z": "t.a t.k t.d t.id"}, "t.k t.d t.id",
    ),
    "named windows": (
        "select sum(a) over w as z from s.t window v as (partition by k), w as (v order by d, id)",
        {"z": "t.a t.k t.d t.id"}, "t.k t.d t.id",
    ),
    "qualify": (
        "select a from s.t qualify row_number() over (partition by k order by id) = 1",
        {"a": "t.a"}, "t.k t.id",
    ),
    "qualify by an alias": (
        "select a, rank() over (order by b) as r from s.t qualify r < 3",
        {"a": "t.a", "r": "t.b"}, "t.b",
    ),
    "a lateral alias": (
        "select a + 1 as c, c * b as e from s.t where c > 1",
        {"c": "t.a", "e": "t.a t.b"}, "t.a",
    ),
    "a column before an alias": ("select b as a, a + 1 as c from s.t", {"a": "t.b", "c": "t.a"}, ""),
    "a join": (
        "select t.a, u.x from s.t left join s.u on u.k = t.k and u.y > 1",
        {"a": "t.a", "x": "u.x"}, "t.k u.k u.y",
    ),
    "a comma join": ("select x from s.t, s.u where t.id = u.id", {"x": "u.x"}, "t.id u.id"),
    "using": (
        "select k, a, x from s.t join s.u using (k)",
        {"k": "t.k u.k", "a": "t.a", "x": "u.x"}, "t.k u.k",
    ),
    "using twice": (
        "select t.k, v from s.t join s.u using (k) join models.m using (k)",
        {"k": "t.k", "v": "m.v"}, "t.k u.k m.k",
    ),
    "a star over using": (
        "select * exclude (n) from (select id, k, a, n from s.t) join s.u using (id, k)",
        {"id": "t.id u.id", "k": "t.k u.k", "a": "t.a", "x": "u.x", "y": "u.y", "d": "u.d"},
        "t.id u.id t.k u.k",
    ),
    "a natural join": ("select a, v from s.t natural join models.m", {"a": "t.a", "v": "m.v"}, "t.k m.k"),
    "a semi join": ("select a from s.t semi join s.u on u.k = t.k", {"a": "t.a"}, "t.k u.k"),
    "an anti join": ("select a from s.t anti join s.u using (k)", {"a": "t.a"}, "t.k u.k"),
    "an asof join": (
        "select a, v from s.t asof join models.m on t.k = m.k and t.d >= m.v",
        {"a": "t.a", "v": "m.v"}, "t.k m.k t.d m.v",
    ),
    "a join in parentheses": (
        "select a, v from s.t left join (s.u join models.m on u.y = m.k) on u.k = t.k",
        {"a": "t.a", "v": "m.v"}, "t.k u.k u.y m.k",
    ),
    "names with a schema": (
        "select s.u.x, w.v from s.u join models.m as w on s.u.k = w.k",
        {"x": "u.x", "v": "m.v"}, "u.k m.k",
    ),
    "a star": ("select * from models.m", {"k": "m.k", "v": "m.v"}, ""),
    "from first": ("from models.m", {"k": "m.k", "v": "m.v"}, ""),
    "a star of a table": (
        "select m.*, x from models.m join s.u on u.k = m.k",
        {"k": "m.k", "v": "m.v", "x": "u.x"}, "u.k m.k",
    ),
    "exclude, replace, rename": (
        "select * exclude (id, d) replace (x + y as x) rename (y as why) from s.u",
        {"k": "u.k", "x": "u.x u.y", "why": "u.y"}, "",
    ),
    "columns by a pattern": (
        "select x, y from (select columns('x|y') from s.u) where y > 1",
        {"x": "u.x", "y": "u.y"}, "u.y",
    ),
    "doubled names": (
        "select k_1, v from (select * from s.u join models.m on m.v = u.y)",
        {"k_1": "m.k", "v": "m.v"}, "m.v u.y",
    ),
    "nested ctes": (
        """with one as (select k, a from s.t where b > 1),
        two as (with one as (select k, x from s.u where y > 1) select k, sum(x) as sx from one group by k)
        select one.a, two.sx from one join two using (k)""",
        {"a": "t.a", "sx": "u.x"}, "t.b u.y u.k t.k",
    ),
    "a cte with names, used twice": (
        "with c(p, q) as (select k, a from s.t) select l.q, r.q as other from c as l join c as r on l.p "
        "= r.q",
        {"q": "t.a", "other": "t.a"}, "t.k t.a",
    ),
    "a cte that nobody reads": (
        "with c as (select k from s.u where y > 1) select a from s.t",
        {"a": "t.a"}, "",
    ),
    "a table with names": ("select z.p, z.k from s.u as z(p)", {"p": "u.id", "k": "u.k"}, ""),
    "a subquery with names": (
        "select q from (select k, a from s.t) as z(p, q) where p > 1",
        {"q": "t.a"}, "t.k",
    ),
    "union all": (
        "select k as p, a from s.t union all select y, x from s.u where d > 1",
        {"p": "t.k u.y", "a": "t.a u.x"}, "u.d",
    ),
    "union": ("select k from s.t union select y from s.u", {"k": "t.k u.y"}, "t.k u.y"),
    "union all by name": (
        "select k, a from s.t union all by name select x as b, k from s.u",
        {"k": "t.k u.k", "a": "t.a", "b": "u.x"}, "",
    ),
    "unions in parentheses": (
        "(select k from s.t) union all (select x from s.u order by y, id limit 1) union all select v "
        "from models.m",
        {"k": "t.k u.x m.v"}, "u.y u.id",
    ),
    "a limit on a union": (
        "select a from s.t union all select x from s.u order by a limit 3",
        {"a": "t.a u.x"}, "t.a u.x",
    ),
    "a limit around parentheses": (
        "((select k, a, id from s.t) order by a, id limit 3)",
        {"k": "t.k", "a": "t.a", "id": "t.id"}, "t.a t.id",
    ),
    "except": ("select k from s.t except select y from s.u", {"k": "t.k"}, "t.k u.y"),
    "a recursive cte that turns its columns": (
        """with recursive r(p, q, c) as (
            select id, k, 0 from s.t
            union all select r.q, r.p + u.x, c + 1 from s.u join r on u.k = 1 where c < 3
        ) select p, q from r""",
        {"p": "t.id t.k u.x", "q": "t.id t.k u.x"}, "u.k",
    ),
    "exists": (
        "select a from s.t where exists (select u.d from s.u where u.k = t.k and y > b)",
        {"a": "t.a"}, "u.k t.k u.y t.b",
    ),
    "in a query": (
        "select a, k in (select x from s.u where y > 1) as z from s.t",
        {"a": "t.a", "z": "t.k u.x"}, "u.y",
    ),
    "a correlated scalar query": (
        "select a, (select max(x) from s.u where u.k = t.k) as z from s.t",
        {"a": "t.a", "z": "u.x"}, "u.k t.k",
    ),
    "a query two levels down": (
        "select (select sum(q.x) from (select u.x from s.u where u.k = t.k) q) as z from s.t",
        {"z": "u.x"}, "u.k t.k",
    ),
    "a lateral join": (
        "select a, z from s.t, lateral (select x + b as z from s.u where u.k = t.k) as l",
        {"a": "t.a", "z": "u.x t.b"}, "u.k t.k",
    ),
    "a lateral join without the word": (
        "select z from s.t, (select x + b as z from s.u where u.k = t.k) as l",
        {"z": "u.x t.b"}, "u.k t.k",
    ),
    "unnest in an item": (
        "select id, unnest(tags) as tag from s.t",
        {"id": "t.id", "tag": "t.tags"}, "t.tags",
    ),
    "unnest of a query": (
        "select unnest((select list(x) from s.u where u.k = t.k)) as z from s.t",
        {"z": "u.x"}, "u.x u.k t.k",
    ),
    "unnest in from": (
        "select a, tag, o, tag + 1 as e from s.t, unnest(t.tags) with ordinality as q(tag, o)",
        {"a": "t.a", "tag": "t.tags", "o": "t.tags", "e": "t.tags"}, "t.tags",
    ),
    "generate_series": (
        "select generate_series as i, i + 1 as j from generate_series(1, 3)",
        {"i": "", "j": ""}, "",
    ),
    "range of a column": ("select a, i from s.t, range(t.n) as r(i)", {"a": "t.a", "i": "t.n"}, "t.n"),
    "values": (
        "select a, q from s.t join (values (1, 10), (2, 20)) as v(p, q) on v.p = t.k",
        {"a": "t.a", "q": ""}, "t.k",
    ),
    "values without names": ("with v as (values (1, 2)) select col1 from v where col0 > 0", {"col1": ""}, ""),
    "a struct": (
        "select item.f as z, t.item.f + a as y from s.t where t.item.g > 1",
        {"z": "t.item", "y": "t.item t.a"}, "t.item",
    ),
    "a struct taken apart": ("select f from (select unnest(item) from s.t)", {"f": "t.item"}, "t.item"),
    "a whole row": ("select m as z from models.m as m", {"z": "m.k m.v"}, ""),
    "lambdas and comprehensions": (
        "select list_transform(tags, x -> x + a) as z, [y + b for y in tags if y > k] as w from s.t",
        {"z": "t.tags t.a", "w": "t.b t.tags t.k"}, "",
    ),
    "pivot": (
        "select d, one from (select k, d, a from s.t) pivot (sum(a) for k in (1 as one))",
        {"d": "t.d", "one": "t.a t.k"}, "t.a t.k t.d",
    ),
    "unpivot": (
        "select id, which, z from (select id, a, b from s.t) unpivot (z for which in (a, b))",
        {"id": "t.id", "which": "t.a t.b", "z": "t.a t.b"}, "t.a t.b",
    ),
    "capital letters": (
        'select T.A as "Much", "K" as kk from S.T as T where "much" > 1',
        {"much": "t.a", "kk": "t.k"}, "t.a",
    ),
}  # fmt: skip


def short(columns: Columns | None) -> set[str]:
    assert columns is not None
    return {str(column).removeprefix("s.").removeprefix("models.") for column in columns}


def followed(sql: str) -> QueryLineage:
    return query_lineage(sql, RELATIONS, "m.sql")


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_is_behind_each_column_and_decides_rows(case: Case) -> None:
    sql, columns, rows = case
    found = followed(sql)
    assert {name: short(found.behind(name)) for name in columns} == {
        n: set(c.split()) for n, c in columns.items()
    }
    assert short(found.rows) == set(rows.split())
    assert found.loose or set(found.names) == set(columns)


def value(column: str, chance: random.Random) -> str:
    if column == "tags":
        return str([chance.randint(0, 4) for _ in range(chance.randint(0, 3))]) + "::int[]"
    if column == "item":
        return f"{{'f': {chance.randint(0, 4)}, 'g': {chance.randint(0, 4)}}}"
    return str(chance.randint(0, 4))


def contents(table: str, chance: random.Random) -> dict[str, list[str]]:
    ids = chance.sample(range(1, 7), 6)
    columns = TABLES[table].split()
    return {c: [str(i) if c == "id" else value(c, chance) for i in ids] for c in columns}


def fill(con: duckdb.DuckDBPyConnection, table: str, columns: dict[str, list[str]]) -> None:
    rows = ", ".join(f"({', '.join(row)})" for row in zip(*columns.values(), strict=True))
    con.execute(f"create or replace table {table} as from (values {rows}) as v({', '.join(columns)})")


def result(con: duckdb.DuckDBPyConnection, sql: str) -> dict[str, Counter[str]]:
    """Each column's values in any order; names as a query around it sees them."""
    found = con.execute(f"with q as ({sql}) from q")
    rows = found.fetchall()
    names = [str(column[0]).lower() for column in found.description or []]
    return {name: Counter(json.dumps(row[i], default=str) for row in rows) for i, name in enumerate(names)}


def moved(
    con: duckdb.DuckDBPyConnection, sql: str, tables: frozenset[str], chance: random.Random
) -> Iterator[tuple[TableColumn, str]]:
    """Source columns, and the columns of the result that change with their contents."""
    filled = {table: contents(table, chance) for table in TABLES}
    for table, columns in filled.items():
        fill(con, table, columns)
    before = result(con, sql)
    for table in tables:
        columns, others = filled[table], contents(table, chance)
        for column in columns:
            fill(con, table, columns | {column: others[column]})
            after = result(con, sql)
            yield from ((TableColumn(table, column), name) for name in before if before[name] != after[name])
        fill(con, table, columns)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_column_that_moves_a_result_is_in_the_lineage(case: Case) -> None:
    sql, found, chance = case[0], followed(case[0]), random.Random(7)
    with duckdb.connect() as con:
        con.execute("set threads = 1; create schema s; create schema models")
        moves = {move for _ in range(4) for move in moved(con, sql, found.tables, chance)}
    known = {name: columns | found.rows for name, columns in found.columns}
    rest = found.rows | (found.rest or frozenset())
    assert not {f"{column} moves {name}" for column, name in moves if column not in known.get(name, rest)}


def test_tables_of_one_name_are_told_apart() -> None:
    tables = {"crm.mailings": ["id", "sent"], "models.mailings": ["id", "opened"]}
    relations = {table: {c: TableColumn(table, c) for c in columns} for table, columns in tables.items()}
    sql = "select sent, opened, models.mailings.id from crm.mailings join models.mailings using (id)"
    found = query_lineage(sql, relations, "m.sql")
    assert [{str(c) for c in columns} for _, columns in found.columns] == [
        {"crm.mailings.sent"},
        {"models.mailings.opened"},
        {"models.mailings.id"},
    ]


def test_the_tables_read_are_told() -> None:
    assert followed("with c as (from s.u) select (select max(v) from models.m) as z from c").tables == {
        "s.u",
        "models.m",
    }


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("select a,\n  amuont\nfrom s.t", r"^m\.sql:2: unknown column 'amuont'"),
        ("select t.a\nfrom s.t\nwhere t.zz > 1", r"^m\.sql:3: unknown column of t 'zz'"),
        (
            "with c as (select a from s.t)\nselect c.b from c",
            r"^m\.sql:2: unknown column of c 'b'; expected: one of a",
        ),
        (
            "select a from s.t where exists (\nselect 1 from s.u where zz = t.a)",
            r"^m\.sql:2: unknown column 'zz'",
        ),
        ("select k from s.t join s.u on t.id = u.id", r"^m\.sql:1: ambiguous column 'k'"),
        ("select a from s.t join models.m using (a)", r"^m\.sql: Cannot automatically join: a"),
        ("select a from s.t group by 2", r"^m\.sql: Unknown output column: 2"),
        ("select a from\ns.tt", r"^m\.sql:2: unknown table 's.tt'.*did you mean 's.t'"),
        ("select a from c.s.t", r"^m\.sql:1: unknown table 'c.s.t'"),
        ("select a from t", r"^m\.sql:1: table 't'; expected: <source system>"),
        ("select z.* from s.t", r"^m\.sql: Unknown table: z"),
        ("with p as (pivot s.t on k using sum(a)) from p", r"^m\.sql: PIVOT as a statement"),
        ("from (describe s.t)", r"^m\.sql: something in FROM"),
        ("select 1; select 2", r"^m\.sql:1: not one SELECT"),
    ],
)
def test_what_cannot_be_resolved_is_refused_with_its_file(sql: str, message: str) -> None:
    with pytest.raises(DefinitionError, match=message):
        followed(sql)
