"""A semantic manifest as JSON: what is read, and what each fault is told as."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from metric_pipelines.errors import DefinitionError, InvalidCenterError, UsageError
from metric_pipelines.exchange.dbt.reading import DbtProject, read_dbt
from metric_pipelines_tests.exchange.dbt.fixtures import INVALID, VALID, json_of

Change = Callable[[dict[str, Any]], object]


def read(folder: Path, text: str) -> DbtProject:
    file = folder / "semantic_manifest.json"
    file.write_text(text, encoding="utf-8")
    return read_dbt(file)


def changed(change: Change) -> str:
    manifest = json.loads(json_of("sg_05_derived_metric"))
    change(manifest)
    return json.dumps(manifest)


@pytest.mark.parametrize("name", VALID)
def test_what_metricflow_completed_is_read_back_equal(name: str, tmp_path: Path) -> None:
    project = read(tmp_path, json_of(name))
    assert project.manifest == json.loads(json_of(name))
    assert not [note for note in project.notes if note.kind != "validation"]


@pytest.mark.parametrize("name", sorted(INVALID))
def test_what_metricflow_refuses_is_refused_with_its_words(name: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidCenterError, match=INVALID[name]):
        read(tmp_path, json_of(name))


def test_no_such_path_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file or folder; expected: a semantic_manifest"):
        read_dbt(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"metrics": [],\n  nope}', r"json:2:3: not JSON"),
        ("", r"json:1:1: not JSON"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a": NaN}', "NaN is no JSON number"),
        ('{"a": 1, "a": 2}', "key 'a' given twice"),
        ('{"a": ' + "1" * 5000 + "}", "not JSON"),
        ("[]", "no semantic manifest: a JSON list"),
        ('{"name": "x"}', "no metrics, project_configuration, semantic_models; its keys are name"),
        ('{"metadata": {}, "nodes": {}}', "dbt's manifest.json.*name semantic_manifest.json"),
    ],
)
def test_a_file_that_is_no_semantic_manifest_is_told(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match=said):
        read(tmp_path, text)


def test_bytes_that_are_no_text_are_told(tmp_path: Path) -> None:
    file = tmp_path / "semantic_manifest.json"
    file.write_bytes(b'{"a": "\xff\xfe"}')
    with pytest.raises(DefinitionError, match="not UTF-8"):
        read_dbt(file)


def _version(manifest: dict[str, Any], written: object) -> None:
    manifest["project_configuration"]["dsi_package_version"] = written


@pytest.mark.parametrize(
    "written", ["1.2.3", {"major_version": "0", "minor_version": "999", "patch_version": "1"}]
)
def test_a_newer_version_is_named_with_the_one_expected(written: object, tmp_path: Path) -> None:
    with pytest.raises(
        DefinitionError, match=r"version (1\.2\.3|0\.999\.1); expected: at most metricflow 0\."
    ):
        read(tmp_path, changed(lambda m: _version(m, written)))


@pytest.mark.parametrize(
    "written", ["0.7.4", {"major_version": "0", "minor_version": "0", "patch_version": "0"}]
)
def test_an_older_or_unnamed_version_is_read(written: object, tmp_path: Path) -> None:
    assert read(tmp_path, changed(lambda m: _version(m, written))).manifest["metrics"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda m: m["metrics"][0].update(type="forecast"),
            "unknown type 'forecast'.*one of conversion, cum",
        ),
        (
            lambda m: m["metrics"][0]["type_params"]["metric_aggregation_params"].update(agg="hll"),
            r"metrics\.\w+\.type_params\.metric_aggregation_params\.agg: unknown agg 'hll'.*a newer dbt",
        ),
        (
            lambda m: m["semantic_models"][0].update(
                dimensions=[{"name": "at", "type": "time", "type_params": {"time_granularity": "fortnight"}}]
            ),
            r"dimensions\.at\.type_params\.time_granularity: unknown time_granularity 'fortnight'",
        ),
        (lambda m: m["metrics"][0].pop("type_params"), r"metrics\.\w+\.type_params: field required"),
        (lambda m: m.update(metrics={}), "metrics: value is not a valid list"),
        (lambda m: m["metrics"][0].update(type=5), "MetricFlow cannot read it"),
        (
            lambda m: m["metrics"].append({"name": "qq", "type": "simple", "type_params": {"measure": "no"}}),
            "metric qq",
        ),
        (
            lambda m: m["metrics"].append(
                {"name": "qq", "type": "derived", "type_params": {"expr": "qq", "metrics": [{"name": "qq"}]}}
            ),
            "MetricFlow cannot complete it",
        ),
        (lambda m: m["metrics"][0].update(filter="{{ Foo( }} = 1"), "parse filter of metric"),
    ],
)
def test_what_metricflow_does_not_know_or_refuses_is_told_with_its_place(
    change: Change, said: str, tmp_path: Path
) -> None:
    with pytest.raises(DefinitionError, match=said) as told:
        read(tmp_path, changed(change))
    assert "semantic_manifest.json" in str(told.value)
    assert "Traceback" not in str(told.value)


def test_keys_that_nobody_reads_are_noted(tmp_path: Path) -> None:
    def change(manifest: dict[str, Any]) -> None:
        manifest["lineage"] = {}
        manifest["metrics"][0]["type_params"]["currency"] = "EUR"
        manifest["metrics"][0]["config"] = {"meta": {"anything": 1}}

    project = read(tmp_path, changed(change))
    notes = [str(note) for note in project.notes if note.kind == "unknown_key"]
    assert len(notes) == 2
    assert any("type_params: key 'currency'" in note for note in notes)
    assert any("key 'lineage'" in note for note in notes)
