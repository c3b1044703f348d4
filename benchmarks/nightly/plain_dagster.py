"""The workload as Dagster's tutorials write it: an @asset and three @asset_check a metric, DuckDBResource,
and storage as shipped, in one process. DATA=... DAGSTER_HOME=... python plain_dagster.py
"""

import os
import sys
from pathlib import Path

import dagster as dg
from dagster_duckdb import DuckDBResource
from workload import metrics, own_files, sql

DATA, HOME = Path(os.environ["DATA"]).resolve(), os.environ["DAGSTER_HOME"]
CHECKS = {
    "not_null": "select count(*) from m.{0} where value is null",
    "not_negative": "select count(*) from m.{0} where value < 0",
    "unique_key": "select count(*) - count(distinct (metric_time, region, segment)) from m.{0}",
}


def asset(name: str, query: str) -> dg.AssetsDefinition:
    """A metric as an asset of its own."""

    @dg.asset(name=name, key_prefix="metrics")
    def compute(duckdb: DuckDBResource) -> dg.MaterializeResult:
        with duckdb.get_connection() as con:
            con.execute("create schema if not exists m")
            con.execute(f"create or replace table m.{name} as {query}")
            rows = con.execute(f"select count(*) from m.{name}").fetchone()[0]
            return dg.MaterializeResult(metadata={"dagster/row_count": rows})

    return compute


def check(name: str, rule: str) -> dg.AssetChecksDefinition:
    """One of its checks."""

    @dg.asset_check(name=rule, asset=["metrics", name])
    def judge(duckdb: DuckDBResource) -> dg.AssetCheckResult:
        with duckdb.get_connection() as con:
            bad = con.execute(CHECKS[rule].format(name)).fetchone()[0]
            return dg.AssetCheckResult(passed=bad == 0, metadata={"bad": bad})

    return judge


definitions = dg.Definitions(
    assets=[asset(name, own_files(sql(e, w), DATA)) for name, e, w in metrics()],
    asset_checks=[check(name, rule) for name, _, _ in metrics() for rule in CHECKS],
    jobs=[dg.define_asset_job("nightly", "*")],
    resources={"duckdb": DuckDBResource(database=os.path.join(HOME, "nightly.duckdb"))},
)

if __name__ == "__main__":
    instance = dg.DagsterInstance.get()
    done = definitions.resolve_job_def("nightly").execute_in_process(instance=instance)
    passed = sum(one.passed for one in done.get_asset_check_evaluations())
    sys.exit(0 if done.success and passed == 3 * len(metrics()) else 1)
