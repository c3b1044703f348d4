"""The code location: dbt's assets in Python, as most projects have them, and all components below `defs/`."""

from pathlib import Path

import dagster as dg
from dagster_dbt import DbtCliResource, DbtProject, dbt_assets

ROOT = Path(__file__).parents[2]
project = DbtProject(ROOT / "dbt", profiles_dir=ROOT / "dbt")
(ROOT / "data").mkdir(exist_ok=True)
project.prepare_if_dev()
if not project.manifest_path.exists():  # outside of `dagster dev`, the first time
    project.preparer.prepare(project)


@dbt_assets(manifest=project.manifest_path)
def shop_dbt(context: dg.AssetExecutionContext, dbt: DbtCliResource):
    """Every seed and model of dbt; its tests are asset checks."""
    yield from dbt.cli(["build"], context=context).stream()


@dg.definitions
def defs() -> dg.Definitions:
    """dbt's assets, and the metric center of `defs/shop/defs.yaml`."""
    theirs = dg.Definitions(assets=[shop_dbt], resources={"dbt": DbtCliResource(project)})
    return dg.Definitions.merge(theirs, dg.load_from_defs_folder(path_within_project=Path(__file__).parent))
