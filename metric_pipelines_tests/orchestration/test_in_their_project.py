"""A center in somebody's project: their asset failed, is made anew, is under way; names and keys."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill

from metric_pipelines import build_definitions
from metric_pipelines.errors import DefinitionError, UsageError
from metric_pipelines.publication.plan import READ
from metric_pipelines_tests.orchestration.their_project import PREFIX, THEIRS, project
from metric_pipelines_tests.small_shop import MONTHS, Shop, revenue_by_month


@pytest.fixture
def shop(fresh_shop: Shop) -> Shop:
    """A shop with one chain of metrics: what is tested is the way from their asset to a metric."""
    fresh_shop.keep("revenue", "orders_placed", "average_order")
    return fresh_shop


def test_the_graph_runs_unbroken_from_their_asset_to_our_metrics(shop: Shop, tmp_path: Path) -> None:
    with project(shop, tmp_path) as at:
        graph = at.defs.resolve_asset_graph()
    ours = dg.AssetKey(["analytics", "shop", "orders"])
    assert graph.get(ours).parent_keys == {THEIRS}
    assert dg.AssetKey(["analytics", "metrics", "revenue"]) in dg.AssetSelection.assets(
        THEIRS
    ).downstream().resolve(graph)


def test_a_failed_check_of_theirs_withholds_and_the_mended_asset_is_published(
    shop: Shop, tmp_path: Path
) -> None:
    with project(shop, tmp_path, stock=True) as at:
        at.run_theirs()
        assert at.refresh().success
        before = shop.months("revenue")
        assert before == revenue_by_month()

        at.failing = True
        shop.sql("update orders set amount = amount * 2")
        at.run_theirs()
        assert isinstance(at.follow(), dg.RunRequest)
        assert not at.refresh().success
        assert at.attempted() == dict.fromkeys(MONTHS, "withheld")
        reason = shop.ledger.attempts_of(["shop/orders"])[-1].reason or ""
        assert reason.startswith("their/orders failed: check unique_orders in run ")
        assert reason.endswith("7 orders are there twice")
        assert shop.months("revenue") == before

        at.failing = False
        at.run_theirs()
        assert at.refresh(read_sources=False).success
        assert shop.months("revenue") == {month: 2 * value for month, value in before.items()}


def test_a_failed_materialization_withholds_with_what_it_said(shop: Shop, tmp_path: Path) -> None:
    with project(shop, tmp_path, broken=True) as at:
        at.run_theirs()
        assert not at.refresh().success
        assert at.attempted() == dict.fromkeys(MONTHS, "withheld")
        reason = shop.ledger.attempts_of(["shop/orders"])[-1].reason or ""
        assert "relation orders does not exist" in reason
        assert at.attempted("shop/products") == {"": "published"}


def test_a_warning_of_theirs_withholds_nothing(shop: Shop, tmp_path: Path) -> None:
    with project(shop, tmp_path, severity=dg.AssetCheckSeverity.WARN, failing=True) as at:
        at.run_theirs()
        assert at.refresh().success


def test_what_is_made_anew_is_read_again_and_nothing_else(shop: Shop, tmp_path: Path) -> None:
    with project(
        shop, tmp_path, partitions=dg.DailyPartitionsDefinition("2024-01-01", end_date="2024-04-01")
    ) as at:
        at.run_theirs("2024-02-14")
        at.run_theirs("2024-02-15")
        assert at.refresh().success
        assert isinstance(at.follow(), dg.SkipReason)
        at.run_theirs("2024-02-14")
        assert isinstance(at.follow(), dg.RunRequest)
        assert at.refresh(read_sources=False).success
        assert at.attempted() == {"2024-02": "published"}
        at.failing = True
        at.run_theirs("2024-02-15")
        assert not at.refresh(read_sources=False).success
        assert at.attempted() == {"2024-02": "withheld"}


def test_a_table_read_by_what_changed_is_settled_once_their_asset_was_made_anew(
    shop: Shop, tmp_path: Path
) -> None:
    by_change = "    table: main.orders\n    incremental: {cursor: order_id, key: [order_id], overlap: 0}\n"
    shop.edit("sources/shop.yaml", "    reread: all\n", by_change)
    with project(shop, tmp_path) as at:
        at.run_theirs()
        assert at.refresh().success
        assert isinstance(at.follow(), dg.SkipReason)
        shop.sql("insert into orders values (601, 1, 1, '2024-02-15 18:00:00', 1, 8)")
        at.run_theirs()
        assert isinstance(at.follow(), dg.RunRequest)
        assert at.refresh(read_sources=False).success
        assert at.attempted() == dict.fromkeys(MONTHS, "published")
        newest = shop.ledger.attempts_of(["shop/orders"])[-1]
        assert newest.facts[READ] == {"rows": 2, "from": "600", "to": "601"}
        assert isinstance(at.follow(), dg.SkipReason)
    expected = revenue_by_month()
    assert shop.months("revenue") == expected | {"2024-02": expected["2024-02"] + 8}


def test_where_their_asset_is_not_known_it_is_read_and_said(shop: Shop, tmp_path: Path) -> None:
    with project(shop, tmp_path, asset="their/other") as at:
        result = at.refresh()
        assert result.success
        said = [entry.user_message for entry in at.instance.all_logs(result.run_id)]
    assert any("knows nothing of their/other" in text for text in said)


def test_what_was_withheld_for_them_is_not_published_where_nothing_is_known(
    shop: Shop, tmp_path: Path
) -> None:
    with project(shop, tmp_path / "theirs", stock=True, failing=True) as at:
        at.run_theirs()
        at.refresh()
        (tmp_path / "another").mkdir()
        with dg.DagsterInstance.local_temp(str(tmp_path / "another")) as another:
            at.instance = another
            at.refresh()
        assert at.attempted() == {}


def test_a_run_of_theirs_that_is_under_way_is_waited_for(shop: Shop, tmp_path: Path) -> None:
    with project(shop, tmp_path) as at:
        at.run_theirs()
        assert at.refresh().success
        begun = at.instance.create_run_for_job(
            at.defs.resolve_job_def("their_job"),
            status=dg.DagsterRunStatus.STARTED,
            asset_selection=frozenset({THEIRS}),
        )
        at.instance.report_dagster_event(
            dg.DagsterEvent.build_asset_materialization_planned_event(
                "their_job", "their__orders", dg._core.events.AssetMaterializationPlannedData(THEIRS)
            ),
            begun.run_id,
        )
        assert at.refresh().success
        assert at.attempted() == {}
        assert isinstance(at.follow(), dg.SkipReason)


@pytest.mark.parametrize(
    ("age", "chosen", "waits"),
    [
        (timedelta(minutes=5), dg.AssetKey([*PREFIX, "metrics", "revenue"]), True),
        (timedelta(hours=3), dg.AssetKey([*PREFIX, "metrics", "revenue"]), False),
        (timedelta(minutes=5), THEIRS, False),
    ],
)
def test_a_backfill_that_will_compute_ours_is_waited_for_a_while(
    shop: Shop, tmp_path: Path, age: timedelta, chosen: dg.AssetKey, waits: bool
) -> None:
    """A backfill of the whole graph makes theirs in one run, then ours in another."""
    with project(shop, tmp_path) as at:
        at.run_theirs()
        begun = datetime.now(tz=UTC) - age
        asked = PartitionBackfill(
            "filling", BulkActionStatus.REQUESTED, False, {}, begun.timestamp(), asset_selection=[chosen]
        )
        at.instance.add_backfill(asked)
        assert isinstance(at.follow(), dg.SkipReason if waits else dg.RunRequest)


def test_a_key_that_is_taken_is_an_error_that_says_key_prefix(shop: Shop) -> None:
    @dg.asset(key=["metrics", "revenue"])
    def taken() -> None: ...

    with pytest.raises(UsageError, match=r"metrics/revenue: already an asset .*set key_prefix"):
        build_definitions(shop.center, home=shop.home, beside=dg.Definitions(assets=[taken]))


def test_a_source_that_is_its_own_copy_is_refused(shop: Shop) -> None:
    shop.edit("sources/shop.yaml", "    label: Orders\n", "    label: Orders\n    asset: shop/orders\n")
    with pytest.raises(DefinitionError, match="key_prefix"):
        build_definitions(shop.center, home=shop.home)


def test_two_centers_stand_in_one_project(shop: Shop, tmp_path: Path) -> None:
    other = shop.copy(tmp_path / "other")
    other.edit("center.yaml", "name: small_shop", "name: other_shop")
    both = dg.Definitions.merge(
        build_definitions(shop.center, home=shop.home, key_prefix="one"),
        build_definitions(other.center, home=other.home, key_prefix=["two", "shops"]),
    )
    names = {job.name for job in both.resolve_all_job_defs()}
    assert {"small_shop_refresh", "other_shop_refresh"} <= names
