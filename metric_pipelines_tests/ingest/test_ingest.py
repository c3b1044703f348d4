"""Reading source tables: types as written, nothing rounded, cut or lost, months by the center's own days."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from metric_pipelines.dictionary.months import WHOLE
from metric_pipelines.dictionary.source_definitions import Source
from metric_pipelines.dictionary.validation import load_valid_center
from metric_pipelines.errors import DefinitionError, SourceDataError, SourceUnavailableError
from metric_pipelines.ingest import newest_day, opened, scheme_problems, stage
from metric_pipelines.ingest.system import Since
from metric_pipelines.warehouse import tables
from metric_pipelines.warehouse.lake import scanning_database
from metric_pipelines_tests.small_shop import Shop

Con = duckdb.DuckDBPyConnection


@pytest.fixture(scope="module")
def step_con() -> Iterator[Con]:
    """One connection for all of these tests: it costs more than what a test does with it."""
    with scanning_database() as con:
        yield con


NEW_YORK = "America/New_York"


def source(columns: dict[str, str], partition_by: str | None = None, **more: Any) -> Source:
    """A source system with one table `orders`."""
    table = {
        "label": "Orders",
        "description": "x",
        "partition_by": partition_by,
        "columns": {name: {"type": kind, "nullable": True} for name, kind in columns.items()},
    }
    owners = {"business": "a@example.com", "technical": "b@example.com"}
    values = {
        "name": "shop",
        "label": "Shop",
        "description": "x",
        "owners": owners,
        "connection": "sqlite:///shop.sqlite",
    }
    return Source.model_validate(values | {"tables": {"orders": table}} | more)


def fill(home: Path, statement: str, *rows: Any) -> None:
    """Makes the source's database: one create statement, and rows for its table."""
    with closing(sqlite3.connect(home / "shop.sqlite")) as con, con:
        con.execute(statement)
        table = statement.split()[2].split("(")[0]
        for row in rows:
            values = row if isinstance(row, tuple) else (row,)
            con.execute(f"insert into {table} values ({', '.join('?' * len(values))})", values)


def read(
    con: Con, home: Path, system: Source, months: list[str] | None = None, zone: str = "UTC"
) -> list[tuple[Any, ...]]:
    with opened(con, system, home) as at:
        stage(con, at, system, "orders", zone, months or [WHOLE], "staged")
    return con.execute("select * from staged order by all").fetchall()


def refusal(con: Con, home: Path, system: Source, months: list[str] | None = None) -> str:
    with pytest.raises(SourceDataError) as caught:
        read(con, home, system, months)
    return str(caught.value)


# Types


def test_each_column_has_the_type_that_the_yaml_says(step_con: Con, tmp_path: Path) -> None:
    kinds = {
        "a": "int64",
        "b": "string",
        "c": "date",
        "d": "timestamp",
        "e": "double",
        "f": "boolean",
        "g": "decimal(18,2)",
    }
    fill(
        tmp_path,
        "create table orders (a, b, c, d, e, f, g)",
        (1, "x", "2024-01-31", "2024-01-31 10:00:00", 0.5, 1, "12.5"),
    )
    [row] = read(step_con, tmp_path, source(kinds))
    assert [str(v) for v in row] == ["1", "x", "2024-01-31", "2024-01-31 10:00:00", "0.5", "True", "12.50"]
    assert list(tables.columns(step_con, "staged").values()) == [
        "BIGINT",
        "VARCHAR",
        "DATE",
        "TIMESTAMP",
        "DOUBLE",
        "BOOLEAN",
        "DECIMAL(18,2)",
    ]


def test_nulls_stay_nulls_and_text_stays_text(step_con: Con, tmp_path: Path) -> None:
    fill(tmp_path, "create table orders (a, b text)", (None, "007"), (None, ""), (None, None))
    assert read(step_con, tmp_path, source({"a": "int64", "b": "string"})) == [
        (None, ""),
        (None, "007"),
        (None, None),
    ]


def test_columns_that_the_yaml_does_not_name_are_not_read(step_con: Con, tmp_path: Path) -> None:
    fill(tmp_path, "create table orders (a, secret)", (1, "x"))
    assert read(step_con, tmp_path, source({"a": "int64"})) == [(1,)]


def test_money_kept_as_binary_doubles_comes_back_to_the_cent(step_con: Con, tmp_path: Path) -> None:
    cents = [i / 100 for i in range(0, 100_000, 37)]
    fill(tmp_path, "create table orders (a real)", *cents)
    found = [row[0] for row in read(step_con, tmp_path, source({"a": "decimal(18,2)"}))]
    assert [int(value * 100) for value in found] == [round(value * 100) for value in cents]


@pytest.mark.parametrize(
    ("kind", "good", "bad", "example"),
    [
        ("int64", [1], ["one", "two"], "'one'"),
        ("date", ["2024-01-01"], ["2024-02-30"], "'2024-02-30'"),
        ("timestamp", ["2024-01-01 10:00:00"], ["yesterday"], "'yesterday'"),
        ("double", [1.5], ["1,5"], "'1,5'"),
        ("boolean", [1], ["maybe"], "'maybe'"),
        ("decimal(18,2)", [1.5], ["12 USD"], "'12 USD'"),
        ("decimal(4,2)", [1.5], [1234.5], "'1234.5'"),
    ],
)
def test_values_of_another_type_are_named_with_table_column_count_and_example(
    step_con: Con, tmp_path: Path, kind: str, good: list[Any], bad: list[Any], example: str
) -> None:
    fill(tmp_path, "create table orders (other, a)", *[("x", value) for value in good + bad])
    said = refusal(step_con, tmp_path, source({"other": "string", "a": kind}))
    assert said.startswith(f"shop.orders.a: {len(bad)} value(s) that are not {kind}, such as {example}")


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("decimal(18,2)", 1.005),
        ("decimal(18,2)", "1.005"),
        ("decimal(18,2)", "1.005 "),
        ("decimal(18,2)", 0.00001),
        ("decimal(18,2)", "1e-3"),
        ("decimal(18,0)", 1.5),
        ("int64", 1.7),
        ("int64", "2.5"),
        ("int64", "1e-1"),
        ("int64", "0x1F"),
        ("date", "2024-01-31 23:59:59"),
        ("date", "infinity"),
        ("timestamp", "-infinity"),
        ("timestamp", "2024-01-31 23:59:59+05:00"),
        ("timestamp", "2024-01-31T23:59:59-0500"),
        ("double", "nan"),
        ("double", float("inf")),
    ],
)
def test_a_value_that_its_type_would_round_or_cut_is_refused(
    step_con: Con, tmp_path: Path, kind: str, value: Any
) -> None:
    fill(tmp_path, "create table orders (a)", value)
    said = refusal(step_con, tmp_path, source({"a": kind}))
    assert said.startswith(f"shop.orders.a: 1 value(s) that {kind} does not hold exactly, such as ")


@pytest.mark.parametrize(
    ("kind", "value", "meant"),
    [
        ("decimal(18,2)", "1.50", "1.50"),
        ("decimal(18,2)", "1.500", "1.50"),
        ("decimal(18,2)", " 1.5 ", "1.50"),
        ("decimal(18,2)", 1e15, "1000000000000000.00"),
        ("decimal(18,2)", -0.01, "-0.01"),
        ("int64", 3.0, "3"),
        ("int64", 1e15, "1000000000000000"),
        ("int64", 2**63 - 1, str(2**63 - 1)),
        ("int64", "-7", "-7"),
        ("date", "2024-01-31 00:00:00", "2024-01-31"),
        ("timestamp", "2024-01-31", "2024-01-31 00:00:00"),
        ("timestamp", "2024-01-31T23:59:59.25", "2024-01-31 23:59:59.250000"),
        ("double", 1e300, "1e+300"),
    ],
)
def test_the_same_value_in_another_form_is_read(
    step_con: Con, tmp_path: Path, kind: str, value: Any, meant: str
) -> None:
    fill(tmp_path, "create table orders (a)", value)
    assert str(read(step_con, tmp_path, source({"a": kind}))[0][0]) == meant


def test_of_several_columns_the_one_that_would_change_is_named(step_con: Con, tmp_path: Path) -> None:
    fill(tmp_path, "create table orders (a, b, c)", (1.25, 1.255, 1), (1.25, 1.256, 1))
    said = refusal(step_con, tmp_path, source({"a": "decimal(18,2)", "b": "decimal(18,2)", "c": "int64"}))
    assert said.startswith("shop.orders.b: 2 value(s)")


# What is not there


def test_a_missing_table_is_named_with_the_nearest(step_con: Con, tmp_path: Path) -> None:
    fill(tmp_path, "create table order_list (a)")
    system = source({"a": "int64"})
    assert "shop.orders: no such table; expected: one of order_list" in refusal(step_con, tmp_path, system)
    renamed = system.tables["orders"].model_copy(update={"table": "order_lists"})
    said = refusal(step_con, tmp_path, system.model_copy(update={"tables": {"orders": renamed}}))
    assert "did you mean 'order_list'?" in said


def test_a_missing_column_is_named_with_the_nearest(step_con: Con, tmp_path: Path) -> None:
    fill(tmp_path, "create table orders (amount, ordered)")
    said = refusal(step_con, tmp_path, source({"amonut": "int64"}))
    assert said.startswith(
        "shop.orders.amonut: no such column; expected: one of amount, ordered; to do: did you mean 'amount'?"
    )


def test_a_missing_file_is_unavailable_and_is_not_made(step_con: Con, tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailableError, match="is not there"):
        read(step_con, tmp_path, source({"a": "int64"}))
    assert not (tmp_path / "shop.sqlite").exists()


def test_a_file_that_is_no_database_is_bad_data(step_con: Con, tmp_path: Path) -> None:
    (tmp_path / "shop.sqlite").write_text("not a database at all" * 100)
    assert "not a database" in refusal(step_con, tmp_path, source({"a": "int64"}))


LOCKS = """
import sqlite3, sys
con = sqlite3.connect(sys.argv[1], isolation_level=None)
con.execute("begin exclusive")
print("locked", flush=True)
sys.stdin.readline()
"""


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Another program writes, and lets nobody read; within one process SQLite's locks would not be seen."""
    process = subprocess.Popen(
        [sys.executable, "-c", LOCKS, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        process.stdout.readline()
        yield
    finally:
        process.kill()
        process.communicate()


def test_a_locked_database_is_unavailable_soon_and_readable_afterwards(step_con: Con, tmp_path: Path) -> None:
    fill(tmp_path, "create table orders (a)", 1)
    system = source({"a": "int64"})
    began = time.monotonic()
    with locked(tmp_path / "shop.sqlite"), pytest.raises(SourceUnavailableError, match="shop"):
        read(step_con, tmp_path, system)
    assert time.monotonic() - began < 20
    assert read(step_con, tmp_path, system) == [(1,)]


def test_nothing_is_written_to_the_source(step_con: Con, tmp_path: Path) -> None:
    fill(tmp_path, "create table orders (a)", 1)
    before = (tmp_path / "shop.sqlite").read_bytes()
    with opened(step_con, source({"a": "int64"}), tmp_path), pytest.raises(duckdb.Error):
        step_con.execute("insert into source_system.orders values (2)")
    assert (tmp_path / "shop.sqlite").read_bytes() == before


@pytest.mark.parametrize("connection", ["nonsense", "sqlite://", "duckdb://", "postgres//x"])
def test_a_connection_that_means_nothing_is_a_definition_error(
    step_con: Con, tmp_path: Path, connection: str
) -> None:
    with pytest.raises(DefinitionError):
        read(step_con, tmp_path, source({"a": "int64"}, connection=connection))


@pytest.mark.parametrize(
    ("connection", "remedy"),
    [
        ("mongo://db/shop", "install that package"),
        ("postgres://reader@db/shop", "did you mean 'postgresql'?"),
        ("postgresql+psycopgg://reader@db/shop", "did you mean 'postgresql'?"),
        ("http://db/shop", "install that package"),
    ],
)
def test_a_scheme_that_nothing_here_reads_is_told_with_those_that_are(
    small_center: Path, connection: str, remedy: str
) -> None:
    Shop(small_center, small_center).edit("sources/shop.yaml", "sqlite:///sources/shop.sqlite", connection)
    [problem] = scheme_problems(load_valid_center(small_center))
    assert problem.where.endswith("shop.yaml:5")
    assert problem.found == f"a connection of the unknown scheme {connection.partition(':')[0]!r}"
    assert problem.expected.startswith("one of duckdb, file, mariadb, mysql, postgresql, sqlite")
    assert remedy in problem.remedy


@pytest.mark.parametrize(
    "connection",
    ["mysql://db/shop", "postgresql+psycopg2://db/shop", "mssql+pyodbc://db/shop", "file:exports", "${SHOP}"],
)
def test_a_scheme_that_something_here_reads_is_no_problem(small_center: Path, connection: str) -> None:
    Shop(small_center, small_center).edit("sources/shop.yaml", "sqlite:///sources/shop.sqlite", connection)
    assert list(scheme_problems(load_valid_center(small_center))) == []


def test_a_full_path_is_taken_as_it_is(step_con: Con, tmp_path: Path) -> None:
    fill(tmp_path, "create table orders (a)", 1)
    system = source({"a": "int64"}, connection=f"sqlite:///{tmp_path}/shop.sqlite")
    assert read(step_con, tmp_path / "elsewhere", system) == [(1,)]


def test_a_database_may_stand_in_a_folder_with_a_quote(step_con: Con, tmp_path: Path) -> None:
    home = tmp_path / "it's here"
    home.mkdir()
    fill(home, "create table orders (a)", 1)
    assert read(step_con, home, source({"a": "int64"})) == [(1,)]


# Months

STAMPS = {
    "2024-01-01 04:59:59": "2023-12",
    "2024-01-01 05:00:00": "2024-01",
    "2024-01-31 23:59:59": "2024-01",
    "2024-02-01 00:00:00": "2024-01",
    "2024-02-01 04:30:00": "2024-01",
    "2024-02-01 04:59:59.999": "2024-01",
    "2024-02-01 05:00:00": "2024-02",
    "2024-03-01 04:59:59": "2024-02",
    "2024-04-01 03:59:59": "2024-03",
    "2024-04-01 04:00:00": "2024-04",
}
"""UTC stamps, and the month that their day has in New York; summer time begins in March."""


@pytest.mark.parametrize("separator", [" ", "T"])
def test_a_row_belongs_to_the_month_of_its_day_in_the_centers_zone(
    step_con: Con, tmp_path: Path, separator: str
) -> None:
    fill(
        tmp_path,
        "create table orders (id, at)",
        *[(i, stamp.replace(" ", separator)) for i, stamp in enumerate(STAMPS)],
    )
    system = source({"id": "int64", "at": "timestamp"}, "at")
    for month in ("2024-01", "2024-02", "2024-03"):
        rows = read(step_con, tmp_path, system, [month], NEW_YORK)
        assert [i for i, *_ in rows] == [i for i, at in enumerate(STAMPS.values()) if at == month]
        assert {str(row[-1])[:7] for row in rows} == {month}


def test_several_months_are_read_at_once_each_row_with_its_own(step_con: Con, tmp_path: Path) -> None:
    fill(tmp_path, "create table orders (id, at)", *enumerate(STAMPS))
    rows = read(
        step_con,
        tmp_path,
        source({"id": "int64", "at": "timestamp"}, "at"),
        ["2024-01", "2024-02", "2024-03"],
        NEW_YORK,
    )
    assert [str(row[-1])[:7] for row in rows] == [m for m in STAMPS.values() if "2024-01" <= m <= "2024-03"]


def test_stamps_of_a_source_in_another_zone_are_its_own(step_con: Con, tmp_path: Path) -> None:
    fill(tmp_path, "create table orders (id, at)", (1, "2024-02-01 13:59:59"), (2, "2024-02-01 14:00:00"))
    system = source({"id": "int64", "at": "timestamp"}, "at", time_zone="Asia/Tokyo")
    assert [row[0] for row in read(step_con, tmp_path, system, ["2024-01"], NEW_YORK)] == [1]
    assert [row[0] for row in read(step_con, tmp_path, system, ["2024-02"], NEW_YORK)] == [2]


def test_dates_are_days_already_and_are_not_moved(step_con: Con, tmp_path: Path) -> None:
    fill(
        tmp_path,
        "create table orders (id, day)",
        (1, "2024-01-31"),
        (2, "2024-02-01"),
        (3, "2024-02-29"),
        (4, "2024-03-01"),
    )
    system = source({"id": "int64", "day": "date"}, "day")
    assert [row[0] for row in read(step_con, tmp_path, system, ["2024-02"], NEW_YORK)] == [2, 3]


def test_every_row_of_the_year_is_in_exactly_one_month(step_con: Con, tmp_path: Path) -> None:
    hours = [
        f"2024-{m:02d}-{d:02d} {h:02d}:30:00"
        for m in range(1, 13)
        for d in (1, 2, 28)
        for h in range(0, 24, 3)
    ]
    fill(tmp_path, "create table orders (id, at)", *enumerate(hours))
    system = source({"id": "int64", "at": "timestamp"}, "at")
    months = ["2023-12", *(f"2024-{m:02d}" for m in range(1, 13))]
    found = [row[0] for month in months for row in read(step_con, tmp_path, system, [month], NEW_YORK)]
    assert sorted(found) == list(range(len(hours)))


@pytest.mark.parametrize("kind", ["date", "timestamp"])
@pytest.mark.parametrize("nothing", [None, "", "n/a", "0000-00-00"])
def test_a_row_without_a_day_is_not_lost_but_refused(
    step_con: Con, tmp_path: Path, kind: str, nothing: Any
) -> None:
    fill(tmp_path, "create table orders (id, at)", (1, "2024-01-05"), (2, nothing))
    said = refusal(step_con, tmp_path, source({"id": "int64", "at": kind}, "at"), ["2024-01"])
    assert said.startswith("shop.orders.at: 1 ")


# The newest day


def newest(con: Con, home: Path, system: Source, zone: str = NEW_YORK) -> date | None:
    with opened(con, system, home) as at:
        return newest_day(at, system, zone, date(2100, 1, 1))


def test_the_newest_day_of_a_source_is_a_local_day(step_con: Con, tmp_path: Path) -> None:
    fill(tmp_path, "create table orders (at)", "2024-01-01 10:00:00", "2024-02-01 04:30:00")
    assert newest(step_con, tmp_path, source({"at": "timestamp"}, "at")) == date(2024, 1, 31)
    assert newest(step_con, tmp_path, source({"at": "date"}, "at")) == date(2024, 2, 1)


def test_a_source_without_rows_has_no_newest_day(step_con: Con, tmp_path: Path) -> None:
    fill(tmp_path, "create table orders (at)")
    assert newest(step_con, tmp_path, source({"at": "timestamp"}, "at")) is None


@pytest.mark.parametrize("column", ["day", "2024-05-05"])
def test_a_column_that_sqlite_would_take_for_a_text_is_named_with_its_table(
    step_con: Con, tmp_path: Path, column: str
) -> None:
    """SQLite reads "day" as 'day' where there is no such column."""
    fill(tmp_path, "create table orders (at)", "2024-01-01 10:00:00")
    with pytest.raises(SourceDataError) as caught:
        newest(step_con, tmp_path, source({column: "timestamp"}, column))
    assert str(caught.value).startswith(f"shop.orders.{column}: no such column; expected: one of at")


def test_sqlite_itself_is_asked_for_columns_of_the_table_alone(step_con: Con, tmp_path: Path) -> None:
    fill(tmp_path, "create table orders (at)", "2024-01-01 10:00:00")
    spec = source({"day": "timestamp"}, "day")
    with opened(step_con, spec, tmp_path) as system:
        since = Since("at", date(2024, 1, 1))
        relation = system.relation("orders", spec.tables["orders"], ["at", "day"], since)
        with pytest.raises(duckdb.Error, match=r"no such column: orders\.day"):
            step_con.execute(f"select * from {relation}")


@pytest.mark.parametrize("nonsense", ["n/a", "soon", "2024-13-45"])
def test_a_newest_text_that_is_no_day_is_bad_data(step_con: Con, tmp_path: Path, nonsense: str) -> None:
    fill(tmp_path, "create table orders (at)", "2024-01-01 10:00:00", nonsense)
    with pytest.raises(SourceDataError, match=r"shop\.orders\.at"):
        newest(step_con, tmp_path, source({"at": "timestamp"}, "at"))


@pytest.mark.parametrize(
    ("kind", "stored"),
    [("decimal(18,2)", 12345678901234.56), ("int64", 1234567890123456.0)],
)
def test_a_binary_number_whose_last_digits_sqlite_does_not_print_is_refused(
    step_con: Con, tmp_path: Path, kind: str, stored: float
) -> None:
    fill(tmp_path, "create table orders (a real)", stored, 1.5 if kind != "int64" else 2.0)
    assert "shop.orders.a: 1 value(s)" in refusal(step_con, tmp_path, source({"a": kind}))
