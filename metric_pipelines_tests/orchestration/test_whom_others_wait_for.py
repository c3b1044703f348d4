"""An output is yielded where another step of the run waits for it, somebody else's too, and nowhere else."""

from __future__ import annotations

from collections import Counter

import dagster as dg
import pytest

from metric_pipelines import build_definitions
from metric_pipelines_tests.small_shop import Shop

RANGE = {"dagster/asset_partition_range_start": "2024-01", "dagster/asset_partition_range_end": "2024-03"}
MONTHS = {"2024-01", "2024-02", "2024-03"}


@dg.asset(deps=[dg.AssetKey(["metrics", "orders_placed"])])
def theirs_below() -> None:
    """Somebody's asset that reads a metric."""


@dg.asset_check(asset=dg.AssetKey(["metrics", "revenue"]))
def theirs_of_revenue() -> dg.AssetCheckResult:
    """Somebody's check of a metric."""
    return dg.AssetCheckResult(passed=True)


@pytest.mark.parametrize("asked", [{"tags": RANGE}, {"partition_key": "2024-02"}])
def test_what_others_wait_for_is_yielded_and_all_is_told(fresh_shop: Shop, asked: dict[str, object]) -> None:
    fresh_shop.keep("revenue", "orders_placed", "average_order")
    others = dg.Definitions(assets=[theirs_below], asset_checks=[theirs_of_revenue])
    ours = build_definitions(fresh_shop.center, home=fresh_shop.home, site=False, beside=others)
    job = dg.Definitions.merge(ours, others).resolve_implicit_global_asset_job_def()
    with dg.DagsterInstance.ephemeral() as instance:
        done = job.execute_in_process(instance=instance, **asked)  # type: ignore[arg-type]
    assert done.success
    made: dict[str, list[str | None]] = {}
    checked: Counter[tuple[str, str, str | None]] = Counter()
    for event in done.all_events:
        if event.is_step_materialization and event.asset_key is not None:
            made.setdefault(event.asset_key.to_user_string(), []).append(event.partition)
        elif event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            told = event.asset_check_evaluation_data
            checked[told.asset_key.to_user_string(), told.check_name, told.partition] += 1
    months = MONTHS if "tags" in asked else {"2024-02"}
    assert "theirs_below" in made, "it was not skipped"
    assert any(name == "theirs_of_revenue" for _, name, _ in checked)
    assert set(checked.values()) == {1}
    for name in ("revenue", "orders_placed", "average_order"):
        assert set(made[f"metrics/{name}"]) == months
    assert len(made["metrics/average_order"]) == len(months), "nobody waits for it: a month each, once"
    yielded = {event.step_output_data.output_name for event in done.all_events if event.is_successful_output}
    assert {"metrics__revenue", "metrics__orders_placed"} <= yielded
    assert "metrics__average_order" not in yielded
