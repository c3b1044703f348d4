"""Reads a center's folder into typed values, and collects every problem with its file and line.

    center.yaml   sources/<system>.yaml   models/<name>.yaml + <name>.sql   metrics/<department>/<name>.yaml
    alerts/<channel>.yaml   queries/<name>.yaml

Stays out: rules between files (`validation.py`), and what follows from them (`graph.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from metric_pipelines.dictionary.channel_definitions import Channel
from metric_pipelines.dictionary.definitions import CenterFile, Metric, Model
from metric_pipelines.dictionary.drafts import DraftMetric, MetricFile
from metric_pipelines.dictionary.reading_problems import reading_problems
from metric_pipelines.dictionary.saved_queries import SavedQuery
from metric_pipelines.dictionary.source_definitions import Source, SourceTable
from metric_pipelines.dictionary.yaml_file import YamlFile, read_yaml
from metric_pipelines.errors import DefinitionError, InvalidCenterError, Problem

T = TypeVar("T", bound=BaseModel)


@dataclass(frozen=True)
class Center:
    """A center as written: definitions by name, the SQL of each model, and where each stands.

    `metrics` are those that are computed; `drafts` stand beside them, and nothing derives from them.
    """

    folder: Path
    settings: CenterFile
    sources: dict[str, Source]
    models: dict[str, Model]
    sql: dict[str, str]
    metrics: dict[str, Metric]
    files: dict[str, YamlFile] = field(repr=False)
    drafts: dict[str, DraftMetric] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    queries: dict[str, SavedQuery] = field(default_factory=dict)

    def where(self, key: str, *location: str | int) -> str:
        """`file:line` of a place in the definition of `sources/<name>`, `models/<name>`, `metrics/<name>`,
        `alerts/<name>`, `queries/<name>` or `center`.
        """
        return self.files[key].where(location)

    def source_table(self, key: str) -> SourceTable | None:
        """The source table of an asset's key; None where it is a model's or a metric's."""
        system, _, table = key.partition("/")
        source = self.sources.get(system)
        return None if source is None else source.tables.get(table)

    def sql_file(self, model: str) -> Path:
        """The SQL file of a model."""
        return self.folder / "models" / f"{model}.sql"


def load_center(folder: Path) -> Center:
    """The center in `folder`, each file valid by itself.

    Raises: InvalidCenterError with every problem found, UnreadableFilesError where center.yaml can be read
    (`load_valid_center` in `validation.py` adds rules between files).
    """
    if folder.is_file():
        remedy = f"say {folder.parent}"
        raise DefinitionError(str(folder), "a file", "the folder that center.yaml stands in", remedy)
    if not (folder / "center.yaml").is_file():
        raise DefinitionError(
            str(folder),
            "no center.yaml",
            "a folder with a center",
            "check --center or METRIC_PIPELINES_CENTER",
        )
    reader = _Reader()
    settings = reader.one(folder / "center.yaml", "center", TypeAdapter(CenterFile))
    sources = reader.many(folder / "sources", "sources", TypeAdapter(Source))
    models = reader.many(folder / "models", "models", TypeAdapter(Model))
    written = reader.many(folder / "metrics", "metrics", TypeAdapter(MetricFile))
    drafts = {name: one for name, one in written.items() if isinstance(one, DraftMetric)}
    metrics = {name: one for name, one in written.items() if name not in drafts}
    channels = reader.many(folder / "alerts", "alerts", TypeAdapter(Channel))
    queries = reader.many(folder / "queries", "queries", TypeAdapter(SavedQuery))
    sql = {name: text for name in models for text in reader.sql(folder / "models" / f"{name}.sql")}
    reader.orphans(folder / "models", models)
    if settings is None:
        raise InvalidCenterError(str(folder), reader.problems)
    center = Center(folder, settings, sources, models, sql, metrics, reader.files, drafts, channels, queries)
    if reader.problems:
        raise UnreadableFilesError(center, reader.problems, reader.unread)
    return center


class UnreadableFilesError(InvalidCenterError):
    """Files that cannot be read by themselves, `unread`; `center` is what the others say."""

    def __init__(self, center: Center, problems: Sequence[Problem], unread: Collection[Path]) -> None:
        super().__init__(str(center.folder), problems)
        self.center, self.unread = center, unread


class _Reader:
    """Reads files one by one and keeps what went wrong."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.unread: set[Path] = set()
        self.files: dict[str, YamlFile] = {}

    def one(self, path: Path, key: str, kind: TypeAdapter[Any]) -> Any | None:
        try:
            file = read_yaml(path)
        except DefinitionError as error:
            self._refuse(path, Problem(error.where, error.found, error.expected, error.remedy))
            return None
        try:
            found = kind.validate_python(file.value)
        except ValidationError as error:
            self._refuse(path, *reading_problems(file, error, kind))
            return None
        self.files[key] = file
        return found

    def many(self, folder: Path, kind: str, adapter: TypeAdapter[Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        places: dict[str, Path] = {}
        for path in sorted(folder.rglob("*.yml")):
            self._refuse(
                path, Problem(f"{path}:1", f"{path.name} is not read", f"{path.stem}.yaml", "rename it")
            )
        for path in sorted(folder.rglob("*.yaml")):
            definition = self.one(path, f"{kind}/{path.stem}", adapter)
            if definition is None:
                continue
            if definition.name != path.stem:
                expected = f"name: {path.stem}, or a file {definition.name}.yaml"
                self._refuse(path, Problem(f"{path}:1", f"name {definition.name!r} in {path.name}", expected))
            elif definition.name in found:
                twice = f"{definition.name!r} is defined twice (first in {places[definition.name]})"
                self._refuse(path, Problem(f"{path}:1", twice, "one file"))
            else:
                found[definition.name], places[definition.name] = definition, path
        return found

    def orphans(self, folder: Path, models: Collection[str]) -> None:
        """SQL that no model's YAML stands beside would be left out without a word."""
        for path in sorted(folder.rglob("*.sql")):
            if path.stem not in models and not path.with_suffix(".yaml").exists():
                found = f"{path.name} without {path.stem}.yaml"
                self._refuse(path, Problem(f"{path}:1", found, "the model's YAML beside it", "add it"))

    def sql(self, path: Path) -> Iterator[str]:
        try:
            yield path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            self._refuse(
                path, Problem(str(path), f"cannot be read: {error}", "the model's SQL beside its YAML")
            )

    def _refuse(self, path: Path, *problems: Problem) -> None:
        self.problems += problems
        self.unread.add(path)
