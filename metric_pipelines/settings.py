"""Settings: METRIC_PIPELINES_* in the environment, and the project folder. Read by the front doors and
orchestration alone.

Without METRIC_PIPELINES_CENTER, the center is that of the folder you stand in (a `center.yaml` in it, in its
`center/`, or in a folder above), else the shipped one. A project is a folder with a center of its own: its
`data/` is the home, its `dagster.yaml` and `workspace.yaml` are used.
"""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from metric_pipelines.errors import UsageError

if TYPE_CHECKING:
    from metric_pipelines.dictionary.center_files import Center

PACKAGE = Path(__file__).parent
SHIPPED = PACKAGE / "centers"
DEFAULT = "retail"
CENTER_FILE = "center.yaml"
DBT_PROJECT = "dbt_project.yml"
FROM_DBT = "dbt_center"
"""The folder in the home where the center of a dbt project is kept."""
WORKSPACE = "workspace.yaml"
INSIDE = "center"
"""A project may keep its center in this folder."""


def center_here(folder: Path) -> Path | None:
    """The folder of the center that somebody stands in, in `folder`; None where there is none.

    Folders above count only where they are one's own: anybody may put a file into /tmp.
    """
    for place in (folder, *folder.parents):
        if place != folder and place.stat().st_uid != os.getuid():
            return None
        for center in (place, place / INSIDE):
            if (center / CENTER_FILE).is_file():
                return center
    return None


def is_dbt(path: Path) -> bool:
    """Whether a center is a dbt project, or a manifest that dbt wrote."""
    manifest = path.suffix.lower() == ".json" and path.is_file()
    return manifest or ((path / DBT_PROJECT).is_file() and not (path / CENTER_FILE).is_file())


class Settings(BaseSettings):
    """What can be set from outside."""

    model_config = SettingsConfigDict(env_prefix="METRIC_PIPELINES_", env_ignore_empty=True, extra="ignore")

    center: str | None = Field(
        default=None,
        description=(
            "Folder of the center, the name of a shipped one, or a dbt project (its folder, or a "
            "`semantic_manifest.json`); default: the center in the folder you stand in (or above), else "
            f"`{DEFAULT}`."
        ),
    )
    home: Path | None = Field(
        default=None,
        description=(
            "Folder for everything that is written; default: data/ of the project (of a shipped center other "
            f"than `{DEFAULT}`, a folder of its name in there; of a dbt project, in that)."
        ),
    )
    dbt_connection: str | None = Field(
        default=None,
        description=(
            "Where the relations stand of a center that is a dbt project, as a URL; default: as dbt's "
            "profile says."
        ),
    )
    lang: str | None = Field(
        default=None, description="Language of the command line: en or zh; default: the center's."
    )
    port: int = Field(default=3000, description="Port of the Dagster web server, on the loopback address.")
    dagster_url: str | None = Field(
        default=None,
        description="Address of the Dagster web server in links; default: the port on 127.0.0.1.",
    )

    @property
    def chosen(self) -> Path:
        """What is the center: its folder, or a dbt project's folder or manifest."""
        if not self.center:
            return center_here(Path.cwd()) or SHIPPED / DEFAULT
        shipped = SHIPPED / self.center
        if "/" not in self.center and shipped.is_dir():
            return shipped
        return Path(self.center).expanduser().resolve()

    @property
    def center_folder(self) -> Path:
        """The folder of the center; of a dbt project that where `load` keeps what it becomes."""
        return self.home_folder / FROM_DBT if is_dbt(self.chosen) else self.chosen

    def load(self) -> Center:
        """The definitions of the center.

        Raises: DefinitionError with every problem; of a dbt project also as `keep_dbt_center`.
        """
        # late: `--help` reads settings, and no definitions
        from metric_pipelines.dictionary.validation import load_valid_center

        return load_valid_center(self.kept_folder())

    def load_rehearsed(self, *, dbt_assets: bool = False) -> Center:
        """The definitions of the center, whose SQL runs over empty tables; `dbt_assets` ties those of a dbt
        project to dagster-dbt's assets.

        Raises: as `load`.
        """
        from metric_pipelines.publication.rehearsal import load_rehearsed

        return load_rehearsed(self.kept_folder(dbt_assets=dbt_assets))

    def kept_folder(self, *, dbt_assets: bool = False) -> Path:
        """The folder of the center; what a dbt project becomes is made there anew.

        Raises: as `keep_dbt_center`.
        """
        folder = self.center_folder
        if is_dbt(self.chosen):
            from metric_pipelines.publication.dbt_folder import keep_dbt_center

            keep_dbt_center(
                self.chosen, folder, self.dbt_connection, os.environ, date.today(), assets=dbt_assets
            )
        return folder

    @property
    def project_folder(self) -> Path:
        """The center's own project: its folder, or that around its `center/`, where it has a workspace or is
        stood in; else the checkout this package is installed from, or the current folder.
        """
        center, here = self.chosen, Path.cwd()
        if is_dbt(center):
            folder = center.parent if center.is_file() else center
            return folder.parent if folder.name == "target" else folder
        if SHIPPED not in center.parents:
            around = center.parent if center.name == INSIDE else center
            if (around / WORKSPACE).is_file() or center_here(here) == center:
                return around
        checkout = PACKAGE.parent
        return checkout if (checkout / WORKSPACE).exists() else here

    @property
    def home_folder(self) -> Path:
        """The folder for everything that is written; two shipped centers never share one by default.

        Raises: UsageError for a path with ? or %, which Dagster takes for something else.
        """
        center = self.chosen
        shared = self.project_folder / "data"
        own = shared / center.name if center.parent == SHIPPED and center.name != DEFAULT else shared
        folder = (self.home or own).expanduser().resolve()
        if set("?%") & set(str(folder)):
            raise UsageError("METRIC_PIPELINES_HOME", str(folder), "a path without ? and %")
        return folder

    @property
    def dagster_address(self) -> str:
        """Where people find the Dagster web server."""
        return (self.dagster_url or f"http://127.0.0.1:{self.port}").rstrip("/")
