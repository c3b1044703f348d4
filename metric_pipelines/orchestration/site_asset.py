"""The product asset `site`: the dictionary as static pages, built after the metrics it shows.

It is built by hand in the UI, at the end of a refresh that moved anything, or by the sensor `follow` after
runs of the UI that leave nothing to refresh. A site that cannot be built is said, in the run and on the
command line, and fails no refresh: the numbers are published without it.
"""

import os
import traceback
from typing import Any

import dagster as dg

from metric_pipelines.dictionary.graph import Graph
from metric_pipelines.errors import MetricPipelinesError
from metric_pipelines.ledger.ledger import now
from metric_pipelines.orchestration.assets import OpenWorkshop
from metric_pipelines.orchestration.names import Names
from metric_pipelines.orchestration.reaper import tag_process
from metric_pipelines.publication.workshop import Workshop
from metric_pipelines.settings import Settings
from metric_pipelines.site.writing import NOT_BUILT, Site, assets_address, build_site, is_current

SITE = "site"
SITE_JOB = "build_site"
GROUP = "products"


def site_asset(graph: Graph, open_shop: OpenWorkshop, names: Names) -> dg.AssetsDefinition:
    """The asset; it reads all metrics, in all their months."""
    every = dg.AllPartitionMapping()
    deps = [
        dg.AssetDep(names.asset(node.key), partition_mapping=every if node.partitioned else None)
        for node in graph.of_kind("metric")
    ]

    @dg.asset(
        key=names.asset(SITE),
        group_name=GROUP,
        deps=deps,
        kinds={"html"},
        description="The dictionary as static pages: site/index.html below the home folder.",
        tags={"layer": "product"},
    )
    def site(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
        tag_process(context.op_execution_context)
        shop = open_shop(ask_sources=False)
        built = build_site(shop, assets_address(Settings().dagster_address, shop.ledger), now())
        shop.ledger.note(NOT_BUILT, "")
        return dg.MaterializeResult(metadata=_metadata(built))

    return site


def build_after_refresh(context: dg.OpExecutionContext, shop: Workshop, names: Names) -> None:
    """Builds the site anew where it would say anything new, and tells Dagster; what goes wrong is said."""
    address = assets_address(Settings().dagster_address, shop.ledger)
    try:
        if is_current(shop, address):
            return
        built = build_site(shop, address, now())
    except Exception as error:  # noqa: BLE001 (the edge of the refresh: pages must not fail published numbers)
        context.log.error(f"the site could not be built: {_said(error)}\n{traceback.format_exc()}")
        shop.ledger.note(NOT_BUILT, _said(error)[:200])
        return
    shop.ledger.note(NOT_BUILT, "")
    context.log_event(dg.AssetMaterialization(names.asset(SITE), metadata=_metadata(built)))


def _said(error: Exception) -> str:
    return error.message() if isinstance(error, MetricPipelinesError) else f"{type(error).__name__}: {error}"


def _metadata(built: Site) -> dict[str, Any]:
    return {
        "index": dg.MetadataValue.path(os.fspath(built.index)),
        "pages": built.pages,
        "megabytes": round(built.size / 1e6, 2),
        "seconds": round(built.seconds, 2),
    }
