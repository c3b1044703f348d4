"""A dbt project's folder: its settings, its YAML files, what dbt wrote into `target/`, and its relations."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from metric_pipelines.errors import UsageError
from metric_pipelines.exchange.dbt.jinja import JinjaValues, rendered
from metric_pipelines.exchange.dbt.json_file import read_json
from metric_pipelines.exchange.dbt.notes import Note
from metric_pipelines.exchange.dbt.profiles import Target, read_target
from metric_pipelines.exchange.dbt.relations import (
    Relations,
    settings_in_sql,
    settings_of,
    settings_on_the_way,
    written_relations,
    written_sources,
)
from metric_pipelines.exchange.dbt.yaml_documents import YamlDocument, read_documents, read_text

PROJECT_FILE = "dbt_project.yml"
PATHS = {
    "model-paths": ["models"],
    "seed-paths": ["seeds"],
    "snapshot-paths": ["snapshots"],
    "analysis-paths": ["analyses"],
    "macro-paths": ["macros"],
    "test-paths": ["tests"],
}
YAML = (".yml", ".yaml")
SKIPPED = {"target", "dbt_packages", "dbt_modules", "node_modules", "logs"}
MAX_FILES = 20_000


@dataclass(frozen=True)
class Project:
    """A folder with `dbt_project.yml`: its settings as plain values, the target of its profile."""

    folder: Path
    settings: dict[str, Any]
    target: Target
    values: JinjaValues = field(default_factory=JinjaValues)

    @property
    def name(self) -> str:
        """The project's name in `dbt_project.yml`."""
        return str(self.settings.get("name", ""))

    @property
    def written(self) -> Path:
        """The folder into which dbt writes."""
        return self.folder / str(self.settings.get("target-path") or "target")

    def folders(self, key: str) -> list[Path]:
        """The folders of one kind: `model-paths`, ..."""
        named = self.settings.get(key) or PATHS[key]
        return [self.folder / str(name) for name in (named if isinstance(named, list) else [named])]

    @cached_property
    def yaml_files(self) -> list[Path]:
        """All files that may define metrics: the YAML in any folder of the project, in order."""
        folders = {folder for key in PATHS for folder in self.folders(key) if folder.is_dir()}
        return sorted({file for folder in folders for file in files_below(folder, YAML)})


def project_around(
    path: Path, environment: Mapping[str, str], variables: Mapping[str, Any], target: str | None = None
) -> Project | None:
    """The project that a path is, or stands in; None where no folder above it has a `dbt_project.yml`.

    `variables` come before the project's own `vars`.
    """
    for folder in (path, *path.resolve().parents):
        if (folder / PROJECT_FILE).is_file():
            return _project(folder, environment, variables, target)
    return None


def _project(
    folder: Path, environment: Mapping[str, str], variables: Mapping[str, Any], target: str | None
) -> Project:
    documents = read_documents(folder / PROJECT_FILE)
    settings = documents[0].value if documents and isinstance(documents[0].value, dict) else {}
    values = JinjaValues(environment, {**_variables(settings), **variables})
    profile = rendered(
        str(settings.get("profile") or settings.get("name")), values, str(folder / PROJECT_FILE)
    )
    found = read_target(str(profile), folder, environment, target)
    return Project(folder, settings, found, JinjaValues(environment, values.variables, found.values()))


def _variables(settings: Mapping[str, Any]) -> dict[str, Any]:
    """`vars` of the project, those under its own name over the others."""
    found = settings.get("vars")
    variables = found if isinstance(found, dict) else {}
    own = variables.get(str(settings.get("name")))
    return {**variables, **(own if isinstance(own, dict) else {})}


def files_below(folder: Path, endings: tuple[str, ...]) -> Iterator[Path]:
    """Files with one of the endings, hidden and written folders left out.

    Raises: UsageError where there are more than 20,000.
    """
    count = 0
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in SKIPPED)
        for name in sorted(names):
            if name.lower().endswith(endings) and not name.startswith("."):
                count += 1
                yield Path(place) / name
        if count > MAX_FILES:
            raise UsageError(str(folder), f"more than {MAX_FILES:,} files", "a dbt project's folder")


def relations_of(project: Project | None, documents: list[YamlDocument]) -> Relations:
    """Where the project's relations stand: dbt's `manifest.json` first, then the settings."""
    models = [item for document in documents for item, _ in document.mappings("models")]
    versions = {item["name"]: _latest(item) for item in models if item.get("versions")}
    if project is None:
        return Relations(sources=_sources(documents), versions=versions)
    written = (
        read_json(project.written / "manifest.json") if (project.written / "manifest.json").is_file() else {}
    )
    written = written if isinstance(written, dict) else {}
    return Relations(
        known=written_relations(written),
        sources={**_sources(documents), **written_sources(written)},
        settings=_settings(project, models),
        versions=versions,
        schema=project.target.schema,
        database=project.target.database,
    )


def _latest(model: Mapping[str, Any]) -> Any:
    versions = [v.get("v") for v in model["versions"] if isinstance(v, dict)]
    numbers = [v for v in versions if isinstance(v, (int, float))]
    return model.get("latest_version") or (max(numbers) if numbers else max(map(str, versions), default=None))


def _sources(documents: list[YamlDocument]) -> dict[tuple[str, str], dict[str, Any]]:
    found = {}
    for document in documents:
        for source, _ in document.mappings("sources"):
            tables = source.get("tables")
            for table in tables if isinstance(tables, list) else []:
                if isinstance(table, dict):
                    found[(source["name"], str(table.get("name")))] = {**settings_of(source), **_plain(table)}
    return found


def _plain(table: Mapping[str, Any]) -> dict[str, Any]:
    return {key: table[key] for key in ("identifier",) if isinstance(table.get(key), str)}


def _settings(project: Project, models: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Schema, alias and database by a model's name: project, then properties, then the model's own SQL."""
    found: dict[str, dict[str, Any]] = {}
    for kind, endings in (("model", (".sql", ".py")), ("seed", (".csv",)), ("snapshot", (".sql",))):
        tree = project.settings.get(f"{kind}s")
        for folder in project.folders(f"{kind}-paths"):
            for file in files_below(folder, endings):
                way = (project.name, *file.relative_to(folder).parts[:-1], file.stem)
                found[file.stem] = settings_on_the_way(tree, way)
    for model in models:
        config = model.get("config")
        found.setdefault(model["name"], {}).update(settings_of(config if isinstance(config, dict) else {}))
    for folder in project.folders("model-paths"):
        for file in files_below(folder, (".sql",)):
            found[file.stem] |= settings_in_sql(read_text(file))
    return {name: rendered(s, project.values, str(project.folder)) for name, s in found.items()}


def own_schema_rule(project: Project) -> list[Note]:
    """A note where a macro of the project changes the schemas that dbt would choose."""
    files = [file for folder in project.folders("macro-paths") for file in files_below(folder, (".sql",))]
    rules = [file for file in files if "generate_schema_name" in read_text(file)]
    text = "the project names its schemas by a macro of its own: the schemas read here follow dbt's default"
    return [Note("relation", str(file), text) for file in rules]


def packages_with_metrics(project: Project) -> list[Note]:
    """A note for each installed package that defines semantic models: dbt reads them, the YAML here is the
    project's alone.
    """
    installed = project.folder / str(project.settings.get("packages-install-path") or "dbt_packages")
    packages = sorted(installed.iterdir()) if installed.is_dir() else []
    text = "its semantic models are not read: let dbt parse write the manifest, and name that"
    return [Note("unread", str(p), text) for p in packages if p.is_dir() and _has_semantics(p)]


def _has_semantics(package: Path) -> bool:
    return any("semantic_model" in read_text(file) for file in files_below(package / "models", YAML))
