"""Answers by dimensions of models that are joined to: as independent SQL over the published models says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from metric_pipelines.errors import UsageError
from metric_pipelines.query import Reader, answer_saved, open_for_reading
from metric_pipelines_tests.joined_shop import publish_by, with_customers, with_weekdays
from metric_pipelines_tests.small_shop import Shop, new_shop

LINES = (
    "(select lines.*, coalesce(region, 'UNKNOWN') as region, visits, visits > 1 as often"
    " from lake.models.order_lines as lines left join lake.models.customers using (customer_id))"
)


@pytest.fixture(scope="module")
def joined_once(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A shop with joined models after its first refresh, not to be changed."""
    shop = with_weekdays(with_customers(new_shop(tmp_path_factory.mktemp("joined"))))
    shop.keep("revenue", "customers", "revenue_7d", models=["customers"])
    publish_by(shop, "customers", "category", "customer__region")
    assert shop.refresh().troubles == []
    return shop


@pytest.fixture
def joined(joined_once: Shop, tmp_path: Path) -> Shop:
    """The same, the test's own."""
    return joined_once.copy(tmp_path)


@pytest.fixture
def reader(joined: Shop) -> Iterator[Reader]:
    with open_for_reading(joined.open()) as reader:
        yield reader


def by_hand(shop: Shop, value: str, key: str, where: str = "true") -> dict[tuple[date, Any], Any]:
    query = (
        f"select cast(date_trunc('month', order_day) as date), {key}, {value} from {LINES}"
        f" where {where} group by all"
    )
    return {(month, member): found for month, member, found in shop.read(query)}


def keyed(rows: list[tuple[Any, ...]]) -> dict[tuple[date, Any], Any]:
    return {(row[0], row[1]): row[2] for row in rows}


def test_a_question_may_name_a_member_that_is_not_listed(reader: Reader) -> None:
    filtered = "customer__region = 'nort'"
    answer = reader.values("revenue", grain="month", filter=filtered)
    assert (answer.rows, answer.unmatched) == ([], filtered)
    known = reader.values("revenue", grain="month", filter="day__weekday in ('mon', 'Tue')")
    assert known.rows == reader.values("revenue", grain="month", filter="day__weekday = 'Tue'").rows != []


@pytest.mark.parametrize("dimension", ["region", "visits", "often"])
def test_sums_by_a_joined_dimension_lose_no_row(joined: Shop, reader: Reader, dimension: str) -> None:
    answer = reader.values("revenue", [f"customer__{dimension}"], "month")
    assert answer.route == "model"
    assert keyed(answer.rows) == by_hand(joined, "sum(amount)", dimension)
    whole = reader.values("revenue", grain="month")
    for month, total in whole.rows:
        assert sum(row[2] for row in answer.rows if row[0] == month) == total


def test_what_is_not_known_is_a_member_that_is_seen(reader: Reader) -> None:
    """Customer 5 is in no master, customer 4 has no region."""
    by_text = {row[1] for row in reader.values("revenue", ["customer__region"], "year").rows}
    assert by_text == {"north", "south", "UNKNOWN"}
    by_number = {row[1] for row in reader.values("revenue", ["customer__visits"], "year").rows}
    assert by_number == {1, 2, 7, None}


def test_published_by_a_joined_dimension_is_what_the_model_says(joined: Shop, reader: Reader) -> None:
    assert joined.open().graph.nodes["metrics/customers"].inputs[1].key == "models/customers"
    answer = reader.values("customers", ["customer__region", "category"])
    assert answer.route == "published"
    theirs = joined.read(
        f"select cast(date_trunc('month', order_day) as date), region, category, count(distinct customer_id)"
        f" from {LINES} group by all"
    )
    assert set(answer.rows) == set(theirs)
    over_model = reader.values("customers", ["customer__region"])
    assert over_model.route == "model"
    assert keyed(over_model.rows) == by_hand(joined, "count(distinct customer_id)", "region")


def test_a_condition_on_a_joined_dimension(joined: Shop, reader: Reader) -> None:
    answer = reader.values("revenue", grain="month", filter="customer__region <> 'north'")
    found = by_hand(joined, "sum(amount)", "1", "region <> 'north'")
    assert {row[0]: row[1] for row in answer.rows} == {month: value for (month, _), value in found.items()}
    unknown = reader.values("revenue", grain="month", filter="customer__visits is null")
    found = by_hand(joined, "sum(amount)", "1", "visits is null")
    assert {row[0]: row[1] for row in unknown.rows} == {month: value for (month, _), value in found.items()}


def test_a_saved_query_asks_by_a_joined_dimension_in_its_order(joined: Shop) -> None:
    (joined.center / "queries").mkdir(exist_ok=True)
    (joined.center / "queries/regions.yaml").write_text(
        "name: regions\nlabel: Regions\nmetrics: [revenue, customers]\nby: [customer__region]\n"
        "filter: customer__region <> 'UNKNOWN'\norder_by: [customer__region]\nlimit: 4\n"
    )
    with open_for_reading(joined.open()) as reader:
        answer = answer_saved(reader, "regions")
    joined.edit("queries/regions.yaml", "[customer__region]\nlimit", "[-customer__region]\nlimit")
    joined.edit("queries/regions.yaml", "filter: customer__region <> 'UNKNOWN'\n", "")
    with open_for_reading(joined.open()) as reader:
        down = answer_saved(reader, "regions")
    assert answer.columns == ["metric_time", "customer__region", "revenue", "customers"]
    assert [row[1] for row in answer.rows] == ["south", "south", "south", "north"]
    assert [row[1] for row in down.rows] == ["north", "north", "north", "south"]


def test_rows_come_in_the_order_of_the_members(reader: Reader) -> None:
    regions = [row[1] for row in reader.values("revenue", ["customer__region"], "year").rows]
    assert regions == ["south", "north", "UNKNOWN"]
    visits = [row[1] for row in reader.values("revenue", ["customer__visits"], "year").rows]
    assert visits == [7, 2, 1, None]
    days = [row[1] for row in reader.values("revenue", ["day__weekday"], "year").rows]
    assert days == [day for day in ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun") if day in days]
    assert len(days) > 3


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("customer__regoin", "did you mean 'customer__region'"),
        ("region", "did you mean 'customer__region'"),
        ("product__category", "model order_lines has no entity product"),
        ("order_line__region", "no model has the entity order_line"),
        ("customer__city__country", "one join away only"),
    ],
)
def test_what_no_join_reaches_says_why(reader: Reader, name: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        reader.values("revenue", [name])


def test_a_weekday_is_refused_for_what_is_counted_on_other_days(reader: Reader) -> None:
    with pytest.raises(UsageError, match="the time it is counted by"):
        reader.values("revenue_7d", ["day__weekday"])
    assert reader.values("revenue_7d", ["customer__region"], start=date(2024, 3, 1)).rows


def test_a_model_that_changed_since_it_was_published_answers_nothing(joined: Shop) -> None:
    joined.edit("models/customers.yaml", "expr: visits > 1", "expr: visits > 2")
    with open_for_reading(joined.open()) as reader, pytest.raises(UsageError, match="has changed since"):
        reader.values("revenue", ["customer__often"])


def test_answers_of_now_tell_rows_apart_by_what_was_last_published(joined: Shop) -> None:
    """Revenue is not published by region: that its customers moved makes none of its months due."""
    before = joined.read("select sum(value) from lake.metrics.revenue")
    joined.sql("update customers set region = 'south' where customer_id = 1")
    assert joined.refresh().troubles == []
    assert not joined.computed("metrics/revenue")
    assert joined.computed("metrics/customers")
    with open_for_reading(joined.open()) as reader:
        answer = reader.values("revenue", ["customer__region"], "month")
        distinct = reader.values("customers", ["customer__region"])
    assert keyed(answer.rows) == by_hand(joined, "sum(amount)", "region")
    assert keyed(distinct.rows) == by_hand(joined, "count(distinct customer_id)", "region")
    assert [(sum(row[2] for row in answer.rows),)] == before


def test_a_conversion_and_a_window_by_a_joined_dimension(fresh_shop: Shop) -> None:
    shop = with_customers(fresh_shop)
    rate = ["large_order_rate", "orders_placed", "large_orders"]
    shop.keep("revenue", "revenue_7d", *rate, models=["customers"])
    assert shop.refresh().troubles == []
    with open_for_reading(shop.open()) as reader:
        windows = reader.values("revenue_7d", ["customer__region"])
        rates = reader.values("large_order_rate", ["customer__region"], "month")
    summed = shop.read(
        f"select d.day, region, sum(amount) from (select distinct order_day as day from {LINES}) as d"
        f" join {LINES} as l on l.order_day between d.day - 6 and d.day group by all"
    )
    found = keyed(windows.rows)
    assert {key: found[key] for key in found if key[0] in {row[0] for row in summed}} == {
        (day, region): value for day, region, value in summed
    }
    base = by_hand(shop, "count(*)", "region")
    assert {(row[0], row[1]): row[4] for row in rates.rows} == base
    assert all(0 <= row[2] <= 1 for row in rates.rows)


def test_months_of_another_state_of_the_joined_model_are_not_mixed_in(fresh_shop: Shop) -> None:
    """March is withheld when a customer moves: its receipt knows the old region, January's the new one."""
    shop = with_customers(fresh_shop)
    shop.keep("revenue", models=["customers"])
    publish_by(shop, "revenue", "category", "customer__region")
    shop.refresh()
    shop.sql("update customers set region = 'south' where customer_id = 1")
    shop.sql("update orders set amount = 900 where order_id = 201")
    assert {t.pair for t in shop.refresh().troubles} == {("metrics/revenue", "2024-03")}
    with open_for_reading(shop.open()) as reader:
        mixed = reader.values("revenue", grain="month", filter="customer__region = 'south'")
        apart = reader.values("revenue", grain="month", filter="category = 'tea'")
    assert [f"{row[0]:%Y-%m}" for row in mixed.rows] == ["2024-01", "2024-02"]
    assert [(gap.month, gap.kept) for gap in mixed.gaps] == [("2024-03", False)]
    assert [f"{row[0]:%Y-%m}" for row in apart.rows] == ["2024-01", "2024-02", "2024-03"]
    assert [(gap.month, gap.kept) for gap in apart.gaps] == [("2024-03", True)]
