"""Writes the workload as a center of ours. python make_center.py DATA FOLDER [reconcile]

One model over the Parquet files as they stand, a metric each; ratios are made of two of them. Everything is
recomputed each night, as the peers do it: the center has one month, the night's, and the day of an order is a
dimension beside region and segment. With `reconcile` each metric is compared with the model besides: a fourth
check, which no peer has.
"""

import sys
from pathlib import Path
from typing import Any

import yaml
from workload import BASE, FILTERS, JOIN, copies

NIGHT = "1998-12"
OWNERS = {"business": "sales@example.com", "technical": "data@example.com"}
TABLES = {
    "lineitem": {
        "l_orderkey": "int64",
        "l_quantity": "decimal(15,2)",
        "l_extendedprice": "decimal(15,2)",
        "l_discount": "decimal(15,2)",
        "l_tax": "decimal(15,2)",
        "l_returnflag": "string",
        "l_shipmode": "string",
    },
    "orders": {
        "o_orderkey": "int64",
        "o_custkey": "int64",
        "o_orderdate": "date",
        "o_orderpriority": "string",
    },
    "customer": {"c_custkey": "int64", "c_nationkey": "int64", "c_mktsegment": "string"},
    "nation": {"n_nationkey": "int64", "n_regionkey": "int64"},
    "region": {"r_regionkey": "int64", "r_name": "string"},
}
COLUMNS = {
    "night": "date",
    "order_day": "date",
    "region": "string",
    "segment": "string",
    **TABLES["lineitem"],
    "o_custkey": "int64",
    "o_orderpriority": "string",
}
LINES = f"""select
    date '{NIGHT}-01' as night,
    o_orderdate as order_day,
    r_name as region,
    c_mktsegment as segment,
    {", ".join(TABLES["lineitem"])},
    o_custkey,
    o_orderpriority
from {{join}}
"""
CALENDAR = """
select cast(unnest(generate_series(date '1998-01-01', date '1999-12-31', interval 1 day)) as date) as date_day
"""
AGGREGATES = {
    "gmv": ("sum", "l_extendedprice"),
    "revenue": ("sum", "l_extendedprice * (1 - l_discount)"),
    "charge": ("sum", "l_extendedprice * (1 - l_discount) * (1 + l_tax)"),
    "discount_amount": ("sum", "l_extendedprice * l_discount"),
    "units": ("sum", "l_quantity"),
    "lines": ("count", "1"),
    "orders": ("count_distinct", "l_orderkey"),
    "customers": ("count_distinct", "o_custkey"),
    "average_discount": ("average", "l_discount"),
}
RATIO = {"average_order_value": ("revenue", "orders")}


def main() -> None:
    """Writes the center and its sources' place."""
    data, folder = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
    write(folder / "center.yaml", settings())
    write(folder / "sources" / "tpch.yaml", source(data))
    model(folder, "order_lines", LINES.format(join=in_the_source(JOIN)), lines())
    model(folder, "calendar", CALENDAR, calendar())
    for one in metrics():
        if sys.argv[3:] == ["reconcile"]:
            one["checks"]["reconcile"] = True
        write(folder / "metrics" / "sales" / f"{one['name']}.yaml", one)


def settings() -> dict[str, Any]:
    return {
        "name": "nightly",
        "label": "Nightly",
        "description": "TPC-H, every night anew.",
        "time_zone": "UTC",
        "partitions": {"start": NIGHT, "end": NIGHT},
        "clock": {"today": f"{NIGHT}-31"},
        "departments": {"sales": {"label": "Sales"}},
    }


def source(data: Path) -> dict[str, Any]:
    tables = {
        name: {
            "table": f"{name}.parquet",
            "label": name,
            "description": f"{name} of TPC-H.",
            "in_place": True,
            "columns": {column: {"type": kind, "nullable": True} for column, kind in columns.items()},
        }
        for name, columns in TABLES.items()
    }
    head = {"name": "tpch", "label": "TPC-H", "description": "Parquet files.", "owners": OWNERS}
    return {**head, "connection": f"file:{data}", "tables": tables}


def in_the_source(join: str) -> str:
    for table in TABLES:
        join = join.replace(f"{table} join", f"tpch.{table} join").replace(
            f"join {table} ", f"join tpch.{table} "
        )
    return join


def lines() -> dict[str, Any]:
    return {
        "materialized": "view",
        "time": "night",
        "entities": [{"name": "order", "type": "foreign", "expr": "l_orderkey"}],
        "dimensions": {name: {"label": name} for name in ("order_day", "region", "segment")},
        "columns": {column: {"type": kind, "nullable": True} for column, kind in COLUMNS.items()},
    }


def calendar() -> dict[str, Any]:
    return {
        "time_spine": True,
        "columns": {"date_day": {"type": "date"}},
        "checks": {"unique": [["date_day"]]},
    }


def metrics() -> list[dict[str, Any]]:
    prefixes = copies()
    found = []
    for copy, prefix in enumerate(prefixes):
        for word, condition in FILTERS:
            for base, _ in BASE:
                plain = f"{word}_{base}" if word else base
                twins = [f"{before}{plain}" for before in prefixes[:copy]]
                found.append(
                    metric(f"{prefix}{plain}", base, prefix + (f"{word}_" if word else ""), condition, twins)
                )
    return found


def metric(name: str, base: str, prefix: str, condition: str | None, twins: list[str]) -> dict[str, Any]:
    words = name.replace("_", " ")
    card = {
        "name": name,
        "code": name,
        "label": words,
        "description": words,
        "purpose": words,
        "counted": words,
        "not_counted": "Nothing else.",
        "scenario": "Every night.",
        "department": "sales",
        "owners": OWNERS,
        "unit": "USD",
        "direction": "up",
        "reviewed_on": f"{NIGHT}-01",
        "grain": "month",
        "dimensions": ["order_day", "region", "segment"],
        "checks": {
            "min": 0,
            "expectations": [{"expect": "expect_column_values_to_be_between", "min_value": 0}],
        },
        "intended": [{"with": twin, "reason": "A copy, to have many."} for twin in twins],
    }
    if base in RATIO:
        numerator, denominator = (f"{prefix}{part}" for part in RATIO[base])
        return {**card, "type": "ratio", "numerator": numerator, "denominator": denominator}
    agg, expr = AGGREGATES[base]
    simple = {**card, "type": "simple", "model": "order_lines", "agg": agg, "expr": expr}
    return {**simple, "filter": condition} if condition else simple


def model(folder: Path, name: str, sql: str, more: dict[str, Any]) -> None:
    head = {"name": name, "label": name, "description": name, "owners": OWNERS}
    write(folder / "models" / f"{name}.yaml", {**head, **more})
    (folder / "models" / f"{name}.sql").write_text(sql.strip() + "\n")


def write(path: Path, value: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(value, sort_keys=False))


if __name__ == "__main__":
    main()
