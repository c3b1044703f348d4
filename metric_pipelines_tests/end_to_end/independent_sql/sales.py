"""What was sold: revenue, units, prices, the own brand."""

from __future__ import annotations

from metric_pipelines_tests.end_to_end.independent_sql.query import Query

GOODS = ("department", "store", "brand", "category")

TO_DATE = """
    select calendar.day, {{by}}sum(lines.sales_value)
    from calendar
    join (select day, {{by}}sum(sales_value) as sales_value from lines group by all) as lines
        on lines.day between {start} and calendar.day
    group by all
"""

QUERIES: dict[str, Query] = {
    "net_revenue": Query(
        "select month, {by}sum(sales_value) from lines group by all",
        (*GOODS, "product__type", "product__manufacturer", "hour", "day__weekday", "household__size"),
    ),
    "merchandise_revenue": Query(
        "select month, {by}sum(case when fuel then 0 else sales_value end) from lines group by all",
        ("department", "store", "household__home_ownership"),
    ),
    "units": Query(
        "select month, {by}sum(quantity)::bigint from lines where not fuel group by all",
        ("department", "store", "product__manufacturer", "day__weekend"),
    ),
    "average_basket": Query(
        "select month, {by}sum(sales_value)::double / count(distinct basket_id) from lines group by all",
        ("store", "household__composition", "hour"),
    ),
    "average_unit_price": Query(
        """
        select month, {by}
            sum(case when fuel then 0 else sales_value end)::double
            / nullif(sum(quantity) filter (where not fuel), 0)
        from lines group by all
        """,
        ("department", "product__manufacturer", "brand"),
    ),
    "net_revenue_growth_mom": Query(
        """
        with monthly as (select month, {by}sum(sales_value) as revenue from lines group by all)
        select month, {by}(
            select a.revenue::double / nullif(b.revenue, 0)::double - 1
            from monthly as b where b.month = a.month - interval 1 month {same}
        ) from monthly as a
        """,
        ("department", "household__income"),
    ),
    "net_revenue_mtd": Query(
        TO_DATE.format(start="date_trunc('month', calendar.day)"), ("department", "brand"), daily=True
    ),
    "net_revenue_ytd": Query(
        TO_DATE.format(start="date '2017-01-01'"), ("department", "household__age"), daily=True
    ),
    "net_revenue_rolling_28d": Query(
        TO_DATE.format(start="calendar.day - 27"), ("department", "brand"), daily=True
    ),
    "private_label_revenue": Query(
        "select month, {by}sum(sales_value) from lines where brand = 'Private' group by all",
        ("department", "store", "category"),
    ),
    "private_label_share": Query(
        """
        select month, {by}
            sum(sales_value) filter (where brand = 'Private')::double / nullif(sum(sales_value), 0)::double
        from lines group by all
        """,
        ("department", "store", "household__children"),
    ),
    "private_label_merchandise_revenue": Query(
        "select month, {by}sum(sales_value) from lines where brand = 'Private' and not fuel group by all",
        ("department", "store", "product__type"),
    ),
    "private_label_share_without_fuel": Query(
        """
        select month, {by}
            sum(sales_value) filter (where brand = 'Private')::double / nullif(sum(sales_value), 0)::double
        from lines where not fuel group by all
        """,
        ("department", "store", "household__marital_status"),
    ),
}
