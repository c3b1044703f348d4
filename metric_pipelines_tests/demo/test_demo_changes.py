"""Days come one by one and equal a longer load; a bad month is ten times the month, and its repair exact."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date
from functools import partial
from pathlib import Path

import pytest

from metric_pipelines.demo import changes, database, journey
from metric_pipelines.demo.layout import Layout
from metric_pipelines.demo.layout import load as load_any
from metric_pipelines.demo.tables import CRM, OMS, SMALL_ERP
from metric_pipelines.errors import SourceUnavailableError, UsageError

Content = Callable[[Path, str], list[tuple[object, ...]]]

load = partial(load_any, promotions="bought")

JUNE = """
select basket_id, product_id, sales_value, retail_disc, coupon_disc, coupon_match_disc,
    typeof(sales_value), typeof(retail_disc), typeof(coupon_disc), typeof(coupon_match_disc)
from transactions
where transaction_timestamp >= '2017-06-01 04:00:00' and transaction_timestamp < '2017-07-01 04:00:00'
order by basket_id, product_id
"""
CENTS = """
select sum(cast(round(sales_value * 100) as integer)), sum(cast(round(retail_disc * 100) as integer)),
    sum(cast(round(coupon_disc * 100) as integer)), sum(cast(round(coupon_match_disc * 100) as integer))
from transactions where transaction_timestamp between ? and ?
"""


@pytest.fixture(scope="module")
def until_22_january(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("until_22_january")
    load(folder, date(2017, 1, 22))
    return folder


def set_day(folder: Path, name: str, day: date) -> None:
    with database.changed(folder / name) as connection:
        database.mark(connection, day, SMALL_ERP.layout if name == "erp.sqlite" else CRM.layout)


def cents(folder: Path, begin: str = "2017", end: str = "2019") -> tuple[int, ...]:
    with closing(sqlite3.connect(folder / "oms.sqlite")) as connection:
        return tuple(connection.execute(CENTS, (begin, end)).fetchone())


def test_two_next_days_equal_a_load_until_then(
    january: Path, until_22_january: Path, content: Content
) -> None:
    assert changes.next_day(january) == date(2017, 1, 21)
    assert changes.next_day(january) == date(2017, 1, 22)
    for name, table in (("oms.sqlite", "transactions"), ("crm.sqlite", "coupon_redemptions")):
        assert content(january / name, table) == content(until_22_january / name, table)
    assert not any(made.written for made in load(january, date(2017, 1, 22)).databases)


def test_promotions_come_with_the_first_day_of_their_week(january: Path, tmp_path: Path) -> None:
    def weeks(folder: Path) -> list[tuple[int, int]]:
        with closing(sqlite3.connect(folder / "erp.sqlite")) as connection:
            return connection.execute("select week, count(*) from promotions group by week").fetchall()

    assert [week for week, _ in weeks(january)] == [1, 2, 3, 4]
    for day in (21, 22):
        assert changes.next_day(january) == date(2017, 1, day)
    assert [week for week, _ in weeks(january)] == [1, 2, 3, 4]
    assert changes.next_day(january) == date(2017, 1, 23)
    load(tmp_path / "until_23", date(2017, 1, 23))
    assert weeks(january) == weeks(tmp_path / "until_23")
    assert [week for week, _ in weeks(january)] == [1, 2, 3, 4, 5]


def test_the_day_without_trade_comes_and_goes(january: Path, content: Content) -> None:
    for name in ("crm.sqlite", "erp.sqlite", "oms.sqlite"):
        set_day(january, name, date(2017, 12, 24))
    before = content(january / "oms.sqlite", "transactions")
    assert changes.next_day(january) == date(2017, 12, 25)
    assert content(january / "oms.sqlite", "transactions") == before
    assert changes.next_day(january) == date(2017, 12, 26)
    assert len(content(january / "oms.sqlite", "transactions")) > len(before)


def test_after_the_last_day_the_year_is_over(january: Path) -> None:
    for name in ("crm.sqlite", "erp.sqlite", "oms.sqlite"):
        set_day(january, name, date(2017, 12, 31))
    with pytest.raises(UsageError, match="the year is over"):
        changes.next_day(january)


def test_a_night_killed_between_the_databases_is_repeated(
    january: Path, until_22_january: Path, content: Content
) -> None:
    with journey.opened() as raw:
        changes.lay_in(raw, CRM, january / CRM.file, date(2017, 1, 21))
    changes.next_day(january)
    changes.next_day(january)
    redemptions = content(until_22_january / "crm.sqlite", "coupon_redemptions")
    assert content(january / "crm.sqlite", "coupon_redemptions") == redemptions


def test_a_night_that_fails_leaves_the_day_before(
    january: Path, monkeypatch: pytest.MonkeyPatch, content: Content
) -> None:
    before = content(january / "oms.sqlite", "transactions")

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(changes, "mark", interrupt)
    with pytest.raises(KeyboardInterrupt):
        changes.next_day(january)
    assert content(january / "oms.sqlite", "transactions") == before
    assert database.laid_until(january / "oms.sqlite", OMS.layout) == date(2017, 1, 20)


def test_databases_of_different_days_are_not_carried_on(january: Path) -> None:
    set_day(january, "crm.sqlite", date(2017, 1, 25))
    with pytest.raises(UsageError, match="different days"):
        changes.next_day(january)


def test_a_bad_june_is_ten_times_june_and_its_repair_is_exact(
    whole_year: tuple[Path, Layout], tmp_path: Path
) -> None:
    shutil.copy(whole_year[0] / "oms.sqlite", tmp_path)
    inside, outside = ("2017-06-01 04:00:00", "2017-07-01 03:59:59"), ("2017-07-01 04:00:00", "2019")
    june, later = cents(tmp_path, *inside), cents(tmp_path, *outside)
    with closing(sqlite3.connect(tmp_path / "oms.sqlite")) as connection:
        lines = connection.execute(JUNE).fetchall()
        assert changes.bad_month(tmp_path) == len(lines)
        assert cents(tmp_path, *inside) == tuple(10 * each for each in june)
        assert cents(tmp_path, *outside) == later
        assert changes.fix(tmp_path) == ("2017-06",)
        assert connection.execute(JUNE).fetchall() == lines
        assert connection.execute("select name from sqlite_master where type = 'table'").fetchall() == [
            ("transactions",)
        ]


def test_a_month_is_made_bad_only_once(january: Path) -> None:
    changes.bad_month(january, "2017-01")
    once = cents(january)
    with pytest.raises(
        UsageError, match="2017-01 has ten times its prices already; to do: fix the demo first"
    ):
        changes.bad_month(january, "2017-01")
    assert cents(january) == once


def test_days_that_come_after_a_month_went_bad_are_not_divided(
    january: Path, until_22_january: Path, content: Content
) -> None:
    changes.bad_month(january, "2017-01")
    changes.next_day(january)
    changes.next_day(january)
    changes.fix(january)
    expected = content(until_22_january / "oms.sqlite", "transactions")
    assert content(january / "oms.sqlite", "transactions") == expected


def test_a_fix_without_a_bad_month_changes_nothing(january: Path, content: Content) -> None:
    before = content(january / "oms.sqlite", "transactions")
    assert changes.fix(january) == ()
    assert content(january / "oms.sqlite", "transactions") == before


@pytest.mark.parametrize("month", ["2017-06", "2016-12"])
def test_a_month_without_lines_is_refused_and_not_recorded(january: Path, month: str) -> None:
    with pytest.raises(UsageError, match="no lines of"):
        changes.bad_month(january, month)
    assert changes.fix(january) == ()


@pytest.mark.parametrize("month", ["June", "2017-13", "2017-06-01", ""])
def test_what_is_not_a_month_is_refused(january: Path, month: str) -> None:
    with pytest.raises(UsageError, match="is not a month"):
        changes.bad_month(january, month)


@pytest.mark.parametrize("change", [changes.next_day, changes.bad_month, changes.fix])
def test_a_busy_order_system_is_said_to_be_unavailable(
    january: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], object]
) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    with closing(sqlite3.connect(january / "oms.sqlite", isolation_level=None)) as other:
        other.execute("begin immediate")
        with pytest.raises(SourceUnavailableError) as caught:
            change(january)
    assert caught.value.retry_helps


@pytest.mark.parametrize("change", [changes.next_day, changes.bad_month, changes.fix])
@pytest.mark.parametrize("folder", ["", "nowhere"])
def test_without_a_demo_there_is_nothing_to_change(
    tmp_path: Path, change: Callable[[Path], object], folder: str
) -> None:
    with pytest.raises(UsageError, match="no demo is laid out here"):
        change(tmp_path / folder)
    assert not (tmp_path / "nowhere").exists()
