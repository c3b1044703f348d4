"""The keys that dagster-dbt gives to what dbt builds, by its own default rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from metric_pipelines.errors import DefinitionError, UsageError
from metric_pipelines.exchange.dbt.json_file import read_json
from metric_pipelines.exchange.dbt.project import project_around

AssetKeys = dict[tuple[str, str], list[str]]
"""Keys of assets by the schema and name of a relation, both in lower case."""


def asset_keys(path: Path, environment: Mapping[str, str], target: str | None = None) -> AssetKeys:
    """The assets of the dbt project at `path`, as its `target/manifest.json` has them.

    The rule is dagster_dbt's `default_asset_key_fn`; who translates keys by a class writes them by hand.
    Raises: UsageError where dbt has written no manifest yet, DefinitionError where it is none.
    """
    project = project_around(path, environment, {}, target)
    beside = path.parent if path.is_file() else path
    file = (project.written if project else beside) / "manifest.json"
    if not file.is_file():
        raise UsageError(
            str(file), "not there", "what dbt wrote of its project: it says the assets", "dbt parse"
        )
    manifest = read_json(file)
    if not isinstance(manifest, dict) or not {"nodes", "sources"} <= manifest.keys():
        raise DefinitionError(str(file), "no manifest of dbt", "nodes and sources in it", "dbt parse")
    return dict(_keys(manifest))


def _keys(manifest: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], list[str]]]:
    for node in [*manifest["sources"].values(), *manifest["nodes"].values()]:
        relation = node.get("identifier") or node.get("alias")
        if relation and node.get("schema"):
            yield (node["schema"].lower(), relation.lower()), _key(node)


def _key(node: Mapping[str, Any]) -> list[str]:
    settings = node.get("config") or {}
    meta = settings.get("meta") or node.get("meta") or {}
    if key := (meta.get("dagster") or {}).get("asset_key"):
        return [str(part) for part in key]
    if node["resource_type"] == "source":
        return [node["source_name"], node["name"]]
    if node.get("version"):
        return [node["alias"]]
    schema = settings.get("schema")
    return [schema, node["name"]] if schema is not None else [node["name"]]
