"""What an asset and its checks cost, with the stock event log and with the buffered one.

One partitioned run of one group in one process, on a new home each, the two storages in turn. Prints the
median of CPU and wall milliseconds for an asset with its checks and its share of the run's own cost, and the
ratio. What does not belong here: the cost of metrics.

    python benchmarks/event_log.py --assets 40 --checks 3 --times 3
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
    """Measure each storage `--times` times in a new process and print a table."""
    arguments = _arguments()
    figures: dict[str, list[tuple[float, float]]] = {name: [] for name in STORAGES}
    for _ in range(arguments.times):
        for name in STORAGES:
            with get_context("spawn").Pool(1) as pool:
                figures[name].append(pool.apply(measure, (name, arguments.assets, arguments.checks)))
    medians = {
        name: [statistics.median(column) for column in zip(*runs, strict=True)]
        for name, runs in figures.items()
    }
    for name, (cpu, wall) in medians.items():
        sys.stdout.write(f"{name:10} {cpu:8.1f} ms CPU {wall:8.1f} ms wall an asset\n")
    cpu, wall = (
        stock / buffered for stock, buffered in zip(medians["stock"], medians["buffered"], strict=True)
    )
    sys.stdout.write(f"{'ratio':10} {cpu:8.1f}        {wall:8.1f}\n")


def measure(name: str, assets: int, checks: int) -> tuple[float, float]:
    """CPU and wall milliseconds an asset with its checks, in a new home with that storage."""
    warnings.simplefilter("ignore")  # partitioned checks are a preview in Dagster
    group = _group(assets, checks)
    with TemporaryDirectory() as home:
        module, class_name = STORAGES[name]
        Path(home, "dagster.yaml").write_text(SETTINGS.format(module=module, name=class_name, home=home))
        with dg.DagsterInstance.from_config(home) as instance:
            cpu, wall = time.process_time(), time.perf_counter()
            dg.materialize([group], instance=instance, partition_key="2017-03-01")
            cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return 1000 * cpu / assets, 1000 * wall / assets


def _group(assets: int, checks: int) -> dg.AssetsDefinition:
    keys = [dg.AssetKey(["metrics", f"metric_{number}"]) for number in range(assets)]
    names = [f"check_{number}" for number in range(checks)]

    @dg.multi_asset(
        name="group",
        specs=[dg.AssetSpec(key, partitions_def=MONTHS, skippable=True) for key in keys],
        check_specs=[dg.AssetCheckSpec(n, asset=key, partitions_def=MONTHS) for key in keys for n in names],
        partitions_def=MONTHS,
        can_subset=True,
    )
    def group(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult | dg.AssetCheckEvaluation]:
        for key in keys:
            yield dg.MaterializeResult(
                asset_key=key, data_version=dg.DataVersion("1"), metadata={"rows": 100}
            )
            for name in names:
                yield dg.AssetCheckEvaluation(
                    asset_key=key, check_name=name, passed=True, partition=context.partition_key
                )

    return group


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--assets", type=int, default=40)
    parser.add_argument("--checks", type=int, default=3)
    parser.add_argument("--times", type=int, default=3)
    return parser.parse_args()


if __name__ == "__main__":
    main()
