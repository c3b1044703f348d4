"""`import dbt` and `init --from-dbt`: what is said, what is written, what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from metric_pipelines.dictionary.validation import load_valid_center
from metric_pipelines_tests.cli.conftest import Terminal
from metric_pipelines_tests.dbt_shop import manifest, warehouse
from metric_pipelines_tests.small_shop import Shop, copy_center


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    warehouse(tmp_path / "shop.duckdb")
    manifest(tmp_path / "semantic_manifest.json")
    monkeypatch.chdir(tmp_path)
    return Terminal(Shop(copy_center(tmp_path / "there"), tmp_path), monkeypatch, capsys)


CONNECTION = ("--connection", "duckdb:///shop.duckdb")


def test_a_dbt_project_becomes_a_new_center(typed: Terminal, tmp_path: Path) -> None:
    looked = typed("import", "dbt", "semantic_manifest.json", *CONNECTION)
    assert looked.code == 0
    assert "--into FOLDER" in looked.out
    assert not (tmp_path / "made").exists()
    made = typed("import", "dbt", "semantic_manifest.json", *CONNECTION, "--into", "made")
    assert "frequent_buyers_orders" in made.out
    assert "metric-pipelines refresh" in made.out
    center = load_valid_center(tmp_path / "made")
    assert len(center.metrics) == 24
    assert (tmp_path / "made" / "workspace.yaml").is_file()
    assert typed("import", "dbt", "semantic_manifest.json", *CONNECTION, "--into", "made").code == 2


def test_a_dbt_project_goes_into_a_center_that_is_there(typed: Terminal, tmp_path: Path) -> None:
    asked = ("import", "dbt", "semantic_manifest.json", *CONNECTION, "--into", "there", "--json")
    assert typed(*asked).code == 2
    before = set(load_valid_center(tmp_path / "there").metrics)
    names = json.loads(typed(*asked, "--department", "sales", "--source", "warehouse").out)["metrics"]
    assert set(load_valid_center(tmp_path / "there").metrics) == before | set(names)


def test_what_is_no_manifest_or_of_a_newer_schema_is_refused(typed: Terminal, tmp_path: Path) -> None:
    assert typed("import", "dbt", "nowhere.json", *CONNECTION).code == 2
    file = tmp_path / "semantic_manifest.json"
    plain = json.loads(file.read_text())
    version = {"major_version": "9", "minor_version": "1", "patch_version": "0"}
    plain["project_configuration"]["dsi_package_version"] = version
    file.write_text(json.dumps(plain))
    refused = typed("import", "dbt", "semantic_manifest.json", *CONNECTION, "--into", "made")
    assert refused.code != 0
    assert "9.1" in refused.err
    assert not (tmp_path / "made").exists()
