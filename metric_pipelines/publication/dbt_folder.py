"""A dbt project that is the center itself: what it becomes, kept in a folder and made anew when the project,
its connection or this package changes.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

from filelock import FileLock

from metric_pipelines.dictionary.graph import digest
from metric_pipelines.dictionary.yaml_types import Owners
from metric_pipelines.errors import UsageError
from metric_pipelines.exchange.dbt.dagster_assets import AssetKeys, asset_keys
from metric_pipelines.exchange.dbt.reading import label_of, read_dbt
from metric_pipelines.ingest.drafting import understood
from metric_pipelines.publication.dbt_center import Wanted, dbt_center, relations_read

SOURCE, DEPARTMENT, OWNER = "dbt", "imported", "owner@example.com"
"""What an imported center is given until its owners say otherwise."""
STAMP, TIED = ".made_of", " with assets"
"""A file that says what a kept center was made of, and at its end whether its tables name dbt's assets."""


def keep_dbt_center(
    project: Path,
    folder: Path,
    connection: str | None,
    environment: Mapping[str, str],
    today: date,
    *,
    assets: bool = False,
) -> None:
    """Writes the center of a dbt project or manifest to `folder`, below its home, unless it stands there.

    With `assets` its tables are tied to the assets of dagster-dbt; one that is tied stays so for whoever
    reads it without.

    Raises: UsageError (nobody says where the relations stand; dbt wrote no `manifest.json` to tell assets
    by), DefinitionError, InvalidCenterError, SourceDataError, SourceUnavailableError; the folder is as it
    was then.
    """
    read, home = read_dbt(project, environment), folder.parent
    where = _without_password(connection, home) if connection else read.connection
    if where is None:
        remedy = "METRIC_PIPELINES_DBT_CONNECTION, or metric-pipelines import dbt PATH --connection URL"
        raise UsageError(str(project), "dbt's profile does not say where the relations stand", "", remedy)
    home.mkdir(parents=True, exist_ok=True)
    with FileLock(home / f"{folder.name}.lock"):
        stamp = folder / STAMP
        kept = stamp.read_text(encoding="utf-8") if stamp.is_file() else ""
        tied = assets or kept.endswith(TIED)
        keys = _keys(project, read.manifest, environment) if tied else {}
        parts = [read.manifest, where, version("metric-pipelines"), *([sorted(keys.items())] if tied else [])]
        made_of = digest(parts) + (TIED if tied else "")
        if kept == made_of:
            return
        owners = Owners(business=OWNER, technical=OWNER)
        wanted = Wanted(SOURCE, where, label_of(project), DEPARTMENT, owners, today, keys)
        made = dbt_center(read, wanted, None, home, environment.get, lambda _: None)
        _replace(folder, {**made.files, STAMP: made_of})


def _keys(project: Path, manifest: Mapping[str, Any], environment: Mapping[str, str]) -> AssetKeys:
    """The assets behind the relations that are read; others come and go without a word here."""
    known = asset_keys(project, environment)
    return {relation: known[relation] for relation in relations_read(manifest) if relation in known}


def _without_password(connection: str, home: Path) -> str:
    given = understood(connection, SOURCE, home, Path.cwd())
    if given.secrets:
        found, expected = "a password", "a variable of the environment in its place: ${NAME}"
        raise UsageError("METRIC_PIPELINES_DBT_CONNECTION", found, expected)
    return given.connection


def _replace(folder: Path, texts: Mapping[str, str]) -> None:
    """All files at once: a reader finds the old ones or the new ones."""
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as beside:
        made, old = Path(beside) / "new", Path(beside) / "old"
        for name, text in texts.items():
            (made / name).parent.mkdir(parents=True, exist_ok=True)
            (made / name).write_text(text, encoding="utf-8")
        if folder.exists():
            shutil.move(folder, old)
        shutil.move(made, folder)
