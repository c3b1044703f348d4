"""What Dagster shows of each (asset, month): materialized, fresh, and how its checks ended.

What does not belong here: what the ledger says; the two are compared by tests.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import dagster as dg
from dagster._core.definitions.data_version import DATA_VERSION_TAG, CachingStaleStatusResolver, StaleStatus
from dagster._core.events import DagsterEventType
from dagster._core.loader import LoadingContextForTest
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus
from dagster._core.storage.dagster_run import FINISHED_STATUSES

from metric_pipelines.dictionary.graph import Pair
from metric_pipelines.dictionary.months import WHOLE
from metric_pipelines.quality import rules

SUCCEEDED = AssetCheckExecutionRecordStatus.SUCCEEDED
FAILED = AssetCheckExecutionRecordStatus.FAILED
PLANNED = AssetCheckExecutionRecordStatus.PLANNED


CHECKS = (*rules.CHECKS, rules.RECONCILE)


def key_of(name: str) -> dg.AssetKey:
    return dg.AssetKey(name.split("/"))


@dataclass(frozen=True)
class DagsterView:
    """Dagster's records beside its definitions."""

    instance: dg.DagsterInstance
    definitions: dg.Definitions

    @cached_property
    def graph(self) -> Any:
        return self.definitions.resolve_asset_graph()

    @property
    def keys(self) -> list[dg.AssetKey]:
        """The assets that the ledger knows; products such as the site are Dagster's alone."""
        return [k for k in self.graph.get_all_asset_keys() if self.graph.get(k).group_name != "products"]

    def pairs(self) -> set[Pair]:
        """All (asset, month) of Dagster's own graph, future months too."""
        found = set()
        for key in self.keys:
            months = self.graph.get(key).partitions_def
            partitions = months.get_partition_keys() if months else [WHOLE]
            found |= {("/".join(key.path), partition) for partition in partitions}
        return found

    def inputs(self, pair: Pair) -> set[Pair]:
        """The upstream partitions by Dagster's own mappings."""
        found = self.graph.get_parents_partitions(key_of(pair[0]), pair[1] or None).parent_partitions
        return {("/".join(p.asset_key.path), p.partition_key or WHOLE) for p in found}

    def materialized(self) -> set[Pair]:
        """What has a materialization."""
        found: set[Pair] = set()
        for key in self.keys:
            name = "/".join(key.path)
            if self.graph.get(key).is_partitioned:
                found |= {(name, p) for p in self.instance.get_materialized_partitions(key)}
            elif self.instance.get_latest_materialization_event(key) is not None:
                found.add((name, WHOLE))
        return found

    def spec(self, name: str) -> Any:
        """What Dagster's graph knows of an asset."""
        return self.graph.get(key_of(name))

    def tags_of(self, pair: Pair) -> dict[str, str]:
        """The tags of the last materialization of a pair."""
        key = key_of(pair[0])
        wanted = dg.AssetRecordsFilter(key, asset_partitions=[pair[1]] if pair[1] else None)
        records = self.instance.fetch_materializations(wanted, limit=1).records
        materialization = records[0].asset_materialization
        return dict(materialization.tags or {}) if materialization else {}

    def data_versions(self) -> dict[Pair, str]:
        """The data version of the last materialization of every materialized pair."""
        found: dict[Pair, str] = {}
        for key in self.keys:
            name, storage = "/".join(key.path), self.instance.event_log_storage
            if self.graph.get(key).is_partitioned:
                tags = storage.get_latest_tags_by_partition(
                    key, DagsterEventType.ASSET_MATERIALIZATION, [DATA_VERSION_TAG]
                )
                found |= {(name, month): values[DATA_VERSION_TAG] for month, values in tags.items()}
            else:
                found[name, WHOLE] = self.tags_of((name, WHOLE))[DATA_VERSION_TAG]
        return found

    def stale(self, pairs: Iterable[Pair]) -> dict[Pair, StaleStatus]:
        """Those of the pairs that are not fresh, with their status."""
        resolver = CachingStaleStatusResolver(self.instance, self.graph, LoadingContextForTest(self.instance))
        status = {pair: resolver.get_status(key_of(pair[0]), pair[1] or None) for pair in pairs}
        return {pair: found for pair, found in status.items() if found is not StaleStatus.FRESH}

    def checks(self, name: str) -> dict[tuple[str, str], AssetCheckExecutionRecordStatus]:
        """The last status of each check of an asset, by check and month."""
        keys = [dg.AssetCheckKey(key_of(name), check) for check in CHECKS]
        found = self.instance.event_log_storage.get_asset_check_partition_info(keys)
        return {
            (info.check_key.name, info.partition_key or WHOLE): info.latest_execution_status for info in found
        }

    def not_succeeded(self) -> set[tuple[str, str, str]]:
        """(asset, check, month) of checks that ended otherwise, or never."""
        keys = [dg.AssetCheckKey(key, check) for key in self.keys for check in CHECKS]
        return {
            ("/".join(info.check_key.asset_key.path), info.check_key.name, info.partition_key or WHOLE)
            for info in self.instance.event_log_storage.get_asset_check_partition_info(keys)
            if info.latest_execution_status is not SUCCEEDED
        }

    def statuses(self, pair: Pair) -> list[AssetCheckExecutionRecordStatus]:
        """How the checks of a pair ended, in the order of their names."""
        found = self.checks(pair[0])
        return [found[check, pair[1]] for check in sorted(CHECKS) if (check, pair[1]) in found]

    def evaluations(self, pair: Pair) -> list[dg.AssetCheckEvaluation]:
        """The last evaluation of each check of a pair."""
        found = []
        for check in sorted(CHECKS):
            key = dg.AssetCheckKey(key_of(pair[0]), check)
            records = self.instance.event_log_storage.get_asset_check_execution_history(key, limit=200)
            mine = [r for r in records if (r.partition or WHOLE) == pair[1] and r.event is not None]
            event = mine[0].event.dagster_event if mine and mine[0].event else None
            if event is not None:
                found.append(event.event_specific_data)
        return [e for e in found if isinstance(e, dg.AssetCheckEvaluation)]

    def runs_at_work(self) -> list[dg.DagsterRun]:
        """Runs that are not finished."""
        return [run for run in self.instance.get_runs() if run.status not in FINISHED_STATUSES]

    def slots_taken(self) -> dict[str, int]:
        """Pools with slots that are taken."""
        storage = self.instance.event_log_storage
        taken = {k: storage.get_concurrency_info(k).active_slot_count for k in storage.get_concurrency_keys()}
        return {key: count for key, count in taken.items() if count}

    def failure_of(self, run_id: str) -> str:
        """What a failed run said."""
        errors = []
        for record in self.instance.all_logs(run_id):
            event = record.dagster_event
            if event is not None and event.is_step_failure and event.step_failure_data.error is not None:
                error = event.step_failure_data.error
                errors.append((error.cause or error).message)
        return "\n".join(errors)
