"""The floor: plain DuckDB, from Parquet to a table a metric in one scan, and the three checks of each.
python raw_duckdb.py DATA FILE
"""

import sys
from pathlib import Path

import duckdb
from workload import fused_sql, metrics

CHECKS = (
    "select count(*) filter (value is null) + count(*) filter (value < 0)"
    " + count(*) - count(distinct (metric_time, region, segment)) from m.{}"
)
TABLE = """create table m.{0} as
select metric_time, region, segment, {0} as value from wide where {0} is not null"""


def main() -> None:
    """Computes and checks all of them; exits 1 where a check fails."""
    data, file = Path(sys.argv[1]), Path(sys.argv[2])
    with duckdb.connect(str(file)) as con:
        con.execute("create schema m")
        for table in data.glob("*.parquet"):
            con.execute(f"create view {table.stem} as select * from '{table}'")
        con.execute(f"create temp table wide as {fused_sql()}")
        for name, _, _ in metrics():
            con.execute(TABLE.format(name))
        bad = sum(con.execute(CHECKS.format(name)).fetchone()[0] for name, _, _ in metrics())
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
