"""The metrics of merchandising computed a second time, on the raw files; see `independent_sql`.

- A promotion belongs to a product, a store and a week of the grocer's: the lines of that week are sold on
  promotion, whatever month they fall into. The week of a line stands in the raw file.
- A store takes part in a month if it has a promotion in a week that touches the month. Of the others nothing
  is known.
- Where a product stands twice in a store and week, the greater code is its location; 0 is none.
- The demo of the tests lays out the promotions of what was bought, and the first of each store and week.
"""

from __future__ import annotations

from datetime import date
from functools import cache

import duckdb

from metric_pipelines_tests.end_to_end import independent_sql
from metric_pipelines_tests.end_to_end.independent_sql import Value, as_day

LAID_OUT = """
create table laid_out as
select distinct product_id, store_id, week, display_location, mailer_location
from promotions
where (product_id, store_id, week) in (select (product_id, store_id, week) from transactions)
    or (product_id, store_id, week) in (
        select (min(product_id), store_id, week) from promotions group by store_id, week
    )
"""

PLACED = """
create table placed as
select product_id, store_id, week, max(display_location) as display, max(mailer_location) as mailer
from laid_out group by product_id, store_id, week
"""

# Week 2 begins on 2 January.
IN_MONTHS = """
create table in_months as
select distinct
    date_trunc(
        'month', greatest(date '2017-01-01', date '2017-01-02' + ((week - 2) * 7)::integer + day)
    )::date as month,
    placed.*
from placed, unnest([0, 1, 2, 3, 4, 5, 6]) as days (day)
where date '2017-01-02' + ((week - 2) * 7)::integer + day < date '2018-01-01'
"""

SALES = """
create table sales as
select
    date_trunc(
        'month', (t.transaction_timestamp at time zone 'UTC' at time zone 'America/New_York')::date
    )::date as month,
    t.store_id as store,
    t.week,
    t.product_id,
    t.sales_value::decimal(18, 2) as sales_value,
    coalesce(products.department, 'UNKNOWN') as department,
    products.product_category as raw_category,
    placed.product_id is not null as promoted,
    coalesce(placed.display, '0') as display,
    coalesce(placed.mailer, '0') as mailer
from transactions as t
left join products on products.product_id = t.product_id
left join placed on placed.product_id = t.product_id and placed.store_id = t.store_id and placed.week = t.week
"""

LINES = """
create table merchandise as
select
    sales.*,
    stores.store is not null as known,
    case when known then replace(display, '0', 'NONE') else 'UNKNOWN' end as display_location,
    case when known then replace(mailer, '0', 'NONE') else 'UNKNOWN' end as mailer_location,
    regexp_replace(trim(raw_category), ' +', ' ', 'g') as category
from sales
left join (select distinct month, store_id as store from in_months) as stores
    on stores.month = sales.month and stores.store = sales.store
"""


def average(condition: str) -> str:
    """What is sold of a product in a store and week, where the condition holds."""
    chosen = f"filter (where known and {condition})"
    return (
        f"(sum(sales_value) {chosen}::double / nullif(count(distinct (product_id, store, week)) {chosen}, 0))"
    )


ON_DISPLAY, OFF_DISPLAY = average("display <> '0'"), average("display = '0'")
IN_MAILER, OUT_OF_MAILER = average("mailer <> '0'"), average("mailer = '0'")

AGGREGATES = {
    "promoted_revenue": "sum(sales_value) filter (where promoted)",
    "promotion_store_revenue": "sum(sales_value) filter (where known)",
    "promoted_share": (
        "sum(sales_value) filter (where promoted)::double"
        " / nullif(sum(sales_value) filter (where known)::double, 0)"
    ),
    "display_revenue": "sum(sales_value) filter (where display <> '0')",
    "mailer_revenue": "sum(sales_value) filter (where mailer <> '0')",
    "product_weeks_sold": "nullif(count(distinct (product_id, store, week)) filter (where known), 0)",
    "average_sale_on_display": ON_DISPLAY,
    "average_sale_off_display": OFF_DISPLAY,
    "average_sale_in_mailer": IN_MAILER,
    "average_sale_out_of_mailer": OUT_OF_MAILER,
    "display_lift": f"{ON_DISPLAY} / nullif({OFF_DISPLAY}, 0)",
    "mailer_lift": f"{IN_MAILER} / nullif({OUT_OF_MAILER}, 0)",
    "categories_sold": "nullif(count(distinct category), 0)",
    "products_sold_on_promotion": "nullif(count(distinct product_id) filter (where promoted), 0)",
}
"""Of each metric its aggregate over the lines of a month, or of a month and a member."""

DIMENSIONS = ("department", "store", "display_location", "mailer_location")

METRICS = sorted(AGGREGATES)
CASES = [(metric, dimension) for metric in METRICS for dimension in DIMENSIONS]


def rows(metric: str) -> list[tuple[date, Value]]:
    """(first day of the month, value), in order."""
    found = raw_files().execute(query_of(metric, "month"))
    return [(as_day(month), value) for month, value in found.fetchall()]


def rows_by(metric: str, dimension: str) -> list[tuple[date, str, Value]]:
    """(first day of the month, member, value), in order."""
    found = raw_files().execute(query_of(metric, f"month, {dimension}")).fetchall()
    return sorted((as_day(month), str(member), value) for month, member, value in found)


def year_of(metric: str) -> Value:
    """The value of the whole year."""
    return rows_of_year(metric)[0]


def rows_of_year(metric: str) -> list[Value]:
    return [row[0] for row in raw_files().execute(query_of(metric, "")).fetchall()]


def query_of(metric: str, by: str) -> str:
    named = f"{by}, " if by else ""
    grouped = f" group by {by}" if by else ""
    return (
        f"select * from (select {named}{AGGREGATES[metric]} as value from merchandise{grouped})"
        f" where value is not null order by all"
    )


@cache
def raw_files() -> duckdb.DuckDBPyConnection:
    """The raw files with the tables that these queries start from."""
    connection = independent_sql.raw_files()
    for table in (LAID_OUT, PLACED, IN_MONTHS, SALES, LINES):
        connection.execute(table)
    return connection
