"""A center in anybody's Dagster project: its definitions to merge, and the component of three lines of YAML.

Their executor, run launcher and storage stay theirs. All names of ours begin with the center's; asset keys
may have a prefix. The home folder has to be the same place for all processes that compute.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

import dagster as dg
from dagster.components import ComponentLoadContext, ScaffoldRequest, scaffold_component
from pydantic import BaseModel, Field

from metric_pipelines.errors import UsageError
from metric_pipelines.exchange.new_center import make_center
from metric_pipelines.orchestration.build import build_definitions as assemble
from metric_pipelines.orchestration.dbt_copies import refuse_relative_paths
from metric_pipelines.orchestration.names import Names
from metric_pipelines.settings import CENTER_FILE, INSIDE, SHIPPED, Settings, is_dbt

KeyPrefix = str | Sequence[str] | None


def build_definitions(
    center: str | Path,
    *,
    home: str | Path | None = None,
    key_prefix: KeyPrefix = None,
    schedule: bool = True,
    sensor: bool = True,
    site: bool = True,
    beside: dg.Definitions | None = None,
) -> dg.Definitions:
    """A center's assets, checks, jobs, schedule, sensor and resource, to be merged into other definitions.

    `center` is its folder, the name of a shipped one, or a dbt project or manifest, whose tables are tied to
    the assets of dagster-dbt; `home` the folder for everything that is written (default: `data/` in the
    center's folder, where the command line looks, too).
    `key_prefix` goes before all asset keys; jobs, schedule, sensor and ops begin with the center's name.
    `beside` are the definitions that these are merged with: where it is given, clashes of keys are said here.

    Raises: InvalidCenterError with every problem of the center; DefinitionError where a source table is said
    to be the copy of one of our own assets; UsageError for a folder without a center, or a key that is taken.
    """
    folder = _folder_of(center)
    settings = Settings(center=str(folder), home=_home_of(folder, home))
    loaded = settings.load_rehearsed(dbt_assets=True)
    names = Names(_parts(key_prefix), loaded.settings.name)
    built = assemble(
        loaded,
        settings.home_folder,
        names=names,
        schedule=schedule,
        sensor=sensor,
        site=site,
        executor=False,
    )
    if beside is not None:
        _refuse_clashes(names, built, beside)
    return built


def _folder_of(center: str | Path) -> Path:
    folder = Path(center).expanduser().resolve()
    if is_dbt(folder):
        return folder
    if not (folder / CENTER_FILE).is_file() and (SHIPPED / str(center) / CENTER_FILE).is_file():
        return SHIPPED / str(center)
    if not (folder / CENTER_FILE).is_file():
        remedy = f"metric-pipelines init {folder} makes a new one"
        raise UsageError(str(folder), f"no {CENTER_FILE} there", "the folder of a metric center", remedy)
    return folder


def _home_of(folder: Path, home: str | Path | None) -> Path | None:
    if home is not None or is_dbt(folder):
        return Path(home).expanduser().resolve() if home is not None else None
    if SHIPPED in folder.parents:
        return Path.cwd() / "data"
    return (folder.parent if folder.name == INSIDE else folder) / "data"


def _parts(prefix: KeyPrefix) -> tuple[str, ...]:
    parts = tuple((prefix.split("/") if isinstance(prefix, str) else prefix) or ())
    if any(not part or "/" in part for part in parts):
        raise UsageError(
            "key_prefix", repr(prefix), "parts of an asset key: analytics, or [analytics, metrics]"
        )
    return parts


def _refuse_clashes(names: Names, built: dg.Definitions, beside: dg.Definitions) -> None:
    taken = sorted("/".join(key.path) for key in _keys(built) & _keys(beside))
    if taken:
        prefix = "/".join(names.prefix) or "none"
        raise UsageError(
            "key_prefix",
            f"{', '.join(taken[:5])}: already an asset of this project (key_prefix: {prefix})",
            "keys of our assets that nobody else uses",
            f"set key_prefix, such as {names.called or 'metrics'}",
        )


def _keys(definitions: dg.Definitions) -> set[dg.AssetKey]:
    """The keys of its assets, without resolving anything."""
    found: set[dg.AssetKey] = set()
    for asset in definitions.assets or ():
        if isinstance(asset, dg.AssetsDefinition):
            found |= set(asset.keys)
        elif isinstance(asset, dg.AssetSpec | dg.SourceAsset):
            found.add(asset.key)
    return found


class Scaffolded(BaseModel):
    """What `dg scaffold defs` may be told."""

    center: str | None = Field(
        default=None,
        description="Folder of the center, relative to the project; without it, a new center is made.",
    )
    key_prefix: str | None = Field(default=None, description="What goes before all asset keys.")


class CenterScaffolder(dg.Scaffolder[Scaffolded]):
    """Writes `defs.yaml`, and a new, working center where none is named."""

    @classmethod
    def get_scaffold_params(cls) -> type[Scaffolded]:
        return Scaffolded

    def scaffold(self, request: ScaffoldRequest[Scaffolded]) -> None:
        """Writes the files below the project."""
        root = request.project_root or request.target_path
        asked = request.params or Scaffolded()
        center = asked.center or f"centers/{request.target_path.name}"
        if asked.center is None and not (root / center / CENTER_FILE).exists():
            make_center(root / center, None, "en", date.today(), None)
        prefix = {"key_prefix": asked.key_prefix} if asked.key_prefix else {}
        scaffold_component(request, {"center": center, **prefix})


@dg.scaffold_with(CenterScaffolder)
class MetricCenter(dg.Component, dg.Model, dg.Resolvable):
    """A metric center: source tables, models and metrics as assets, published only when they pass."""

    center: Annotated[
        str,
        Field(description="Folder of the center, relative to the project; or the name of a shipped one."),
    ]
    home: Annotated[
        str | None,
        Field(
            default=None,
            description="Folder for everything that is written, relative to the project; the same for all "
            "processes that compute. Default: data/ in the center's folder.",
        ),
    ] = None
    key_prefix: Annotated[
        str | list[str] | None,
        Field(default=None, description="What goes before all asset keys: `analytics`, or a list of parts."),
    ] = None
    schedule: Annotated[
        bool, Field(default=True, description="Whether the nightly schedule is included.")
    ] = True
    sensor: Annotated[
        bool,
        Field(
            default=True,
            description="Whether the sensor is included that refreshes when an asset of yours was made anew, "
            "and after runs from the UI.",
        ),
    ] = True
    site: Annotated[bool, Field(default=True, description="Whether the static pages are an asset, too.")] = (
        True
    )

    def build_defs(self, context: ComponentLoadContext) -> dg.Definitions:
        """The center's definitions; folders are relative to the project."""
        inside = context.project_root / self.center
        if is_dbt(inside):
            refuse_relative_paths(inside, context.defs_module_path, os.environ)
        return build_definitions(
            inside if inside.exists() else self.center,
            home=None if self.home is None else context.project_root / Path(self.home).expanduser(),
            key_prefix=self.key_prefix,
            schedule=self.schedule,
            sensor=self.sensor,
            site=self.site,
        )


__all__ = ["MetricCenter", "build_definitions"]
