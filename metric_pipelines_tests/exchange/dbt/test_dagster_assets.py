"""The assets of dagster-dbt behind relations: its own default rule, from the manifest that dbt wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from metric_pipelines.errors import UsageError
from metric_pipelines.exchange.dbt.dagster_assets import asset_keys


def node(kind: str, name: str, **more: Any) -> dict[str, Any]:
    return {"resource_type": kind, "name": name, "alias": name, "schema": "Main", "config": {}, **more}


def project(folder: Path, manifest: dict[str, Any] | None) -> Path:
    (folder / "target").mkdir()
    (folder / "dbt_project.yml").write_text("name: shop\n")
    if manifest is not None:
        (folder / "target" / "manifest.json").write_text(json.dumps(manifest))
    return folder


def test_each_relation_has_the_key_that_dagster_dbt_gives_it(tmp_path: Path) -> None:
    nodes = [
        node("model", "orders"),
        node("model", "stores", config={"schema": "marts"}),
        node("model", "staff", config={"meta": {"dagster": {"asset_key": ["hr", "people"]}}}),
        node("seed", "Days"),
    ]
    source = node("source", "visits", source_name="web", identifier="VISITS_V2")
    manifest = {"sources": {"s": source}, "nodes": {n["name"]: n for n in nodes}}
    assert asset_keys(project(tmp_path, manifest), {}) == {
        ("main", "orders"): ["orders"],
        ("main", "stores"): ["marts", "stores"],
        ("main", "staff"): ["hr", "people"],
        ("main", "days"): ["Days"],
        ("main", "visits_v2"): ["web", "visits"],
    }


def test_without_dbts_manifest_it_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="dbt parse"):
        asset_keys(project(tmp_path, None), {})
