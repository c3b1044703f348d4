"""Baskets, stores and their hours, fuel."""

from __future__ import annotations

from metric_pipelines_tests.end_to_end.independent_sql.query import Query

# Households that bought in a month, and whether they had in the month before.
KNOWN = """
    select a.*, exists (
        from active as b where b.household_id = a.household_id and b.month = a.month - interval 1 month
    ) as known from active as a
"""

QUERIES: dict[str, Query] = {
    "baskets": Query(
        "select month, {by}count(*) from baskets group by all",
        ("store", "hour", "day__weekday", "day__weekend", "household__income"),
    ),
    "baskets_growth_mom": Query(
        """
        with monthly as (select month, {by}count(*) as baskets from baskets group by all)
        select month, {by}(
            select a.baskets / b.baskets - 1
            from monthly as b where b.month = a.month - interval 1 month {same}
        ) from monthly as a
        """,
        ("store", "household__age"),
    ),
    "units_per_basket": Query(
        """
        select month, {by}sum(quantity) filter (where not fuel)::double / count(distinct basket_id)
        from lines group by all
        """,
        ("store", "household__size", "hour"),
    ),
    "trading_stores": Query(
        "select month, {by}count(distinct store_id) from lines group by all",
        ("hour", "day__weekday", "household__income"),
    ),
    "trading_store_days": Query(
        "select month, {by}count(distinct (store_id, day)) from lines group by all",
        ("store", "day__weekday", "hour"),
    ),
    "trading_store_hours": Query(
        "select month, {by}count(distinct (store_id, day, hour)) from lines group by all",
        ("store", "hour", "day__weekend"),
    ),
    "baskets_per_store_day": Query(
        """
        select month, {by}count(distinct basket_id)::double / count(distinct (store_id, day))
        from lines group by all
        """,
        ("store", "day__weekday"),
    ),
    "baskets_per_store_hour": Query(
        """
        select month, {by}count(distinct basket_id)::double
            / count(distinct (store_id, date_trunc('hour', paid_at)))
        from lines group by all
        """,
        ("store", "hour", "day__weekday"),
    ),
    "fuel_revenue": Query(
        "select month, {by}sum(sales_value) from lines where fuel group by all",
        ("department", "store", "hour"),
    ),
    "metered_fuel_revenue": Query(
        "select month, {by}sum(sales_value) from lines where fuel and quantity <> 1 group by all",
        ("department", "store", "day__weekday"),
    ),
    "fuel_revenue_share": Query(
        """
        select month, {by}sum(sales_value) filter (where fuel)::double / nullif(sum(sales_value), 0)::double
        from lines group by all
        """,
        ("store", "household__income"),
    ),
    "fuel_gallons": Query(
        """
        select month, {by}(sum(quantity)::bigint * 0.001)::decimal(18, 3)
        from lines where fuel and quantity <> 1 group by all
        """,
        ("department", "store", "product__manufacturer"),
    ),
    "fuel_price_per_gallon": Query(
        """
        select month, {by}sum(sales_value)::double / (sum(quantity)::double / 1000)
        from lines where fuel and quantity <> 1 group by all
        """,
        ("store", "department", "day__weekend"),
    ),
    "household_month_baskets": Query(
        "select month, {by}sum(baskets)::bigint from active group by all",
        ("household__income", "household__age"),
    ),
    "returning_baskets": Query(
        f"select month, {{by}}sum(baskets)::bigint from ({KNOWN}) where known group by all",
        ("household__income", "household__size"),
    ),
    "basket_retention": Query(
        f"""
        select month, {{by}}sum(baskets) filter (where known)::double / sum(baskets)
        from ({KNOWN}) group by all
        """,
        ("household__income", "household__composition"),
    ),
}
