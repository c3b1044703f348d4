"""PostgreSQL and MariaDB as sources: exact values, months by the center's days, one state, no secrets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import URL

from metric_pipelines.dictionary.months import WHOLE
from metric_pipelines.dictionary.source_definitions import Source
from metric_pipelines.errors import (
    SourceDataError,
    SourceRefusedError,
    SourceUnavailableError,
)
from metric_pipelines.ingest import newest_day, opened, stage
from metric_pipelines.warehouse.lake import step_database
from metric_pipelines_tests.servers import MARIADB, POSTGRES, database

Con = duckdb.DuckDBPyConnection
COLUMNS = {
    "order_id": "int64",
    "ordered_at": "timestamp",
    "day": "date",
    "amount": "decimal(18,2)",
    "rate": "double",
    "note": "string",
    "paid": "boolean",
}
CREATE = {
    "postgresql": "create table orders (order_id bigint, ordered_at timestamp, day date, amount numeric, "
    "rate double precision, note text, paid boolean, moment timestamptz)",
    "mariadb": "create table orders (order_id bigint, ordered_at datetime, day date, amount decimal(30,10), "
    "rate double, note text character set utf8mb4, paid boolean, moment timestamp null)",
}


@pytest.fixture(scope="module")
def con() -> Iterator[Con]:
    with step_database() as found:
        yield found


@pytest.fixture(scope="module", params=[POSTGRES, MARIADB], ids=["postgres", "mariadb"])
def empty(request: pytest.FixtureRequest) -> Iterator[URL]:
    with database(request.param) as url:
        yield url


@pytest.fixture
def url(empty: URL) -> Iterator[URL]:
    """A database with the table `orders`, empty."""
    engine = sa.create_engine(empty)
    with engine.begin() as at:
        at.exec_driver_sql(CREATE[empty.get_backend_name()])
    yield empty
    with engine.begin() as at:
        at.exec_driver_sql("drop table orders")
    engine.dispose()


def fill(url: URL, *rows: dict[str, Any]) -> None:
    engine = sa.create_engine(url)
    with engine.begin() as at:
        if url.get_backend_name() != "postgresql":
            at.exec_driver_sql("set time_zone = '+00:00'")
        table = sa.Table("orders", sa.MetaData(), autoload_with=at)
        at.execute(sa.insert(table), list(rows))
    engine.dispose()


def system(url: URL, columns: dict[str, str] | None = None, **more: Any) -> Source:
    """The source with the table `orders`."""
    table = {
        "label": "Orders",
        "description": "x",
        "partition_by": more.pop("partition_by", None),
        "columns": {c: {"type": kind, "nullable": True} for c, kind in (columns or COLUMNS).items()},
    }
    plain = {
        "name": "shop",
        "label": "Shop",
        "description": "x",
        "owners": {"business": "a@example.com", "technical": "b@example.com"},
        "connection": url.render_as_string(hide_password=False),
        "tables": {"orders": table},
    }
    return Source.model_validate(plain | more)


def read(
    con: Con, source: Source, months: list[str] | None = None, zone: str = "UTC"
) -> list[tuple[Any, ...]]:
    with opened(con, source, Path("/nowhere")) as at:
        stage(con, at, source, "orders", zone, months or [WHOLE], "staged")
    return con.execute("select * from staged order by all").fetchall()


def test_each_column_has_the_type_that_the_yaml_says_and_every_digit(con: Con, url: URL) -> None:
    row = {
        "order_id": 2**53 + 1,
        "ordered_at": datetime(2024, 2, 29, 23, 59, 59),
        "day": date(2024, 2, 29),
        "amount": Decimal("9007199254740993.07"),
        "rate": 0.1,
        "note": "o'brien; 客户 🙂",
        "paid": True,
    }
    fill(url, row, dict.fromkeys(row))
    assert read(con, system(url)) == [tuple(row.values()), (None,) * 7]


def test_a_digit_that_the_type_does_not_hold_is_refused(con: Con, url: URL) -> None:
    fill(url, {"order_id": 1, "amount": Decimal("0.001")})
    with pytest.raises(SourceDataError, match=r"shop\.orders\.amount: 1 value\(s\) that decimal\(18,2\)"):
        read(con, system(url))


def test_a_month_is_read_by_the_centers_days_and_a_row_without_a_day_refused(con: Con, url: URL) -> None:
    """New York is five hours behind: 1 February 03:00 UTC is still January there."""
    times = [
        datetime(2024, 1, 1, 4),
        datetime(2024, 1, 1, 5),
        datetime(2024, 2, 1, 3),
        datetime(2024, 2, 1, 5),
    ]
    fill(url, *({"order_id": i, "ordered_at": at} for i, at in enumerate(times)))
    source = system(url, {"order_id": "int64", "ordered_at": "timestamp"}, partition_by="ordered_at")
    found = read(con, source, ["2024-01"], "America/New_York")
    assert [(row[0], row[2]) for row in found] == [(1, date(2024, 1, 1)), (2, date(2024, 1, 1))]
    fill(url, {"order_id": 9, "ordered_at": None})
    with pytest.raises(SourceDataError, match="belong to no month"):
        read(con, source, ["2024-01"], "America/New_York")


@pytest.mark.parametrize(
    ("column", "kind"), [("ordered_at", "timestamp"), ("day", "date"), ("moment", "timestamp")]
)
def test_a_row_of_no_year_is_refused_by_months(con: Con, url: URL, column: str, kind: str) -> None:
    """The year 24, and the zero dates of MySQL: no month of the center would ever ask for them."""
    text = "0000-00-00" if url.get_backend_name() == "mariadb" else "0024-01-05"
    engine = sa.create_engine(url)
    with engine.begin() as at:
        at.exec_driver_sql(f"insert into orders ({column}) values ('{text}')")
    engine.dispose()
    source = system(url, {column: kind}, partition_by=column)
    with pytest.raises(SourceDataError, match=rf"shop\.orders\.{column}: 1 .*{text}"):
        read(con, source, ["2024-01"])


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai"])
def test_an_instant_is_read_in_the_time_zone_of_the_source(con: Con, url: URL, zone: str) -> None:
    """2024-01-31 18:00 UTC is 1 February, 02:00, in Shanghai: the same instant for the center."""
    engine = sa.create_engine(url)
    with engine.begin() as at:
        if url.get_backend_name() != "postgresql":
            at.exec_driver_sql("set time_zone = '+00:00'")
        zoned = "+00" if url.get_backend_name() == "postgresql" else ""
        at.exec_driver_sql(f"insert into orders (order_id, moment) values (1, '2024-01-31 18:00:00{zoned}')")
    engine.dispose()
    source = system(url, {"moment": "timestamp"}, partition_by="moment", time_zone=zone)
    there = datetime(2024, 1, 31, 18) if zone == "UTC" else datetime(2024, 2, 1, 2)
    assert read(con, source, ["2024-01"], "UTC") == [(there, date(2024, 1, 1))]
    assert read(con, source, ["2024-02"], "UTC") == []
    assert read(con, source, ["2024-02"], "Asia/Shanghai") == [(there, date(2024, 2, 1))]
    with opened(con, source, Path("/nowhere")) as at:
        assert newest_day(at, source, "Asia/Shanghai", date(2100, 1, 1)) == date(2024, 2, 1)
        assert newest_day(at, source, "UTC", date(2100, 1, 1)) == date(2024, 1, 31)


def test_the_tables_of_one_reading_are_of_one_state(con: Con, url: URL) -> None:
    fill(url, {"order_id": 1})
    source = system(url, {"order_id": "int64"})
    with opened(con, source, Path("/nowhere")) as at:
        stage(con, at, source, "orders", "UTC", [WHOLE], "first_read")
        fill(url, {"order_id": 2})
        stage(con, at, source, "orders", "UTC", [WHOLE], "second_read")
    assert con.execute("select count(*) from second_read").fetchone() == (1,)


def test_nothing_can_be_written(con: Con, url: URL) -> None:
    with (
        opened(con, system(url), Path("/nowhere")) as at,
        pytest.raises(sa.exc.DBAPIError, match=r"(?i)read.only"),
    ):
        at._connection.exec_driver_sql("insert into orders (order_id) values (1)")  # type: ignore[attr-defined]


def test_more_rows_than_a_batch_are_all_read(con: Con, url: URL) -> None:
    fill(url, *({"order_id": i} for i in range(120_001)))
    source = system(url, {"order_id": "int64"})
    assert len(read(con, source)) == 120_001
    assert con.execute(
        "select count(*) from duckdb_tables() where table_name like 'spooled%'"
    ).fetchone() == (0,)


def test_a_missing_table_and_a_missing_column_are_named_with_the_nearest(con: Con, url: URL) -> None:
    with pytest.raises(SourceDataError, match=r"shop\.orders\.order_idd: no such column.*'order_id'"):
        read(con, system(url, {"order_idd": "int64"}))
    source = system(url)
    elsewhere = source.tables["orders"].model_copy(update={"table": "ordrs"})
    with pytest.raises(SourceDataError, match=r"shop\.ordrs: no such table.*'orders'"):
        read(con, source.model_copy(update={"tables": {"orders": elsewhere}}))


def test_a_server_that_is_away_is_unavailable(con: Con, url: URL) -> None:
    with pytest.raises(SourceUnavailableError, match="shop: "):
        read(con, system(url.set(port=1)))


def test_a_wrong_password_is_refused_and_never_shown(
    con: Con, url: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", "s3cret/with@signs")
    host = f"{url.host}:{url.port or ''}".rstrip(":")
    text = f"{url.drivername}://nobody_here:${{SHOP_PASSWORD}}@{host}/{url.database}"
    with pytest.raises(SourceRefusedError) as caught:
        read(con, system(url, connection=text))
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_variable_that_is_not_set_is_named(con: Con, url: URL, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHOP_PASSWORD", raising=False)
    with pytest.raises(SourceRefusedError, match="environment variable SHOP_PASSWORD is not set"):
        read(con, system(url, connection="postgresql://me:${SHOP_PASSWORD}@127.0.0.1/db"))


def test_the_whole_connection_may_come_from_the_environment_or_a_default(
    con: Con, url: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(url, {"order_id": 1})
    monkeypatch.setenv("SHOP", url.render_as_string(hide_password=False))
    source = system(url, {"order_id": "int64"}, connection="${SHOP:-sqlite:///shop.sqlite}")
    assert read(con, source) == [(1,)]
    monkeypatch.delenv("SHOP")
    with pytest.raises(SourceUnavailableError, match=r"shop\.sqlite is not there"):
        read(con, source)
