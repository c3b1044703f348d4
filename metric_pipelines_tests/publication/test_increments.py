"""A table that is read by what changed holds, night after night, what a whole reading of it would give."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import URL, make_url

from metric_pipelines.publication import increments
from metric_pipelines.publication.plan import READ
from metric_pipelines_tests.servers import MARIADB, POSTGRES, database
from metric_pipelines_tests.small_shop import MONTHS, Shop, new_shop, orders

ORDERS, PRODUCTS = "shop/orders", "shop/products"
BEGIN = datetime(2024, 4, 1, 8)
CREATE = """create table orders (order_id integer primary key, customer_id integer, product_id integer,
    ordered_at {time}, quantity integer, amount numeric(18, 2), updated_at {time})"""


class Source:
    """The shop's orders and products in a database of any kind, with a column of their last change."""

    def __init__(self, url: URL) -> None:
        self.engine = sa.create_engine(url, poolclass=sa.NullPool)
        self._kind = url.get_backend_name()

    def lay_out(self) -> None:
        """Makes both tables anew."""
        time = {"sqlite": "text", "postgresql": "timestamp"}.get(self._kind, "datetime(6)")
        for table in ("orders", "products"):
            self.run(f"drop table if exists {table}")
        self.run(CREATE.format(time=time))
        self.run("create index changed on orders (updated_at)")
        self.run(
            "create table products (product_id integer primary key, category varchar(20), version integer)"
        )
        for order in orders():
            changed = BEGIN - timedelta(days=20, hours=600 - order[0])
            self.put(order[0], order[3], Decimal(order[5]), changed, customer=order[1])
        for product, category in ((1, "tea"), (2, "tea"), (3, "coffee")):
            self.run("insert into products values (:p, :c, :p)", p=product, c=category)

    def run(self, statement: str, **values: Any) -> None:
        with self.engine.begin() as at:
            at.execute(sa.text(statement), values)

    def put(self, order: int, at: str, amount: Decimal, changed: datetime | None, customer: int = 1) -> None:
        """A new order, or another day and amount of an old one."""
        self.run("delete from orders where order_id = :o", o=order)
        stamp = str(changed) if self._kind == "sqlite" and changed else changed
        self.run(
            "insert into orders values (:o, :c, 1, :at, 1, :amount, :changed)",
            o=order, c=customer, at=at, amount=str(amount), changed=stamp,
        )  # fmt: skip

    def rows(self) -> list[tuple[int, str, Decimal]]:
        """Orders of the center's months (New York is behind UTC), as they are now."""
        with self.engine.connect() as at:
            found = at.execute(sa.text("select order_id, ordered_at, amount from orders")).all()
        within = [r for r in found if "2024-01-01 05:00" <= str(r[1]) < "2024-04-01 04:00"]
        return sorted((int(r[0]), str(r[1]), Decimal(str(r[2]))) for r in within)


def of(shop: Shop) -> Source:
    """The source in the shop's own file."""
    return Source(make_url(f"sqlite:///{shop.database}"))


def incremental(shop: Shop, url: URL | None = None, overlap: int = 0) -> Source:
    """The shop with incremental tables, and its source laid out: at a URL, or in the shop's own file."""
    file = "sources/shop.yaml"
    if url is not None:
        shop.edit(file, "sqlite:///sources/shop.sqlite", url.render_as_string(hide_password=False))
    how = f"incremental: {{cursor: updated_at, key: [order_id], overlap: {overlap}}}"
    shop.edit(file, "    reread: all\n", f"    {how}\n")
    shop.edit(file, "      quantity:", "      updated_at: {type: timestamp}\n      quantity:")
    products = "    description: What can be ordered.\n"
    shop.edit(file, products, products + "    incremental: {cursor: version, key: [product_id]}\n")
    shop.edit(file, "      category:", "      version: {type: int64}\n      category:")
    source = of(shop) if url is None else Source(url)
    source.lay_out()
    return source


@pytest.fixture(scope="module")
def first_night(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """The incremental shop after its first refresh, not to be changed."""
    shop = new_shop(tmp_path_factory.mktemp("first_night"))
    incremental(shop)
    assert night(shop) == []
    return shop


@pytest.fixture
def read_once(first_night: Shop, tmp_path: Path) -> Shop:
    """The incremental shop after its first refresh, the test's own."""
    return first_night.copy(tmp_path / "read_once")


@pytest.fixture
def source(read_once: Shop) -> Source:
    """Its source."""
    return of(read_once)


def night(shop: Shop, **how: Any) -> list[str]:
    return [str(trouble) for trouble in shop.refresh(assets=[ORDERS, PRODUCTS], **how).troubles]


def held(shop: Shop) -> list[tuple[int, str, Decimal]]:
    """What the lake holds of the orders."""
    query = "select order_id, cast(ordered_at as varchar), amount from lake.shop.orders order by 1, 2"
    return [(int(a), str(b), Decimal(c)) for a, b, c in shop.read(query)]


def read_of(shop: Shop, asset: str = ORDERS) -> dict[str, Any]:
    """What the last refresh read of a table."""
    [found] = {str(a.facts[READ]): a.facts[READ] for a in shop.attempts() if a.asset == asset}.values()
    return dict(found)


def test_a_night_reads_what_changed_and_publishes_the_months_it_touches(
    read_once: Shop, source: Source
) -> None:
    assert read_of(read_once) == {"rows": 38, "from": None, "to": "2024-03-12 08:00:00"}
    source.put(101, "2024-02-03 12:00:00", Decimal(99), BEGIN)
    source.put(901, "2024-02-20 12:00:00", Decimal(1), BEGIN)
    source.run("update products set category = 'coffee', version = 9 where product_id = 1")
    assert night(read_once) == []
    assert read_once.computed() == {(ORDERS, "2024-02"), (ORDERS, "2024-03"), (PRODUCTS, "")}
    assert read_of(read_once)["rows"] == 3  # these, and the one with the last cursor seen before
    assert read_of(read_once, PRODUCTS)["rows"] == 3  # with the one number before, by default
    assert held(read_once) == source.rows()
    assert read_once.read("select category from lake.shop.products order by product_id")[0] == ("coffee",)


def test_a_row_that_changes_its_month_goes_from_the_old_one(read_once: Shop, source: Source) -> None:
    source.put(1, "2024-03-02 12:00:00", Decimal("4.5"), BEGIN)
    assert night(read_once) == []
    assert read_once.computed(ORDERS) == {(ORDERS, "2024-01"), (ORDERS, "2024-03")}
    assert held(read_once) == source.rows()
    source.put(1, "2023-03-02 12:00:00", Decimal("4.5"), BEGIN)
    assert night(read_once) == []
    assert held(read_once) == source.rows()
    assert 1 not in {row[0] for row in held(read_once)}


def test_rows_with_the_last_cursor_seen_are_neither_lost_nor_doubled(read_once: Shop, source: Source) -> None:
    for order in (901, 902):
        source.put(order, "2024-03-20 12:00:00", Decimal(order), BEGIN)
        assert night(read_once) == []
        assert held(read_once) == source.rows()


def test_a_row_that_was_committed_late_is_read_within_the_overlap(fresh_shop: Shop) -> None:
    source = incremental(fresh_shop, overlap=2)
    assert night(fresh_shop) == []
    source.put(901, "2024-03-20 12:00:00", Decimal(1), BEGIN)
    assert night(fresh_shop) == []
    source.put(902, "2024-03-21 12:00:00", Decimal(2), BEGIN - timedelta(days=2))
    source.put(903, "2024-03-22 12:00:00", Decimal(3), BEGIN - timedelta(days=4))
    assert night(fresh_shop) == []
    assert {901, 902} == {901, 902, 903} & {row[0] for row in held(fresh_shop)}
    assert night(fresh_shop, forced=True) == []
    assert held(fresh_shop) == source.rows()


def test_an_unchanged_night_writes_nothing_and_computes_no_month_twice(read_once: Shop) -> None:
    before = {a.pair: a.data_version for a in read_once.attempts()}
    assert night(read_once) == []
    assert read_once.computed() == {(ORDERS, MONTHS[-1]), (PRODUCTS, "")}
    assert all(before[a.pair] == a.data_version for a in read_once.attempts())


def test_deleted_rows_go_with_the_weekly_whole_reading(
    read_once: Shop, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    source.run("delete from orders where order_id = 5")
    assert night(read_once) == []
    assert held(read_once) != source.rows()
    monkeypatch.setattr(increments, "REREAD_ALL", timedelta(0))
    assert night(read_once) == []
    assert read_of(read_once)["from"] is None
    assert held(read_once) == source.rows()


def test_a_cursor_that_went_back_makes_the_table_be_read_whole(read_once: Shop, source: Source) -> None:
    source.run("update orders set amount = 77, updated_at = '2024-01-01 00:00:00'")
    assert night(read_once) == []
    assert read_of(read_once) == {"rows": 38, "from": None, "to": "2024-01-01 00:00:00"}
    assert held(read_once) == source.rows()
    source.put(901, "2024-03-20 12:00:00", Decimal(1), datetime(2024, 1, 2))
    assert night(read_once) == []
    assert read_of(read_once)["from"] == "2024-01-01 00:00:00"
    assert held(read_once) == source.rows()


@pytest.mark.parametrize("first", [True, False])
def test_a_row_without_a_cursor_is_an_error_that_counts_it(fresh_shop: Shop, first: bool) -> None:
    source = incremental(fresh_shop)
    if not first:
        assert night(fresh_shop) == []
    source.put(901, "2024-03-20 12:00:00", Decimal(1), None)
    assert any("shop.orders.updated_at: 1 row(s) without the cursor" in t for t in night(fresh_shop))


def test_a_key_on_two_rows_is_refused(fresh_shop: Shop) -> None:
    source = incremental(fresh_shop)
    source.run("alter table orders rename to old")
    source.run("create table orders as select * from old union all select * from old where order_id = 1")
    assert any("1 row(s) more than there are keys" in trouble for trouble in night(fresh_shop))


def test_a_withheld_month_is_read_whole_until_it_is_published(read_once: Shop, source: Source) -> None:
    """The cursor has passed its rows meanwhile."""
    source.put(901, "2024-02-20 12:00:00", Decimal(-5), BEGIN)
    assert "2024-02" in " ".join(night(read_once))
    source.put(902, "2024-03-20 12:00:00", Decimal(2), BEGIN + timedelta(days=3))
    night(read_once)
    assert 902 in {row[0] for row in held(read_once)}
    source.run("update orders set amount = 5 where order_id = 901")
    assert night(read_once) == []
    assert held(read_once) == source.rows()


def test_a_value_of_another_type_withholds_its_own_month_alone(read_once: Shop, source: Source) -> None:
    source.put(901, "2024-02-20 12:00:00", Decimal(5), BEGIN)
    source.run("update orders set quantity = 'many' where order_id = 901")
    source.put(902, "2024-03-20 12:00:00", Decimal(2), BEGIN)
    troubles = night(read_once)
    assert len(troubles) == 1
    assert "shop.orders.quantity: 1 value(s) that are not int64, such as 'many'" in troubles[0]
    assert 902 in {row[0] for row in held(read_once)}
    source.run("update orders set quantity = 2 where order_id = 901")
    assert night(read_once) == []
    assert held(read_once) == source.rows()


def test_a_refresh_of_some_months_passes_by_nothing(read_once: Shop, source: Source) -> None:
    """It has seen a later cursor than rows of the other months have."""
    source.put(901, "2024-02-20 12:00:00", Decimal(5), BEGIN)
    source.put(902, "2024-03-20 12:00:00", Decimal(2), BEGIN + timedelta(days=9))
    assert night(read_once, months=["2024-03"]) == []
    assert read_once.computed(ORDERS) == {(ORDERS, "2024-03")}
    assert night(read_once) == []
    assert held(read_once) == source.rows()


def test_a_changed_definition_is_read_whole(read_once: Shop, source: Source) -> None:
    read_once.edit("sources/shop.yaml", "quantity: {type: int64", "quantity: {type: double")
    assert night(read_once) == []
    assert read_of(read_once)["from"] is None
    assert held(read_once) == source.rows()


CHANGES = st.tuples(
    st.integers(1, 40),
    st.datetimes(datetime(2023, 12, 25), datetime(2024, 4, 5)).map(lambda at: f"{at:%Y-%m-%d %H:%M:%S}"),
    st.integers(0, 9_999).map(lambda cents: Decimal(cents) / 100),
    st.integers(0, 2),
)
"""An order, its day and amount, and how many seconds later than the one before it is written."""


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(nights=st.lists(st.lists(CHANGES, max_size=6), min_size=1, max_size=3))
def test_nights_of_changes_end_as_a_whole_reading(
    tmp_path: Path, first_night: Shop, nights: list[list[tuple[int, str, Decimal, int]]]
) -> None:
    folder = tmp_path / "example"
    shutil.rmtree(folder, ignore_errors=True)
    shop = first_night.copy(folder)
    source = of(shop)
    clock = BEGIN
    for changes in nights:
        for order, at, amount, later in changes:
            clock += timedelta(seconds=later)
            source.put(order, at, amount, clock)
        assert night(shop) == []
        assert held(shop) == source.rows()


@pytest.fixture(params=[POSTGRES, MARIADB], ids=["PostgreSQL", "MariaDB"])
def server(request: pytest.FixtureRequest) -> Iterator[URL]:
    with database(request.param) as url:
        yield url


def test_servers_are_asked_for_what_changed_alone(fresh_shop: Shop, server: URL) -> None:
    source = incremental(fresh_shop, server)
    assert night(fresh_shop) == []
    for step in range(3):
        source.put(1 + step, "2024-03-02 12:00:00", Decimal(step), BEGIN + timedelta(microseconds=step))
        source.put(901 + step, "2024-02-02 12:00:00", Decimal(step), BEGIN + timedelta(microseconds=step))
        assert night(fresh_shop) == []
        assert held(fresh_shop) == source.rows()
        assert read_of(fresh_shop)["rows"] == (3 if step == 0 else 4)
    source.engine.dispose()
