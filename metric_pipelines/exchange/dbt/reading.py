"""Reads what a dbt project says of its metrics: a semantic manifest, a project's folder, or YAML.

Belongs here: which reader a path gets. Stays out: the readers (`semantic_manifest.py`, ...) and what becomes
of a manifest here (`carry_over.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metric_pipelines.errors import UsageError
from metric_pipelines.exchange.dbt.json_file import read_json
from metric_pipelines.exchange.dbt.notes import Note
from metric_pipelines.exchange.dbt.semantic_manifest import completed

EXPECTED = "a semantic_manifest.json, a dbt project's folder, or YAML of semantic models and metrics"


@dataclass(frozen=True)
class DbtProject:
    """What was read of a dbt project.

    `manifest` has the form of dbt's `semantic_manifest.json` after MetricFlow's transformations (measures are
    simple metrics), as plain JSON values. `connection` is an SQLAlchemy-like URL of the database where
    the relations stand, secrets as `${VARIABLE}`; None where it is not known. `notes` say what was not
    carried over or needs a look.
    """

    manifest: dict[str, Any]
    connection: str | None = None
    notes: tuple[Note, ...] = ()


def read_dbt(path: Path, environment: Mapping[str, str] | None = None) -> DbtProject:
    """The dbt project at `path`: a JSON file, a folder, or a YAML file.

    Raises: UsageError (no such path), DefinitionError and InvalidCenterError (what stands there cannot be
    read, is of a newer schema, or refused by MetricFlow).
    """
    if not path.exists():
        raise UsageError(str(path), "no such file or folder", EXPECTED)
    if path.is_file() and path.suffix.lower() == ".json":
        return _manifest_file(path)
    raise UsageError(str(path), "no dbt project", EXPECTED)


def _manifest_file(path: Path) -> DbtProject:
    manifest, notes = completed(read_json(path), str(path))
    return DbtProject(manifest, None, tuple(notes))
