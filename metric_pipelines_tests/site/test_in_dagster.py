"""The site as an asset of Dagster's: built after a refresh, linked both ways, and never a reason to fail."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg
import pytest

from metric_pipelines.dictionary.validation import load_valid_center
from metric_pipelines.orchestration import automation
from metric_pipelines.orchestration.build import build_definitions
from metric_pipelines.orchestration.site_asset import SITE_JOB
from metric_pipelines.settings import Settings
from metric_pipelines.site.writing import NOT_BUILT, is_behind
from metric_pipelines_tests.small_shop import Shop

SITE = dg.AssetKey("site")


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as found:
        yield found


def definitions(shop: Shop) -> dg.Definitions:
    return build_definitions(load_valid_center(shop.center), shop.home)


def refresh(shop: Shop, instance: dg.DagsterInstance) -> bool:
    job = definitions(shop).resolve_job_def("refresh")
    return job.execute_in_process(instance=instance, raise_on_error=False).success


def test_a_refresh_builds_it_when_anything_moved_and_tells_dagster(
    shop: Shop, instance: dg.DagsterInstance
) -> None:
    assert refresh(shop, instance)
    event = instance.get_latest_materialization_event(SITE)
    assert event is not None
    assert event.asset_materialization is not None
    index = shop.home / "site" / "index.html"
    assert event.asset_materialization.metadata["index"].value == str(index)
    assert index.is_file()
    assert refresh(shop, instance)
    assert len(instance.fetch_materializations(SITE, limit=9).records) == 1


def test_a_site_that_cannot_be_built_fails_no_refresh_and_is_said(
    shop: Shop, instance: dg.DagsterInstance
) -> None:
    (shop.home / "site.lock").mkdir()
    assert refresh(shop, instance)
    assert "site.lock" in (shop.ledger.noted(NOT_BUILT) or "")
    assert instance.get_latest_materialization_event(SITE) is None
    (shop.home / "site.lock").rmdir()
    assert refresh(shop, instance)
    assert shop.ledger.noted(NOT_BUILT) == ""


def followed(shop: Shop, instance: dg.DagsterInstance) -> tuple[str, dg.RunRequest | None]:
    """What the sensor `follow` says, and asks for."""
    found = definitions(shop)
    said = found.resolve_sensor_def("follow")(dg.build_sensor_context(instance=instance, definitions=found))
    if isinstance(said, dg.SkipReason):
        return said.skip_message or "", None
    assert isinstance(said, dg.RunRequest)
    return "", said


def test_the_sensor_has_it_built_after_runs_that_leave_nothing_due(
    shop: Shop, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    def obey(request: dg.RunRequest) -> bool:
        job = definitions(shop).resolve_job_def(request.job_name or "")
        tags = {**request.tags, "dagster/run_key": request.run_key or ""}
        return job.execute_in_process(instance=instance, tags=tags).success

    assert refresh(shop, instance)
    assert followed(shop, instance)[0] == "nothing is due"
    shop.sql("update orders set amount = 11 where order_id = 102")
    assert shop.refresh().troubles == []  # as runs of the UI do it: nobody builds the site
    _, request = followed(shop, instance)
    assert request is not None
    assert request.job_name == SITE_JOB
    before = (shop.home / "site" / "index.html").stat().st_ino
    assert obey(request)
    assert (shop.home / "site" / "index.html").stat().st_ino != before
    assert followed(shop, instance)[0] == "nothing is due"
    shop.sql("update orders set amount = 12 where order_id = 102")
    assert shop.refresh().troubles == []
    assert followed(shop, instance)[0] == "the site is behind; it is built every 60 seconds at most"
    monkeypatch.setattr(automation, "SITE_SECONDS", 0)
    assert followed(shop, instance)[1] is not None
    assert shop.refresh().troubles == []
    mark = shop.ledger.mark()
    again = followed(shop, instance)[1]
    assert again is not None
    assert again.run_key == f"site-{mark}-0"


def test_the_sensor_leaves_it_alone_before_anything_was_tried(
    fresh_shop: Shop, instance: dg.DagsterInstance
) -> None:
    assert not is_behind(fresh_shop.open(), Settings().dagster_address)


def test_it_is_a_product_that_reads_all_metrics(published_once: Shop) -> None:
    graph = definitions(published_once).resolve_asset_graph()
    node = graph.get(SITE)
    assert (node.group_name, node.partitions_def, graph.get_check_keys_for_assets({SITE})) == (
        "products",
        None,
        set(),
    )
    metrics = {key for key in graph.get_all_asset_keys() if key.path[0] == "metrics"}
    assert node.parent_keys == metrics


def test_it_is_built_by_hand_like_any_asset(shop: Shop, instance: dg.DagsterInstance) -> None:
    found = definitions(shop)
    asset = next(a for a in found.assets or () if isinstance(a, dg.AssetsDefinition) and SITE in a.keys)
    result = dg.materialize([asset], instance=instance, selection=[SITE])
    assert result.success
    assert (shop.home / "site" / "index.html").is_file()


def test_each_metric_names_its_card(published_once: Shop) -> None:
    graph = definitions(published_once).resolve_asset_graph()
    metadata = graph.get(dg.AssetKey(["metrics", "revenue"])).metadata
    assert metadata["card"].value == str(published_once.home / "site" / "metrics" / "revenue.html")
