"""What an asset and its checks cost a month, with the stock event log and with the buffered one.

One partitioned run in one process, in groups of 40 as ours are, on a new home each, the two storages in
turn; of several months a range run, whose events are logged month by month as ours are. Prints the median of
CPU and wall milliseconds for an asset with its checks and a month, with its share of the run's own cost, and
the ratio.

What does not belong here: the cost of metrics.

    python benchmarks/event_log.py                                  40 and 400 assets, one month and twelve
    python benchmarks/event_log.py --assets 40 --months 1 --checks 3 --times 3
"""

import argparse
import statistics
import sys
import time
import warnings
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import dagster as dg
from dagster._core.storage.tags import ASSET_PARTITION_RANGE_END_TAG, ASSET_PARTITION_RANGE_START_TAG

GROUP = 40
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
MONTHS = dg.MonthlyPartitionsDefinition("2017-01-01", end_date="2018-01-01")
SETTINGS = """telemetry: {{enabled: false}}
event_log_storage:
  module: {module}
  class: {name}
  config: {{base_dir: {home}/history/runs}}
"""
STORAGES = {
    "stock": ("dagster._core.storage.event_log", "SqliteEventLogStorage"),
    "buffered": ("metric_pipelines.orchestration.event_log", "BufferedSqliteEventLogStorage"),
}


def main() -> None:
    """Measure each storage `--times` times in a new process for each size, and print a table."""
    arguments = _arguments()
    for assets in arguments.assets:
        for months in arguments.months:
            _compare(assets, months, arguments.checks, arguments.times)


def _compare(assets: int, months: int, checks: int, times: int) -> None:
    figures: dict[str, list[tuple[float, float]]] = {name: [] for name in STORAGES}
    for _ in range(times):
        for name in STORAGES:
            with get_context("spawn").Pool(1) as pool:
                figures[name].append(pool.apply(measure, (name, assets, months, checks)))
                pool.close()
                pool.join()
    medians = {
        name: [statistics.median(column) for column in zip(*runs, strict=True)]
        for name, runs in figures.items()
    }
    sys.stdout.write(f"{assets} assets, {checks} checks each, {months} month(s)\n")
    for name, (cpu, wall) in medians.items():
        sys.stdout.write(f"  {name:10} {cpu:8.1f} ms CPU {wall:8.1f} ms wall an asset and month\n")
    cpu, wall = (
        stock / buffered for stock, buffered in zip(medians["stock"], medians["buffered"], strict=True)
    )
    sys.stdout.write(f"  {'ratio':10} {cpu:8.1f}        {wall:8.1f}\n")
    sys.stdout.flush()


def measure(name: str, assets: int, months: int, checks: int) -> tuple[float, float]:
    """CPU and wall milliseconds an asset and month with its checks, in a new home with that storage."""
    warnings.simplefilter("ignore")  # partitioned checks are a preview in Dagster
    groups = [_group(first, min(GROUP, assets - first), checks) for first in range(0, assets, GROUP)]
    with TemporaryDirectory() as home:
        module, class_name = STORAGES[name]
        Path(home, "dagster.yaml").write_text(SETTINGS.format(module=module, name=class_name, home=home))
        with dg.DagsterInstance.from_config(home) as instance:
            job = dg.Definitions(groups, jobs=[dg.define_asset_job("all", "*")]).resolve_job_def("all")
            keys = MONTHS.get_partition_keys()[:months]
            span = {ASSET_PARTITION_RANGE_START_TAG: keys[0], ASSET_PARTITION_RANGE_END_TAG: keys[-1]}
            cpu, wall = time.process_time(), time.perf_counter()
            done = job.execute_in_process(instance=instance, tags=span, run_config=QUIET)
            cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
            assert done.success
            instance.event_log_storage.dispose()
    return 1000 * cpu / assets / months, 1000 * wall / assets / months


def _group(first: int, assets: int, checks: int) -> dg.AssetsDefinition:
    keys = [dg.AssetKey(["metrics", f"metric_{first + number}"]) for number in range(assets)]
    names = [f"check_{number}" for number in range(checks)]

    @dg.multi_asset(
        name=f"group_{first}",
        specs=[dg.AssetSpec(key, partitions_def=MONTHS, skippable=True) for key in keys],
        check_specs=[dg.AssetCheckSpec(n, asset=key, partitions_def=MONTHS) for key in keys for n in names],
        partitions_def=MONTHS,
        can_subset=True,
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def group(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult | dg.AssetCheckEvaluation]:
        months = context.partition_keys
        for key in keys:
            yield dg.MaterializeResult(
                asset_key=key, data_version=dg.DataVersion("1"), metadata={"rows": 100}
            )
            for month in months if len(months) > 1 else []:
                context.log_event(dg.AssetMaterialization(key, partition=month, metadata={"rows": 100}))
            for month in months:
                for name in names:
                    event = dg.AssetCheckEvaluation(
                        asset_key=key, check_name=name, passed=True, partition=month
                    )
                    if len(months) > 1:
                        context.log_event(event)
                    else:
                        yield event

    return group


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--assets", type=int, nargs="*", default=[40, 400])
    parser.add_argument("--months", type=int, nargs="*", default=[1, 12])
    parser.add_argument("--checks", type=int, default=3)
    parser.add_argument("--times", type=int, default=3)
    return parser.parse_args()


if __name__ == "__main__":
    main()
