"""Assembles a center's Dagster definitions from its graph."""

from __future__ import annotations

import warnings
from datetime import date
from pathlib import Path

import dagster as dg

from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.effective import write_effective
from metric_pipelines.ledger.ledger import Ledger, sqlite_url
from metric_pipelines.orchestration.alerting import Alarm
from metric_pipelines.orchestration.assets import DEFINITIONS_TAG, assets_of
from metric_pipelines.orchestration.automation import follow, nightly
from metric_pipelines.orchestration.refresh_job import Announce, refresh_job, with_epoch
from metric_pipelines.orchestration.resources import LakeResource
from metric_pipelines.orchestration.site_asset import SITE, SITE_JOB, site_asset
from metric_pipelines.publication.workshop import Workshop, open_workshop


def build_definitions(center: Center, home: Path, announce: Announce = lambda _: None) -> dg.Definitions:
    """Assets, checks, the jobs `assets`, `refresh` and `build_site`, the schedule `nightly` and the sensor
    `follow` of a center.

    `home` is the folder for everything that is written; `announce` is told what a refresh is about to
    compute.
    """
    ledger = Ledger(sqlite_url(home / "ledger.sqlite"))
    tags = {DEFINITIONS_TAG: write_effective(center, home)}

    def open_shop(*, ask_sources: bool, epoch: str | None = None, today: date | None = None) -> Workshop:
        return with_epoch(open_workshop(center, home, ledger, ask_sources=ask_sources, today=today), epoch)

    with warnings.catch_warnings():  # partitioned checks are preview, wide mappings beta: both are pinned
        warnings.simplefilter("ignore", dg.PreviewWarning)
        warnings.simplefilter("ignore", dg.BetaWarning)
        shop = open_shop(ask_sources=False)
        assets = assets_of(shop, open_shop, tags[DEFINITIONS_TAG])
        products = [site_asset(shop.graph, open_shop)]
    computed = dg.AssetSelection.assets(*assets)
    everything = dg.define_asset_job("assets", selection=computed, tags=tags)
    refresh = refresh_job(
        open_shop, lambda: defs.resolve_job_def("assets"), announce, tags, Alarm(center, ledger)
    )
    site = dg.define_asset_job(SITE_JOB, selection=dg.AssetSelection.assets(SITE))
    defs = dg.Definitions(
        assets=[*assets, *products],
        jobs=[everything, refresh, site],
        schedules=[nightly(center, refresh)],
        sensors=[follow(refresh, site, open_shop)],
        resources={"lake": LakeResource(folder=str(home / "lake"))},
        executor=dg.in_process_executor,
    )
    return defs
