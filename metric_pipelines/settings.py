"""Settings: METRIC_PIPELINES_* in the environment, and the project folder. Read by the front doors and
orchestration alone.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

PACKAGE = Path(__file__).parent
SHIPPED = PACKAGE / "centers"


def project_folder() -> Path:
    """The checkout this package is installed from, or else the current folder."""
    checkout = PACKAGE.parent
    return checkout if (checkout / "workspace.yaml").exists() else Path.cwd()


class Settings(BaseSettings):
    """What can be set from outside."""

    model_config = SettingsConfigDict(env_prefix="METRIC_PIPELINES_", extra="ignore")

    center: str = Field(default="retail", description="Folder of the center, or the name of a shipped one.")
    home: Path | None = Field(
        default=None, description="Folder for everything that is written; default: data/ of the project."
    )
    lang: str | None = Field(
        default=None, description="Language of the command line: en or zh; default: the center's."
    )
    port: int = Field(default=3000, description="Port of the Dagster web server, on the loopback address.")

    @property
    def center_folder(self) -> Path:
        """The folder of the center."""
        shipped = SHIPPED / self.center
        return (
            shipped
            if "/" not in self.center and shipped.is_dir()
            else Path(self.center).expanduser().resolve()
        )

    @property
    def dagster_url(self) -> str:
        """The address of the Dagster web server."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def home_folder(self) -> Path:
        """The folder for everything that is written."""
        return (self.home or project_folder() / "data").expanduser().resolve()
