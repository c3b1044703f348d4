"""What we rely on, or work round, in Pandera's Ibis backend."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import duckdb
import ibis
import ibis.expr.datatypes as dt
import pandera.ibis as pa
import pytest
from pandera.errors import SchemaErrors

Rows = Callable[[str], Any]


@pytest.fixture(scope="module")
def rows() -> Iterator[Rows]:
    con = duckdb.connect()
    backend = ibis.duckdb.from_connection(con)
    yield backend.sql
    con.close()


def fails(schema: pa.DataFrameSchema, rows: Any) -> list[str]:
    """The reasons why, or none."""
    try:
        schema.validate(rows, lazy=True)
    except SchemaErrors as errors:
        return [error.reason_code.value for error in errors.schema_errors]
    return []


TWICE = "select unnest([1, 1])::bigint as a"


def test_unique_on_a_column_passes_doubles_in_silence_so_that_we_state_it_on_the_schema(rows: Rows) -> None:
    assert fails(pa.DataFrameSchema({"a": pa.Column(dt.int64, unique=True)}), rows(TWICE)) == []
    assert fails(pa.DataFrameSchema({"a": pa.Column(dt.int64)}, unique=["a"]), rows(TWICE)) == ["duplicates"]


def test_checks_of_values_and_nulls_fail_on_an_empty_table_so_that_we_leave_them_out_there(
    rows: Rows,
) -> None:
    empty = rows(f"{TWICE} where false")
    checked = pa.Column(dt.int64, pa.Check.ge(0), nullable=True)
    assert fails(pa.DataFrameSchema({"a": checked}), empty) == ["dataframe_check"]
    assert fails(pa.DataFrameSchema({"a": pa.Column(dt.int64)}), empty) == ["series_contains_nulls"]
    assert fails(pa.DataFrameSchema({"a": pa.Column(dt.int64, nullable=True)}), empty) == []


@pytest.mark.parametrize("check", [pa.Check.ge(1), pa.Check.le(3), pa.Check.isin([2])])
def test_a_null_breaks_no_bound_where_nulls_are_allowed(rows: Rows, check: pa.Check) -> None:
    schema = pa.DataFrameSchema({"a": pa.Column(dt.int64, check, nullable=True)})
    assert fails(schema, rows("select unnest([null, 2])::bigint as a")) == []
    assert fails(schema, rows("select unnest([null, 99, -99])::bigint as a")) == ["dataframe_check"]


def test_a_null_fails_where_it_is_not_allowed(rows: Rows) -> None:
    schema = pa.DataFrameSchema({"a": pa.Column(dt.int64)})
    assert fails(schema, rows("select null::bigint as a")) == ["series_contains_nulls"]


def test_failure_cases_are_cut_where_the_check_says_so(rows: Rows) -> None:
    many = rows("select range::bigint as a from range(1000)")
    schema = pa.DataFrameSchema({"a": pa.Column(dt.int64, pa.Check.le(5, n_failure_cases=20))})
    with pytest.raises(SchemaErrors) as caught:
        schema.validate(many, lazy=True)
    assert len(list(caught.value.schema_errors[0].failure_cases["failure_case"])) == 20


def test_a_pattern_must_match_from_the_start_but_not_to_the_end(rows: Rows) -> None:
    schema = pa.DataFrameSchema({"a": pa.Column(dt.string, pa.Check.str_matches("ab"))})
    assert fails(schema, rows("select 'abc' as a")) == []
    assert fails(schema, rows("select 'cab' as a")) == ["dataframe_check"]


def test_types_are_told_by_ibis_and_not_by_name() -> None:
    with pytest.raises(TypeError, match="int64"):
        pa.DataFrameSchema({"a": pa.Column("int64")})


def test_ibis_sets_the_time_zone_of_the_connection_it_is_given_to_utc() -> None:
    con = duckdb.connect()
    con.execute("set TimeZone = 'Asia/Tokyo'")
    ibis.duckdb.from_connection(con)
    assert con.execute("select current_setting('TimeZone')").fetchall() == [("UTC",)]
    con.close()
