"""The nightly workload, stated once: TPC-H tables as Parquet, and metrics by day, region and segment.

Each metric is an aggregate over lineitem joined to orders, customer, nation and region. Every contender makes
the same table a metric, `(metric_time DATE, region VARCHAR, segment VARCHAR, value DOUBLE)`, and checks three
things of it: no value is null, none is negative, and there is one row a (metric_time, region, segment).

    python workload.py FOLDER SCALE     writes the tables
    COPIES=10                           in front of any command: ten copies of the 40 metrics, c0_ to c9_
"""

import importlib
import os
import re
import sys
from pathlib import Path

COPIES = int(os.environ.get("COPIES", "1"))
BASE = [
    ("gmv", "sum(l_extendedprice){f}"),
    ("revenue", "sum(l_extendedprice * (1 - l_discount)){f}"),
    ("charge", "sum(l_extendedprice * (1 - l_discount) * (1 + l_tax)){f}"),
    ("discount_amount", "sum(l_extendedprice * l_discount){f}"),
    ("units", "sum(l_quantity){f}"),
    ("lines", "count(*){f}"),
    ("orders", "count(distinct l_orderkey){f}"),
    ("customers", "count(distinct o_custkey){f}"),
    ("average_discount", "avg(l_discount){f}"),
    ("average_order_value", "sum(l_extendedprice * (1 - l_discount)){f} / count(distinct l_orderkey){f}"),
]
FILTERS = [
    ("", None),
    ("urgent", "o_orderpriority = '1-URGENT'"),
    ("returned", "l_returnflag = 'R'"),
    ("air", "l_shipmode in ('AIR', 'REG AIR')"),
]
JOIN = """lineitem join orders on l_orderkey = o_orderkey join customer on o_custkey = c_custkey
 join nation on c_nationkey = n_nationkey join region on n_regionkey = r_regionkey"""
KEYS = "o_orderdate as metric_time, r_name as region, c_mktsegment as segment"
TABLES = ("lineitem", "orders", "customer", "nation", "region")


def copies() -> list[str]:
    """What stands before the names of each copy."""
    return [""] if COPIES == 1 else [f"c{i}_" for i in range(COPIES)]


def metrics() -> list[tuple[str, str, str | None]]:
    """Name, aggregate expression with {f} after each aggregate, and filter of each metric."""
    return [(c + (f"{f}_{n}" if f else n), e, w) for c in copies() for f, w in FILTERS for n, e in BASE]


def sql(expression: str, where: str | None) -> str:
    """One metric's own query, with its filter in WHERE."""
    value = f"cast({expression.format(f='')} as double) as value"
    condition = f" where {where}" if where else ""
    return f"select {KEYS}, {value} from {JOIN}{condition} group by all"


def fused_sql() -> str:
    """All metrics in one scan, with filters in FILTER; filtered counts of nothing are no rows."""
    chosen = ", ".join(f"{_column(e, w)} as {name}" for name, e, w in metrics())
    return f"select {KEYS}, {chosen} from {JOIN} group by all"


def _column(expression: str, where: str | None) -> str:
    value = expression.format(f=f" filter (where {where})" if where else "")
    counted = where and expression.startswith("count(")
    return f"cast({f'nullif({value}, 0)' if counted else value} as double)"


def own_files(query: str, data: Path) -> str:
    """The query with each table read from its own Parquet file, for tools that know no views of ours."""
    tables = rf"\b({'|'.join(TABLES)})\b(?= (?:join|on)|\s*$| where| group)"
    return re.sub(tables, lambda table: f"read_parquet('{data}/{table[1]}.parquet') as {table[1]}", query)


def make(folder: Path, scale: float) -> None:
    """Writes the tables; the extension is that of its wheel, since `load` by name asks the network."""
    import duckdb  # late: what only reads the workload needs none

    folder.mkdir(parents=True, exist_ok=True)
    wheel = Path(str(importlib.import_module("duckdb_extension_tpch").__file__)).parent
    with duckdb.connect() as con:
        con.execute(f"load '{next(wheel.rglob('*.duckdb_extension'))}'")
        con.execute(f"call dbgen(sf={scale})")
        for table in TABLES:
            con.execute(f"copy {table} to '{folder}/{table}.parquet' (format parquet)")


if __name__ == "__main__":
    make(Path(sys.argv[1]), float(sys.argv[2]))
