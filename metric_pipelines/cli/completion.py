"""What Tab offers: names from the center's folder, by its files' names, so that it comes at once."""

from __future__ import annotations

from pathlib import Path

from metric_pipelines.cli.environment import settings
from metric_pipelines.dictionary.yaml_file import read_yaml
from metric_pipelines.errors import MetricPipelinesError

GRAINS = ("day", "week", "month", "quarter", "year")
"""Those of `dictionary.definitions`, whose import costs a completion more than all else."""


def metric_names() -> list[str]:
    """All metrics."""
    return [file.stem for file in _files("metrics")]


def channel_names() -> list[str]:
    """All channels of alerts."""
    return [file.stem for file in _files("alerts")]


def query_names() -> list[str]:
    """All saved queries."""
    return [file.stem for file in _files("queries")]


def dimension_names() -> list[str]:
    """All dimensions of all models, and those that others can join to."""
    found: dict[str, None] = {}
    for file in _files("models"):
        try:
            model = read_yaml(file).value
            own = list(model.get("dimensions") or {})
            keys = [e["name"] for e in model.get("entities") or [] if e.get("type") in ("primary", "unique")]
        except (MetricPipelinesError, AttributeError, TypeError, KeyError):
            continue  # a broken file offers nothing; the command will say what is wrong
        keys = [] if "partition_by" in model else keys
        found |= dict.fromkeys([*own, *(f"{key}__{name}" for key in keys for name in own)])
    return list(found)


def grains() -> list[str]:
    """All grains."""
    return list(GRAINS)


def schema_kinds() -> list[str]:
    """Kinds of files that have a schema."""
    return ["center", "source", "model", "metric", "channel", "query"]


def _files(folder: str) -> list[Path]:
    try:
        return sorted((settings().center_folder / folder).rglob("*.yaml"))
    except MetricPipelinesError:
        return []
