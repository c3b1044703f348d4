"""Reads what a dbt project says of its metrics: a semantic manifest, a project's folder, or YAML.

Belongs here: which reader a path gets. Stays out: the readers (`semantic_manifest.py`, `yaml_manifest.py`)
and what becomes of a manifest (`carry_over.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metric_pipelines.errors import UsageError
from metric_pipelines.exchange.dbt.jinja import JinjaValues
from metric_pipelines.exchange.dbt.json_file import read_json
from metric_pipelines.exchange.dbt.notes import Note
from metric_pipelines.exchange.dbt.project import YAML, Project, files_below, project_around
from metric_pipelines.exchange.dbt.semantic_manifest import completed, metricflow_documents
from metric_pipelines.exchange.dbt.yaml_documents import YamlDocument, read_documents
from metric_pipelines.exchange.dbt.yaml_manifest import manifest_of

EXPECTED = "a semantic_manifest.json, a dbt project's folder, or YAML of semantic models and metrics"
MANIFEST = "semantic_manifest.json"
METRICFLOW_KEYS = {"semantic_model", "metric", "saved_query", "project_configuration"}


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


def read_dbt(
    path: Path,
    environment: Mapping[str, str] | None = None,
    variables: Mapping[str, str] | None = None,
    target: str | None = None,
) -> DbtProject:
    """The dbt project at `path`: a JSON file, a folder, or a YAML file.

    `environment` answers `env_var`, HOME and DBT_PROFILES_DIR; `variables` answer `var` before the
    project's own, and what MetricFlow's YAML writes as `$name`; `target` names the profile's output.

    Raises: UsageError (no such path), DefinitionError and InvalidCenterError (what stands there cannot be
    read, is of a newer schema, or refused by MetricFlow).
    """
    if not path.exists():
        raise UsageError(str(path), "no such file or folder", EXPECTED)
    project = project_around(path, environment or {}, variables or {}, target)
    if path.is_file() and path.suffix.lower() == ".json":
        return _of_manifest(path, project)
    if path.is_file() and not path.name.lower().endswith(YAML):
        raise UsageError(str(path), f"a {path.suffix or 'nameless'} file", EXPECTED)
    whole = path.is_dir() and project is not None and path.resolve() == project.folder.resolve()
    files = project.yaml_files if project and whole else _files(path)
    written, stale = _written(path, project if whole else None, files)
    if written:
        return _of_manifest(written, project)
    values = project.values if project else JinjaValues(environment or {}, variables or {})
    return _of_yaml(path, files, project, values, variables or {}, stale)


def label_of(path: Path) -> str:
    """A name for the dbt project at `path`: its folder's, where a file in it or its `target` was named."""
    whole = path.expanduser().resolve()
    folder = whole.parent if whole.is_file() else whole
    return folder.parent.name if folder.name == "target" else folder.name


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else list(files_below(path, YAML))


def _written(path: Path, project: Project | None, files: list[Path]) -> tuple[Path | None, list[Note]]:
    """The manifest that dbt wrote, unless the YAML has changed since."""
    folder = project.written if project else path
    written = folder / MANIFEST
    if not written.is_file():
        return None, []
    if not project or all(file.stat().st_mtime <= written.stat().st_mtime for file in files):
        return written, []
    text = "older than the YAML, which is read instead: dbt parse writes it anew"
    return None, [Note("stale_manifest", str(written), text)]


def _of_manifest(path: Path, project: Project | None) -> DbtProject:
    manifest, notes = completed(read_json(path), str(path))
    return _project(manifest, project, notes)


def _of_yaml(
    path: Path,
    files: list[Path],
    project: Project | None,
    values: JinjaValues,
    variables: Mapping[str, str],
    notes: list[Note],
) -> DbtProject:
    documents = [document for file in files for document in read_documents(file)]
    if any(_is_metricflow(document) for document in documents):
        metricflow = [document for document in documents if _is_metricflow(document)]
        raw, found = metricflow_documents(metricflow, variables, str(path)), _unread(documents)
    else:
        around = [d for file in project.yaml_files for d in read_documents(file)] if project else documents
        raw, found = manifest_of(documents, around, project, values, str(path))
    manifest, more = completed(raw, str(path))
    return _project(manifest, project, [*notes, *found, *more])


def _is_metricflow(document: YamlDocument) -> bool:
    return isinstance(document.value, dict) and bool(METRICFLOW_KEYS & document.value.keys())


def _unread(documents: list[YamlDocument]) -> list[Note]:
    """A note on each document that is none of MetricFlow's, in a folder where others are."""
    text = "not in MetricFlow's form as the others are: not read"
    return [Note("unread", d.where(), text) for d in documents if not _is_metricflow(d)]


def _project(manifest: dict[str, Any], project: Project | None, notes: list[Note]) -> DbtProject:
    if project is None:
        return DbtProject(manifest, None, tuple(notes))
    return DbtProject(manifest, project.target.connection, (*notes, *project.target.notes))
