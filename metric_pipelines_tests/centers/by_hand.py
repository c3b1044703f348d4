"""What the metrics of `omnichannel` must be, by SQL over TPC-DS's own tables: no model, no metric is used.

`CASES` name the question (metric, dimensions, grain) and the query whose first column is the period, then the
dimensions, then the value. What does not belong here: comparing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from metric_pipelines.demo.script import extension_file

SALES = """
select '{name}' as channel, d_date as day, {p}_{number} as number, {p}_{customer}_sk as customer,
    {p}_{outlet}_sk as outlet, {p}_quantity as q, {p}_ext_list_price as listed, {p}_coupon_amt as coupon,
    {p}_net_paid as paid, {p}_ext_wholesale_cost as cost, ifnull(i_category, 'UNKNOWN') as category
from {table} join date_dim on d_date_sk = {p}_sold_date_sk left join item on i_item_sk = {p}_item_sk
where d_date >= date '{first}' and d_date < date '{end}'
"""
RETURNS = """
select '{name}' as channel, d_date as day, {p}_return_quantity as q, {p}_return_{amount} as back,
    {p}_net_loss as loss, ifnull(i_category, 'UNKNOWN') as category,
    ifnull(trim(r_reason_desc), 'UNKNOWN') as reason
from {table} join date_dim on d_date_sk = {p}_returned_date_sk left join item on i_item_sk = {p}_item_sk
left join reason on r_reason_sk = {p}_reason_sk
where d_date >= date '{first}' and d_date < date '{end}'
"""
STORE = {
    "name": "Store",
    "number": "ticket_number",
    "customer": "customer",
    "outlet": "store",
    "amount": "amt",
}
WEB = {
    "name": "Web",
    "number": "order_number",
    "customer": "bill_customer",
    "outlet": "web_site",
    "amount": "amt",
}
CATALOG = {
    "name": "Catalog",
    "number": "order_number",
    "customer": "bill_customer",
    "outlet": "call_center",
    "amount": "amount",
}


@dataclass(frozen=True)
class Case:
    """A question to the center, and the SQL whose rows must be its answer."""

    metric: str
    by: tuple[str, ...]
    sql: str
    grain: str = "month"


def raw_tables(file: Path, scale: float, first: date, end: date) -> duckdb.DuckDBPyConnection:
    """TPC-DS in a database of its own, with its sales as `s` and its returns as `r`, in [first, end)."""
    con = duckdb.connect(str(file))
    con.execute("set enable_progress_bar = false")
    con.execute(f"load '{extension_file('tpcds')}'")
    if not con.execute("select 1 from duckdb_tables() where table_name = 'item'").fetchall():
        con.execute(f"call dsdgen(sf = {scale})")
    days = {"first": first, "end": end}
    sold = ((STORE, "store_sales", "ss"), (WEB, "web_sales", "ws"), (CATALOG, "catalog_sales", "cs"))
    back = ((STORE, "store_returns", "sr"), (WEB, "web_returns", "wr"), (CATALOG, "catalog_returns", "cr"))
    for view, query, tables in (("s", SALES, sold), ("r", RETURNS, back)):
        parts = [query.format(table=table, p=p, **names, **days) for names, table, p in tables]
        con.execute(f"create or replace temp table {view} as {' union all '.join(parts)}")
    # A store's tickets and a shop's orders are numbered from 1 each.
    con.execute(
        "create or replace temp table o as select channel, number, day, max(customer) as customer,"
        " sum(paid) as paid from s group by channel, number, day"
    )
    return con


def monthly(value: str, table: str, *by: str, where: str = "true") -> str:
    """A query of one value by month and dimensions."""
    keys = ", ".join(["date_trunc('month', day)::date as month", *by])
    return (
        f"select {keys}, {value} as value from {table} where {where} group by all having {value} is not null"
    )


def against(query: str, by: str, months: int, compare: str) -> str:
    """A monthly query beside itself some months before: calendar months, joined by hand."""
    return f"""
    with m as ({query})
    select now.month, {", ".join(f"now.{c}" for c in by.split())}, {compare}
    from m as now join m as old on {" and ".join(f"now.{c} = old.{c}" for c in by.split())}
        and year(now.month) * 12 + month(now.month) = year(old.month) * 12 + month(old.month) + {months}
    where {compare} is not null
    """


BOTH = "paid is not null and cost is not null"
PRICED = "paid is not null and listed is not null"
CC = ("channel", "category")
MARGIN_RATE = f"sum(paid - cost) / nullif(sum(paid) filter ({BOTH}), 0)"


def conversion(first: str, then: str) -> str:
    """Each later purchase goes to the customer's latest earlier one within 30 days; customers count once."""
    return f"""
    with a as (select distinct customer, day from o where channel = '{first}' and customer is not null),
    b as (select distinct customer, day from o where channel = '{then}' and customer is not null),
    hits as (
        select b.customer, max(a.day) as day from b join a on a.customer = b.customer
            and a.day <= b.day and b.day - a.day < 30
        group by b.customer, b.day
    ),
    base as ({of_person("a")}), won as ({of_person("hits")})
    select month, standing, ifnull(won.n, 0) / base.n from base left join won using (month, standing)
    """


def of_person(table: str) -> str:
    """Different customers of a table by month and standing."""
    return f"""
    select date_trunc('month', day)::date as month,
        case c_preferred_cust_flag when 'Y' then 'Preferred' when 'N' then 'Regular' else 'UNKNOWN' end
            as standing,
        count(distinct customer) as n
    from {table} join customer on c_customer_sk = customer group by all
    """


def of_channel(channel: str) -> str:
    """Different customers of a channel by month and standing."""
    return of_person(f"(select day, customer from o where channel = '{channel}')")


DAILY = "select day, channel, sum(paid) as paid from s group by all having sum(paid) is not null"

CASES = [
    Case("net_revenue", CC, monthly("sum(paid)", "s", *CC)),
    Case("net_revenue", (), monthly("sum(paid)", "s")),
    Case(
        "net_revenue_growth_yoy",
        CC,
        against(
            monthly("sum(paid)", "s", *CC), "channel category", 12, "now.value / nullif(old.value, 0) - 1"
        ),
    ),
    Case(
        "net_revenue_growth_mom",
        CC,
        against(
            monthly("sum(paid)", "s", *CC), "channel category", 1, "now.value / nullif(old.value, 0) - 1"
        ),
    ),
    Case(
        "net_revenue_change_52w",
        ("channel",),
        f"with d as ({DAILY}) select a.day, a.channel, a.paid - b.paid from d as a join d as b"
        " on a.channel = b.channel and a.day = b.day + 364",
        "day",
    ),
    Case("web_revenue", ("category",), monthly("sum(paid)", "s", "category", where="channel = 'Web'")),
    Case(
        "web_revenue_share",
        (),
        monthly("sum(paid) filter (channel = 'Web') / sum(paid)", "s"),
    ),
    Case("orders", ("channel",), monthly("count(distinct (channel, number))", "s", "channel")),
    Case("order_revenue", ("channel",), monthly("sum(ifnull(paid, 0))", "s", "channel")),
    Case(
        "average_order_value",
        ("channel",),
        monthly("sum(ifnull(paid, 0)) / count(distinct (channel, number))", "s", "channel"),
    ),
    Case("units", CC, monthly("sum(q)", "s", *CC)),
    Case("trading_outlets", ("channel",), monthly("count(distinct outlet)", "s", "channel")),
    Case("gross_margin", CC, monthly("sum(paid - cost)", "s", *CC)),
    Case("costed_revenue", CC, monthly(f"sum(paid) filter ({BOTH})", "s", *CC)),
    Case("gross_margin_rate", CC, monthly(MARGIN_RATE, "s", *CC)),
    Case("gross_margin_rate", ("category",), monthly(MARGIN_RATE, "s", "category")),
    Case("gross_margin_rate", (), monthly(MARGIN_RATE, "s")),
    Case(
        "gross_margin_rate_change_yoy",
        ("category",),
        against(monthly(MARGIN_RATE, "s", "category"), "category", 12, "now.value - old.value"),
    ),
    Case("cost_of_goods", CC, monthly("sum(cost)", "s", *CC)),
    Case("list_revenue", CC, monthly(f"sum(listed) filter ({PRICED})", "s", *CC)),
    Case("discounts", CC, monthly("sum(listed - paid)", "s", *CC)),
    Case(
        "discount_rate",
        ("channel",),
        monthly(f"sum(listed - paid) / sum(listed) filter ({PRICED})", "s", "channel"),
    ),
    Case("coupons", CC, monthly("sum(coupon)", "s", *CC)),
    Case("return_loss", CC, monthly("sum(loss)", "r", *CC)),
    Case(
        "net_profit",
        CC,
        f"with g as ({monthly('sum(paid - cost)', 's', *CC)}), l as ({monthly('sum(loss)', 'r', *CC)})"
        " select month, channel, category, g.value - ifnull(l.value, 0)"
        " from g left join l using (month, channel, category)",
    ),
    Case("customers", ("channel",), monthly("count(distinct customer)", "o", "channel")),
    Case("customers", (), monthly("count(distinct customer)", "o")),
    Case(
        "customers",
        ("channel",),
        "select day, channel, count(distinct customer) from o group by all having count(customer) > 0",
        "day",
    ),
    Case("monthly_customers", (), monthly("count(distinct customer)", "o")),
    Case(
        "customer_revenue",
        (),
        monthly("sum(ifnull(paid, 0))", "o", where="customer is not null"),
    ),
    Case(
        "revenue_per_customer",
        (),
        monthly("sum(ifnull(paid, 0)) / count(distinct customer)", "o", where="customer is not null"),
    ),
    Case("store_customers", ("standing",), of_channel("Store")),
    Case("web_customers", ("standing",), of_channel("Web")),
    Case("store_to_web_conversion", ("standing",), conversion("Store", "Web")),
    Case("web_to_store_conversion", ("standing",), conversion("Web", "Store")),
    Case("return_value", CC, monthly("sum(back)", "r", *CC)),
    Case(
        "return_rate",
        CC,
        f"with b as ({monthly('sum(back)', 'r', *CC)}), n as ({monthly('sum(paid)', 's', *CC)})"
        " select month, channel, category, b.value / n.value"
        " from b join n using (month, channel, category) where n.value <> 0",
    ),
    Case("returned_units", CC, monthly("sum(q)", "r", *CC)),
    Case(
        "unit_return_rate",
        ("channel",),
        f"with b as ({monthly('sum(q)', 'r', 'channel')}), n as ({monthly('sum(q)', 's', 'channel')})"
        " select month, channel, b.value / n.value from b join n using (month, channel)",
    ),
    Case("return_lines", ("channel", "reason"), monthly("count(*)", "r", "channel", "reason")),
    Case("sales_lines", ("channel",), monthly("count(*)", "s", "channel")),
    Case("complete_lines", ("channel",), monthly(f"count(*) filter ({BOTH})", "s", "channel")),
    Case(
        "line_completeness",
        ("channel",),
        monthly(f"count(*) filter ({BOTH}) / count(*)", "s", "channel"),
    ),
    Case(
        "net_profit_rate",
        CC,
        f"with g as ({monthly('sum(paid - cost)', 's', *CC)}), l as ({monthly('sum(loss)', 'r', *CC)}),"
        f" n as ({monthly(f'sum(paid) filter ({BOTH})', 's', *CC)})"
        " select month, channel, category, (g.value - ifnull(l.value, 0)) / nullif(n.value, 0)"
        " from g left join l using (month, channel, category) join n using (month, channel, category)",
    ),
    Case(
        "net_revenue_ytd",
        ("channel",),
        f"with d as ({DAILY}), days as (select distinct channel, c.d_date as day from d, date_dim as c"
        " where c.d_date between (select min(day) from d) and (select max(day) from d))"
        " select days.day, days.channel, sum(d.paid) from days join d on d.channel = days.channel"
        " and year(d.day) = year(days.day) and d.day <= days.day group by all",
        "day",
    ),
    Case(
        "net_revenue_rolling_28d",
        ("channel",),
        f"with d as ({DAILY}), days as (select distinct channel, c.d_date as day from d, date_dim as c"
        " where c.d_date between (select min(day) from d) and (select max(day) from d))"
        " select days.day, days.channel, sum(d.paid) from days join d on d.channel = days.channel"
        " and d.day > days.day - 28 and d.day <= days.day group by all",
        "day",
    ),
]
