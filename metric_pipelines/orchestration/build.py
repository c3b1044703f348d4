"""Assembles a center's Dagster definitions from its graph."""

from __future__ import annotations

import warnings
from datetime import date
from pathlib import Path

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.effective import write_effective
from metric_pipelines.ledger.ledger import Ledger, sqlite_url
from metric_pipelines.orchestration.alerting import Alarm
from metric_pipelines.orchestration.assets import DEFINITIONS_TAG, LAKE, OpenWorkshop, assets_of
from metric_pipelines.orchestration.automation import follow, nightly
from metric_pipelines.orchestration.names import Names, keep, refuse_own_assets
from metric_pipelines.orchestration.refresh_job import Announce, Means, refresh_job, with_epoch
from metric_pipelines.orchestration.resources import LakeResource
from metric_pipelines.orchestration.site_asset import SITE, SITE_JOB, site_asset
from metric_pipelines.orchestration.their_assets import ask
from metric_pipelines.publication.upstream import nothing_known
from metric_pipelines.publication.workshop import Workshop, open_workshop


def build_definitions(
    center: Center,
    home: Path,
    announce: Announce = lambda _: None,
    names: Names | None = None,
    *,
    schedule: bool = True,
    sensor: bool = True,
    site: bool = True,
    executor: bool = True,
) -> dg.Definitions:
    """Assets, checks, the jobs `assets`, `refresh` and `build_site`, the schedule `nightly` and the sensor
    `follow` of a center.

    `home` is the folder for everything that is written; `announce` is told what a refresh is about to
    compute. `executor`: whether what is launched in the UI runs in one process, too; in a project of somebody
    else that is theirs to say.
    """
    ledger, names = Ledger(sqlite_url(home / "ledger.sqlite")), names or Names()
    keep(ledger, names)
    tags = {DEFINITIONS_TAG: write_effective(center, home)}
    open_shop = _opener(center, home, ledger)
    with warnings.catch_warnings():  # partitioned checks are preview, wide mappings beta: both are pinned
        warnings.simplefilter("ignore", dg.PreviewWarning)
        warnings.simplefilter("ignore", dg.BetaWarning)
        shop = open_shop(ask_sources=False)
        refuse_own_assets(center, shop.graph, names)
        assets = assets_of(shop, open_shop, tags[DEFINITIONS_TAG], names)
        products = [site_asset(shop.graph, open_shop, names)] if site else []
    everything = dg.define_asset_job(
        names.name("assets"),
        selection=dg.AssetSelection.assets(*assets),
        tags=tags,
        executor_def=dg.in_process_executor,
    )
    resources = {names.name(LAKE): LakeResource(folder=str(home / "lake"))}
    own = dg.Definitions(assets=assets, jobs=[everything], resources=resources)
    job_of_all = names.name("assets")
    means = Means(open_shop, lambda: own.resolve_job_def(job_of_all), announce, names, site)
    refresh = refresh_job(means, tags, Alarm(center, ledger))
    pages = _site_job(names) if site else None
    return dg.Definitions(
        assets=[*assets, *products],
        jobs=[everything, refresh, *([pages] if pages else [])],
        schedules=[nightly(center, refresh, names)] if schedule else [],
        sensors=[follow(refresh, pages, open_shop, names)] if sensor else [],
        resources=resources,
        executor=dg.in_process_executor if executor else None,
    )


def _site_job(names: Names) -> UnresolvedAssetJobDefinition:
    return dg.define_asset_job(names.name(SITE_JOB), selection=dg.AssetSelection.assets(names.asset(SITE)))


def _opener(center: Center, home: Path, ledger: Ledger) -> OpenWorkshop:
    asks = any(table.asset for source in center.sources.values() for table in source.tables.values())

    def open_shop(
        *,
        ask_sources: bool,
        instance: dg.DagsterInstance | None = None,
        run_id: str = "",
        epoch: str | None = None,
        today: date | None = None,
    ) -> Workshop:
        shop = open_workshop(
            center,
            home,
            ledger,
            ask_sources=ask_sources,
            today=today,
            ask_upstream=nothing_known
            if instance is None or not asks
            else (lambda: ask(instance, center, run_id)),
        )
        return with_epoch(shop, epoch)

    return open_shop
