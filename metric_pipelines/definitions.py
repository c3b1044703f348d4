"""The code location Dagster loads: the center of METRIC_PIPELINES_CENTER as a graph of assets."""

import dagster as dg

from metric_pipelines.orchestration.build import build_definitions
from metric_pipelines.settings import Settings


@dg.definitions
def defs() -> dg.Definitions:
    """The assets, checks, job, schedule and sensor of the center."""
    settings = Settings()
    return build_definitions(settings.load_rehearsed(), settings.home_folder)
