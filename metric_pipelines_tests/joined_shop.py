"""The small shop with two models that order lines join to: who its customers are, and what day it was.

Of five customers four are in the source, one of them without a region. What does not belong here: what a test
expects.
"""

from __future__ import annotations

from metric_pipelines_tests.small_shop import Shop

REGIONS = {1: "north", 2: "north", 3: "south", 4: None}
"""Customer 5 orders too, but is not in the master."""
VISITS = {1: 2, 2: 1, 3: 2, 4: 7}

SOURCE = """
  customers:
    label: Customers
    description: Who ordered, as far as it is known.
    columns:
      customer_id: {type: int64}
      region: {type: string, nullable: true}
      visits: {type: int64, nullable: true}
"""
CUSTOMERS = """
name: customers
label: Customers
description: One row per customer that is known.
owners: {business: sales@example.com, technical: data@example.com}
entities:
  - {name: customer, type: primary, expr: customer_id}
dimensions:
  region:
    label: {en: Region, zh: 地区}
    ordinal: true
    values:
      south: {en: South, zh: 南}
      north: {en: North, zh: 北}
  visits:
    label: {en: Visits a week, zh: 每周次数}
    ordinal: true
    values: {7: {en: Daily, zh: 每天}, 2: {en: Twice, zh: 两次}, 1: {en: Once, zh: 一次}}
  often: {label: {en: Often, zh: 常来}, expr: visits > 1}
columns:
  customer_id: {type: int64}
  region: {type: string, nullable: true}
  visits: {type: int64, nullable: true}
checks: {unique: [[customer_id]], min_rows: 1}
"""
DAYS = """entities:
  - {name: day, type: primary, expr: date_day}
dimensions:
  weekday:
    label: {en: Weekday, zh: 星期}
    ordinal: true
    values:
      Mon: {en: Monday, zh: 星期一}
      Tue: {en: Tuesday, zh: 星期二}
      Wed: {en: Wednesday, zh: 星期三}
      Thu: {en: Thursday, zh: 星期四}
      Fri: {en: Friday, zh: 星期五}
      Sat: {en: Saturday, zh: 星期六}
      Sun: {en: Sunday, zh: 星期日}
columns:
  weekday: {type: string}
"""


def with_customers(shop: Shop) -> Shop:
    """Lays out the customers and writes their model."""
    shop.sql("create table customers (customer_id integer, region text, visits integer)")
    for customer, region in REGIONS.items():
        shop.sql("insert into customers values (?, ?, ?)", customer, region, VISITS[customer])
    path = shop.center / "sources/shop.yaml"
    path.write_text(path.read_text().rstrip() + SOURCE, encoding="utf-8")
    models = shop.center / "models"
    (models / "customers.yaml").write_text(CUSTOMERS.lstrip(), encoding="utf-8")
    (models / "customers.sql").write_text("select customer_id, region, visits from shop.customers\n")
    return shop


def with_weekdays(shop: Shop) -> Shop:
    """Lets the calendar say which day of the week it was, and order lines join to it by their day."""
    shop.edit("models/calendar.yaml", "columns:\n", DAYS)
    days = shop.center / "models/calendar.sql"
    text = days.read_text().rstrip()
    days.write_text(f"select date_day, strftime(date_day, '%a') as weekday from (\n{text}\n) as days\n")
    own = "  - {name: customer, type: foreign, expr: customer_id}\n"
    shop.edit("models/order_lines.yaml", own, own + "  - {name: day, type: foreign, expr: order_day}\n")
    return shop


def publish_by(shop: Shop, metric: str, *dimensions: str) -> Shop:
    """Publishes a metric by these dimensions instead of its own."""
    [file] = shop.center.glob(f"metrics/*/{metric}.yaml")
    text = "".join(line for line in file.read_text().splitlines(True) if not line.startswith("dimensions:"))
    file.write_text(f"{text}dimensions: [{', '.join(dimensions)}]\n", encoding="utf-8")
    return shop
