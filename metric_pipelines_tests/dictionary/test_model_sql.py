"""The SQL of a model: one SELECT, over named tables only."""

from __future__ import annotations

import pytest

from metric_pipelines.dictionary.model_sql import normalized, statement, tables_read
from metric_pipelines.errors import DefinitionError


def test_tables_are_found_wherever_they_are_read_and_ctes_are_none() -> None:
    sql = """
    with known as (select * from erp.products where exists (select 1 from crm.households))
    select * from oms.orders join known using (product_id)
    where order_id in (select order_id from models.returns) union all from oms.orders
    """
    assert list(tables_read(sql, "m.sql")) == [
        "crm/households",
        "erp/products",
        "models/returns",
        "oms/orders",
    ]


def test_each_table_comes_with_the_line_it_is_first_read_in() -> None:
    assert tables_read("-- oms.orders\nselect 1 from\noms.orders\njoin oms.orders o on true", "m.sql") == {
        "oms/orders": 3
    }


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_text('/etc/passwd')",
        "select * from read_csv('/etc/passwd')",
        "select * from 'other.parquet'",
        "select (select content from read_text('/x')) from oms.orders",
        "select array(select content from read_text('/x'))",
        "select * from oms.orders order by (select max(content) from read_text('/x'))",
        "select * from oms.orders, lateral (select * from read_text('/x'))",
        "select * from oms.orders positional join read_text('/x') r",
        "with a as materialized (from glob('*')) from a",
        "select * from query('select 1')",
        "select * from query_table('x')",
        "select * from sqlite_scan('catalog.sqlite', 'ducklake_snapshot')",
        "select * from duckdb_tables()",
        "select * from lake.models.other",
        "select * from orders",
        "select 1; select 2",
        "delete from oms.orders",
        "create table x as select 1",
        "copy oms.orders to 'x'",
        "attach 'x'",
        "pragma database_list",
        "",
        "-- nothing",
    ],
)
def test_sql_that_is_not_one_select_over_named_tables_is_refused(sql: str) -> None:
    with pytest.raises(DefinitionError, match=r"^m\.sql:1: "):
        tables_read(sql, "m.sql")


def test_a_table_without_a_schema_is_refused_with_its_line() -> None:
    with pytest.raises(DefinitionError, match=r"^m\.sql:3: table 'orders'"):
        tables_read("select 1\nfrom\norders", "m.sql")


def test_broken_sql_is_refused_with_its_line() -> None:
    with pytest.raises(DefinitionError, match=r"^m\.sql:2: SQL error: .* near 'oms'"):
        tables_read("select *\nfro oms.orders", "m.sql")


@pytest.mark.parametrize(
    ("sql", "line"),
    [
        ("select 'a", 1),
        ("select 'b\n', 1,\n  'it''s', -- isn't\n  'a\n from s.t\n", 4),
        ("select 1 /* a\n\n */,\n 2\n /* a\n */\n /* from s.t", 7),
    ],
)
def test_a_quote_or_comment_that_is_not_closed_is_told_where_it_is_opened(sql: str, line: int) -> None:
    with pytest.raises(DefinitionError, match=rf"^m\.sql:{line}: a quote or comment that is opened here"):
        tables_read(sql, "m.sql")


@pytest.mark.parametrize("after", ["", ";", " ;\n-- the end", ";;\n", "\n-- the end; really"])
def test_what_stands_after_a_statement_is_left_out(after: str) -> None:
    sql = "\n-- why; not\nselect ';' as a from s.t"
    kept = statement(sql + after)
    assert kept.startswith(sql)
    assert not kept.rstrip().endswith(";")


@pytest.mark.parametrize("sql", ["(" * 400 + "select 1" + ")" * 400, "select " + "(" * 300 + "1" + ")" * 300])
def test_sql_that_no_parser_gets_through_is_a_definition_error(sql: str) -> None:
    with pytest.raises(DefinitionError, match=r"^m\.sql:1: SQL error"):
        tables_read(sql, "m.sql")


def test_layout_and_comments_are_no_part_of_the_normalized_form_and_literals_are() -> None:
    assert normalized("select a, 'x' from s.t -- why") == normalized("SELECT\n  a,\n 'x' FROM s.t /* so */")
    assert normalized("select 'a' from s.t") != normalized("select 'A' from s.t")
