"""Somebody's Dagster project around the small shop: an asset of theirs that our orders are the copy of.

`Project` merges it with the center, runs their job and our refresh in this process, and reads what became of
it. Their asset makes nothing: the shop's database stands, and tests change it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import dagster as dg

from metric_pipelines import build_definitions
from metric_pipelines.orchestration.event_log import BufferedSqliteEventLogStorage
from metric_pipelines_tests.small_shop import Shop

THEIRS = dg.AssetKey(["their", "orders"])
PREFIX = ("analytics",)


@dataclass
class Project:
    """Their definitions and ours, one instance. `broken`: their asset raises; `failing`: so does a check."""

    shop: Shop
    instance: dg.DagsterInstance
    partitions: dg.PartitionsDefinition[Any] | None = None
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR
    broken: bool = False
    failing: bool = False
    asset: str = "[their, orders]"
    mark: int = field(default=0)

    def __post_init__(self) -> None:
        self.shop.edit(
            "sources/shop.yaml", "    label: Orders\n", f"    label: Orders\n    asset: {self.asset}\n"
        )

    @cached_property
    def theirs(self) -> dg.Definitions:
        @dg.asset(
            key=THEIRS,
            partitions_def=self.partitions,
            check_specs=[dg.AssetCheckSpec("unique_orders", asset=THEIRS, partitions_def=self.partitions)],
        )
        def orders() -> Iterator[Any]:
            if self.broken:
                raise ValueError("relation orders does not exist")
            yield dg.MaterializeResult(asset_key=THEIRS)
            yield dg.AssetCheckResult(
                passed=not self.failing, severity=self.severity, description="7 orders are there twice"
            )

        return dg.Definitions(assets=[orders], jobs=[dg.define_asset_job("their_job", selection=[orders])])

    @cached_property
    def defs(self) -> dg.Definitions:
        """Theirs and ours, merged."""
        ours = build_definitions(self.shop.center, home=self.shop.home, key_prefix=PREFIX)
        return dg.Definitions.merge(self.theirs, ours)

    def run_theirs(self, partition: str | None = None) -> None:
        """Materializes their asset, as their schedule would."""
        job = self.defs.resolve_job_def("their_job")
        job.execute_in_process(instance=self.instance, partition_key=partition, raise_on_error=False)

    def refresh(self, **config: Any) -> dg.ExecuteInProcessResult:
        """Our nightly refresh."""
        self.mark = self.shop.ledger.mark()
        job = self.defs.resolve_job_def("small_shop_refresh")
        ops = {"small_shop_carry_out_plan": {"config": config}}
        return job.execute_in_process(
            instance=self.instance, run_config={"ops": ops} if config else {}, raise_on_error=False
        )

    def follow(self) -> dg.RunRequest | dg.SkipReason:
        """What our sensor says now."""
        sensor = self.defs.resolve_sensor_def("small_shop_follow")
        context = dg.build_sensor_context(instance=self.instance, definitions=self.defs)
        found = sensor(context)
        assert isinstance(found, dg.RunRequest | dg.SkipReason)
        return found

    def attempted(self, asset: str = "shop/orders") -> dict[str, str]:
        """What the last refresh attempted at an asset: state by month."""
        attempts = self.shop.ledger.attempts_of([asset])
        return {a.partition: a.state for a in attempts if a.id > self.mark}


@contextmanager
def project(shop: Shop, folder: Path, *, stock: bool = False, **options: Any) -> Iterator[Project]:
    """A project with an instance of its own in SQLite. Its event log is ours, or with `stock` the one Dagster
    makes by itself, which takes twice as long.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with dg.DagsterInstance.local_temp(str(folder), overrides={} if stock else storages(folder)) as instance:
        yield Project(shop, instance, **options)


def storages(folder: Path) -> dict[str, Any]:
    """Dagster's own files in a folder, with our event log."""
    runs = {"module": "dagster._core.storage.runs", "class": "SqliteRunStorage"}
    schedules = {"module": "dagster._core.storage.schedules", "class": "SqliteScheduleStorage"}
    events = {
        "module": BufferedSqliteEventLogStorage.__module__,
        "class": BufferedSqliteEventLogStorage.__name__,
    }
    return {
        "run_storage": {**runs, "config": {"base_dir": str(folder / "history")}},
        "event_log_storage": {**events, "config": {"base_dir": str(folder / "history" / "runs")}},
        "schedule_storage": {**schedules, "config": {"base_dir": str(folder / "schedules")}},
    }
