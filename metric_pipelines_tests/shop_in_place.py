"""The small shop with its orders as Parquet, read in place, and its order lines as a view over them.

What does not belong here: what a test expects.
"""

from __future__ import annotations

import duckdb
import yaml

from metric_pipelines_tests.small_shop import Shop, orders

ORDERS = "sources/shop.yaml"
COLUMNS = {
    "order_id": "bigint", "customer_id": "integer", "product_id": "integer", "ordered_at": "timestamp",
    "quantity": "smallint", "amount": "decimal(10,2)",
}  # fmt: skip


def with_orders_in_place(shop: Shop) -> Shop:
    """Reads the orders in place, and keeps the order lines as a view."""
    source = shop.center / ORDERS
    definition = yaml.safe_load(source.read_text())
    definition["connection"] = "file:exports"
    table = definition["tables"]["orders"]
    table |= {"table": "orders.parquet", "in_place": True}
    del table["partition_by"], table["reread"]
    definition["tables"]["products"] |= {"table": "products.parquet"}
    source.write_text(yaml.safe_dump(definition))
    shop.edit("models/order_lines.yaml", "partition_by: order_day\n", "materialized: view\n")
    shop.edit("center.yaml", "newest_source_day", "2024-03-31")
    lay_out(shop)
    return shop


def lay_out(shop: Shop, change: str = "amount", of: dict[str, str] = COLUMNS) -> None:
    """Writes the exports, with the amount changed."""
    folder = shop.home / "exports"
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as con:
        con.execute(f"create table orders ({', '.join(f'{c} {t}' for c, t in of.items())})")
        con.executemany("insert into orders values (?, ?, ?, ?, ?, ?)", orders())
        chosen = ", ".join(f"({change}) as amount" if c == "amount" else c for c in of)
        con.execute(f"copy (select {chosen} from orders) to '{folder}/orders.parquet' (format parquet)")
        products = "(values (1, 'tea'), (2, 'tea'), (3, 'coffee')) v(product_id, category)"
        con.execute(f"copy (from {products}) to '{folder}/products.parquet' (format parquet)")
