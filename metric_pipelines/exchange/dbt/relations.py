"""Where the relations of a dbt project stand: what dbt wrote of them, else what its settings say.

dbt's `target/manifest.json` knows each relation. Without it a model's schema follows dbt's default rule
(`generate_schema_name`): the target's schema, or `<target's schema>_<custom schema>`. Without a profile the
alias alone is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

CONFIG_CALL = re.compile(r"\bconfig\s*\((.*?)\)", re.DOTALL)
ARGUMENT = re.compile(r"\b(schema|alias|database)\s*=\s*(['\"])(.*?)\2")
RELATION_KEYS = ("schema", "alias", "database")
RELATION_TYPES = ("model", "seed", "snapshot")


@dataclass(frozen=True)
class Relations:
    """Looks relations up by the names that `ref` and `source` use.

    `known` and `sources`: what dbt wrote, by name (models also by (name, version)); `settings`: schema, alias
    and database of a model by its name; `schema` and `database` of the target, None where no profile says so.
    """

    known: Mapping[Any, dict[str, Any]] = field(default_factory=dict)
    sources: Mapping[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    versions: Mapping[str, Any] = field(default_factory=dict)
    schema: str | None = None
    database: str | None = None

    def model(self, name: str, version: Any = None) -> dict[str, Any]:
        """The relation of `ref(name, v=version)` ; the latest where none is named."""
        version = version if version is not None else self.versions.get(name)
        for key in ((name, str(version)), name):
            if key in self.known:
                return self.known[key]
        settings = self.settings.get(name, {})
        alias = settings.get("alias") or (name if version is None else f"{name}_v{version}")
        return node_relation(str(alias), self._schema(settings), settings.get("database") or self.database)

    def _schema(self, settings: Mapping[str, Any]) -> str | None:
        custom = settings.get("schema")
        return f"{self.schema}_{custom}" if custom and self.schema else self.schema

    def source(self, source: str, table: str) -> dict[str, Any]:
        """The relation of `source(source, table)`: the source's schema, else its name."""
        written = self.sources.get((source, table)) or {}
        if "relation_name" in written:
            return written
        schema = str(written.get("schema") or source)
        return node_relation(
            str(written.get("identifier") or table), schema, written.get("database") or self.database
        )


def node_relation(alias: str, schema: str | None, database: str | None) -> dict[str, Any]:
    """A relation in the manifest's form; its name is quoted as dbt quotes it, or the alias where no schema is
    known.
    """
    quoted = ".".join(f'"{part}"' for part in (database, schema, alias) if part)
    name = quoted if schema else alias
    return {"alias": alias, "schema_name": schema or "", "database": database, "relation_name": name}


def written_relations(manifest: Mapping[str, Any]) -> dict[Any, dict[str, Any]]:
    """Relations by name, and by (name, version), of dbt's `manifest.json`."""
    found: dict[Any, dict[str, Any]] = {}
    for node in _nodes(manifest.get("nodes")):
        if node.get("resource_type") in RELATION_TYPES and node.get("schema"):
            version = node.get("version")
            found[(node["name"], str(version))] = _relation(node, "alias")
            if version == node.get("latest_version"):
                found[node["name"]] = _relation(node, "alias")
    return found


def written_sources(manifest: Mapping[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """Relations of sources by (source, table) of dbt's `manifest.json`."""
    nodes = _nodes(manifest.get("sources"))
    return {(str(n.get("source_name")), n["name"]): _relation(n, "identifier") for n in nodes}


def _nodes(nodes: Any) -> Iterator[dict[str, Any]]:
    for node in nodes.values() if isinstance(nodes, dict) else ():
        if isinstance(node, dict) and isinstance(node.get("name"), str):
            yield node


def _relation(node: Mapping[str, Any], alias: str) -> dict[str, Any]:
    relation = node_relation(str(node.get(alias) or node["name"]), node.get("schema"), node.get("database"))
    return {**relation, "relation_name": node.get("relation_name") or relation["relation_name"]}


def settings_in_sql(text: str) -> dict[str, Any]:
    """Schema, alias and database of a model's `config(...)`, where they are constants."""
    calls = CONFIG_CALL.findall(text)
    return {key: value for call in calls for key, _, value in ARGUMENT.findall(call)}


def settings_of(item: Mapping[str, Any]) -> dict[str, Any]:
    """Schema, alias and database of a mapping of settings, with or without a plus."""
    plain = {key: item.get(f"+{key}", item.get(key)) for key in RELATION_KEYS}
    return {key: value for key, value in plain.items() if isinstance(value, str)}


def settings_on_the_way(tree: Any, way: tuple[str, ...]) -> dict[str, Any]:
    """What `models:` of `dbt_project.yml` says for a model: nearer settings over those above."""
    found: dict[str, Any] = {}
    for step in (*way, None):
        if not isinstance(tree, dict):
            break
        found |= settings_of(tree)
        tree = tree.get(step)
    return found
