"""The published JSON Schemas take what the dictionary takes, refuse what it refuses, and explain each key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from metric_pipelines.cli.completion import schema_kinds
from metric_pipelines.cli.reference import SCHEMAS
from metric_pipelines.cli.schemas import KINDS, schema, texts
from metric_pipelines.dictionary.yaml_file import read_yaml
from metric_pipelines.settings import SHIPPED
from metric_pipelines_tests.cli.conftest import Terminal
from metric_pipelines_tests.small_shop import CENTER

CENTERS = [CENTER, *(folder.parent for folder in SHIPPED.glob("*/center.yaml"))]


def refusals(kind: str, value: Any) -> list[str]:
    return [error.message for error in Draft202012Validator(schema(kind)).iter_errors(value)]


@pytest.mark.parametrize("center", CENTERS, ids=lambda folder: folder.name)
@pytest.mark.parametrize("kind", KINDS)
def test_every_file_of_the_shipped_centers_is_as_its_schema_says(center: Path, kind: str) -> None:
    for file in center.glob(KINDS[kind].files):
        assert not refusals(kind, read_yaml(file).value), file


@pytest.mark.parametrize("kind", KINDS)
def test_a_schema_is_a_schema_and_refuses_an_unknown_key(kind: str) -> None:
    Draft202012Validator.check_schema(schema(kind))
    assert refusals(kind, {"naem": "x"})


def test_a_metric_with_an_unknown_aggregation_or_key_is_refused() -> None:
    value = read_yaml(CENTER / "metrics/sales/revenue.yaml").value
    assert not refusals("metric", value)
    assert refusals("metric", value | {"agg": "total"})
    assert refusals("metric", value | {"porpose": "x"})
    assert refusals("metric", value | {"intended": [{"with": "orders_placed"}]})


def test_every_key_has_a_sentence() -> None:
    def silent(part: Any) -> list[str]:
        if isinstance(part, list):
            return [key for one in part for key in silent(one)]
        if not isinstance(part, dict):
            return []
        own = [key for key, value in part.get("properties", {}).items() if "description" not in value]
        return own + [key for one in part.values() for key in silent(one)]

    found = {kind: {key for key in silent(schema(kind)) if key not in ("en", "zh")} for kind in KINDS}
    assert not any(found.values()), found


def test_the_kinds_are_offered_and_published() -> None:
    assert schema_kinds() == list(KINDS)
    assert {file.name for file in SCHEMAS.iterdir()} == set(texts())


def test_a_schema_is_printed(cli: Terminal) -> None:
    assert cli("schema", "metric").json == schema("metric")
    assert "metrics/**/*.yaml" in cli("schema").out
    said = cli("schema", "metrik")
    assert (said.code, "did you mean 'metric'" in said.err) == (2, True)
