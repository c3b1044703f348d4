"""YAML of both dbt specs and of MetricFlow: what is read of it, and what each fault is told as.

`projects/*_by_dbt.json` is what `dbt parse` (dbt-core 1.12.6, dbt-duckdb 1.11.1) wrote of the two projects.
"""

from __future__ import annotations

import json
import os
import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from metric_pipelines.errors import DefinitionError, InvalidCenterError, UsageError
from metric_pipelines.exchange.dbt.reading import DbtProject, read_dbt
from metric_pipelines_tests.exchange.dbt.fixtures import FOLDER, VALID, VARIABLES, json_of

LETTERS = "abcdefghijklmnopqrstu"
BOMB = "\n".join(["a: &a [x, x]", *(f"{b}: &{b} [*{a}, *{a}]" for a, b in pairwise(LETTERS))])
PROJECTS = Path(__file__).parent / "projects"
SPINE = """
models:
  - name: days
    time_spine: {standard_granularity_column: day}
    columns: [{name: day, granularity: day}]
"""
NEWEST = (
    SPINE
    + """
  - name: orders
    semantic_model: true
    agg_time_dimension: at
    columns:
      - {name: id, entity: primary}
      - {name: at, granularity: day, dimension: {type: time}}
    metrics:
      - name: orders
        agg: count
        expr: id
"""
)
LEGACY = (
    SPINE
    + """
semantic_models:
  - name: orders
    model: ref('orders')
    defaults: {agg_time_dimension: at}
    entities: [{name: id, type: primary}]
    dimensions: [{name: at, type: time, type_params: {time_granularity: day}}]
    measures: [{name: amount, agg: sum}]
metrics:
  - name: orders
    label: Orders
    type: simple
    type_params: {measure: amount}
"""
)


def with_expr(written: str) -> str:
    return NEWEST.replace("expr: id", f'expr: "{written}"')


def ordered(value: Any) -> Any:
    """Lists without their order: MetricFlow gathers the inputs of a metric in sets."""
    if isinstance(value, dict):
        return {key: ordered(item) for key, item in value.items()}
    if isinstance(value, list):
        return sorted((ordered(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
    return value


def read(folder: Path, text: str, name: str = "shop.yml") -> DbtProject:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return read_dbt(file)


def kinds(project: DbtProject) -> list[str]:
    return [note.kind for note in project.notes]


@pytest.mark.parametrize("name", VALID)
def test_metricflows_yaml_is_read_as_metricflow_reads_it(name: str) -> None:
    project = read_dbt(FOLDER / name, variables=VARIABLES)
    assert ordered(project.manifest) == ordered(json.loads(json_of(name)))


@pytest.mark.parametrize("spec", ["legacy", "newest"])
def test_a_project_is_read_as_dbt_parses_it(spec: str) -> None:
    project = read_dbt(PROJECTS / spec)
    by_dbt = read_dbt(PROJECTS / f"{spec}_by_dbt.json")
    assert ordered(project.manifest) == ordered(by_dbt.manifest)
    assert project.connection == f"duckdb:///{(PROJECTS / spec).resolve()}/shop.duckdb"


def computation(project: DbtProject) -> dict[str, Any]:
    """What a manifest computes, without what only the measures of the legacy spec leave behind."""
    defaults = {m["name"]: m["defaults"]["agg_time_dimension"] for m in project.manifest["semantic_models"]}
    found = {}
    for metric in project.manifest["metrics"]:
        params = metric["type_params"]
        aggregation = dict(params["metric_aggregation_params"] or {})
        if aggregation:
            aggregation["agg_time_dimension"] = (
                aggregation["agg_time_dimension"] or defaults[aggregation["semantic_model"]]
            )
            aggregation["agg_params"] = (
                aggregation["agg_params"] if aggregation["agg"] == "percentile" else None
            )
        kept = {k: params[k] for k in ("expr", "numerator", "denominator", "join_to_timespine")}
        kept["metrics"] = params["metrics"] or []
        cumulative = params["cumulative_type_params"]
        found[metric["name"]] = (metric["type"], metric["filter"], aggregation, kept, cumulative)
    return found


def test_both_specs_say_the_same() -> None:
    legacy, newest = read_dbt(PROJECTS / "legacy"), read_dbt(PROJECTS / "newest")
    said = computation(legacy)
    left_by_measures = {name: said.pop(name) for name in ("customers_1", "orders_1")}
    assert said == computation(newest)
    assert left_by_measures["customers_1"] == said["customers"]
    for key in ("saved_queries", "project_configuration"):
        assert legacy.manifest[key] == newest.manifest[key]
    for mine, theirs in zip(*(p.manifest["semantic_models"] for p in (legacy, newest)), strict=True):
        for elements in ("entities", "dimensions"):
            plain = [
                [{**e, "description": e["description"] or ""} for e in m[elements]] for m in (mine, theirs)
            ]
            assert ordered(plain[0]) == ordered(plain[1])


def test_descriptions_take_the_documentation_they_name() -> None:
    manifest = read_dbt(PROJECTS / "newest").manifest
    revenue = next(metric for metric in manifest["metrics"] if metric["name"] == "revenue")
    assert revenue["description"] == "What customers paid."
    assert next(m["label"] for m in manifest["metrics"] if m["name"] == "revenue_growth") == "Growth for vip"


def test_relations_stand_where_profile_project_and_model_say(tmp_path: Path) -> None:
    manifest = read_dbt(PROJECTS / "newest", {"SHOP_SCHEMA": "night"}).manifest
    relations = [model["node_relation"]["relation_name"] for model in manifest["semantic_models"]]
    assert relations == ['"shop"."night_marts"."orders"', '"shop"."night_marts"."dim_customers"']
    spine = manifest["project_configuration"]["time_spines"][0]["node_relation"]
    assert spine["relation_name"] == '"shop"."night_calendar"."days"'


def test_what_dbt_wrote_of_its_relations_comes_first(tmp_path: Path) -> None:
    shutil.copytree(PROJECTS / "newest", tmp_path / "shop")
    node = {
        **{"resource_type": "model", "name": "orders", "alias": "orders_2", "schema": "s", "database": "d"},
        **{"relation_name": '"d"."s"."orders_2"', "version": None, "latest_version": None},
    }
    written = tmp_path / "shop" / "target" / "manifest.json"
    written.parent.mkdir()
    written.write_text(json.dumps({"nodes": {"model.shop.orders": node}}), encoding="utf-8")
    model = read_dbt(tmp_path / "shop").manifest["semantic_models"][0]
    assert model["node_relation"]["relation_name"] == '"d"."s"."orders_2"'


def test_without_a_project_the_alias_is_known_alone(tmp_path: Path) -> None:
    project = read(tmp_path, LEGACY)
    assert project.manifest["semantic_models"][0]["node_relation"] == {
        **{"alias": "orders", "schema_name": "", "database": None, "relation_name": "orders"}
    }
    assert project.connection is None


def test_the_written_manifest_is_read_unless_the_yaml_is_newer(tmp_path: Path) -> None:
    shutil.copytree(PROJECTS / "newest", tmp_path / "shop")
    written = tmp_path / "shop" / "target" / "semantic_manifest.json"
    written.parent.mkdir()
    written.write_text(json_of("sg_05_derived_metric"), encoding="utf-8")
    fresh = read_dbt(tmp_path / "shop")
    assert fresh.manifest == json.loads(json_of("sg_05_derived_metric"))
    assert (
        fresh.connection == read_dbt(written).connection == f"duckdb:///{tmp_path.resolve()}/shop/shop.duckdb"
    )
    os.utime(written, (1, 1))
    stale = read_dbt(tmp_path / "shop")
    assert ordered(stale.manifest) == ordered(read_dbt(PROJECTS / "newest").manifest)
    assert kinds(stale)[0] == "stale_manifest"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("metrics: [\n", r"shop\.yml:2: not YAML"),
        ("a: &x [1]\nb: !!python/object:os.system {}\n", r"shop\.yml:2: tag"),
        ("a: 1\na: 2\n", r"shop\.yml:2: key 'a' given twice"),
        ("a: " + "[" * 60 + "]" * 60, "nested deeper than 50"),
        (BOMB, "anchors that multiply"),
        ("models: 5", r"shop\.yml:1: models is no list"),
        ("metrics:\n  - orders\n", r"shop\.yml:2: an item of metrics without a name"),
        ("a: b", "no semantic model and no metric"),
        ("x" * 1_000_001, "more than 1,000,000 bytes"),
        (with_expr("{{ cents('id') }}"), r"shop\.yml:\d+: Jinja that only dbt can render: \{\{ cents"),
        (with_expr("{% if x %}1{% endif %}"), "Jinja that only dbt can render"),
        (with_expr("{{ env_var('SHOP_X') }}"), "environment variable 'SHOP_X' has no value"),
        (NEWEST.replace("agg: count", "type: simple"), r"shop\.yml:\d+: metric orders is .* no agg"),
        (NEWEST.replace("granularity: day, dim", "dim"), "dimension of column at has no granularity"),
        (NEWEST.replace("agg: count", "agg: hll"), r"metrics\.orders\.type_params.*unknown agg 'hll'"),
        (
            NEWEST.replace("agg: count", "type: cumulative\n        input_metric: orders\n        window: x"),
            "Invalid window",
        ),
        (NEWEST.replace("agg: count", "type: cumulative"), "cumulative and has no input_metric"),
        (NEWEST.replace("agg: count", "type: conversion"), "conversion and has no base_metric"),
        (NEWEST + "metrics: [{name: x, agg: sum}]", "metric x has agg and stands under no model"),
        (LEGACY.replace("ref('orders')", "orders"), r"model: 'orders'; expected: ref"),
        (LEGACY.replace("measure: amount", "measure: amounts"), "metric orders"),
        (LEGACY.replace("entities: [", "entities: [5, "), "model orders: entities is no list of mappings"),
        (LEGACY.replace("{measure: amount}", "amount"), "metric orders: type_params is no mapping"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_place(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match=said) as told:
        read(tmp_path, text)
    assert "shop.yml" in str(told.value)


def test_a_file_of_another_kind_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"a \.sql file"):
        read(tmp_path, "select 1", "orders.sql")


def test_metricflows_yaml_names_a_variable_without_a_value(tmp_path: Path) -> None:
    text = "project_configuration: {time_spine_table_configurations: [{location: $place.days}]}"
    with pytest.raises(DefinitionError, match=r"\$place has no value"):
        read(tmp_path, text)


def test_metricflows_yaml_needs_one_project_configuration(tmp_path: Path) -> None:
    with pytest.raises(
        DefinitionError, match="0 documents with project_configuration; expected: exactly one"
    ):
        read(tmp_path, "metric: {name: x}")


def test_what_metricflows_schema_refuses_is_told_with_its_line(tmp_path: Path) -> None:
    text = "project_configuration: {}\n---\nmetric:\n  name: orders\n  currency: EUR\n"
    with pytest.raises(InvalidCenterError, match=r"shop\.yml:3: YAML document did not conform"):
        read(tmp_path, text)


def test_unknown_keys_of_either_spec_are_noted(tmp_path: Path) -> None:
    newest = read(tmp_path, NEWEST.replace("agg: count", "agg: count\n        fil: x"))
    assert [str(n) for n in newest.notes if n.kind == "unknown_key"] == [
        f"{tmp_path}/shop.yml:7: metric orders: key 'fil' is not in dbt's spec and not carried over; "
        "did you mean 'filter'?"
    ]
    legacy = read(tmp_path, LEGACY.replace("agg: sum", "agg: sum, sql: x"))
    assert kinds(legacy) == ["unknown_key"]


def test_what_is_switched_off_is_left_out_and_noted(tmp_path: Path) -> None:
    text = LEGACY + "  - {name: asleep, type_params: {measure: amount}, config: {enabled: false}}\n"
    project = read(tmp_path, text)
    assert [metric["name"] for metric in project.manifest["metrics"]] == ["orders"]
    assert kinds(project) == ["disabled"]


def test_metrics_that_dbt_itself_does_not_read_are_noted(tmp_path: Path) -> None:
    text = NEWEST + "  - {name: returns, metrics: [{name: returns, agg: count}]}\n"
    project = read(tmp_path, text)
    assert [metric["name"] for metric in project.manifest["metrics"]] == ["orders"]
    assert kinds(project) == ["unread"]


def test_nulls_are_filled_as_dbt_2_does(tmp_path: Path) -> None:
    project = read(tmp_path, NEWEST.replace("agg: count", "agg: count\n        fill_nulls_with: 0"))
    assert project.manifest["metrics"][0]["type_params"]["fill_nulls_with"] == 0
    assert kinds(project) == ["dbt_differs"]


def test_anchors_are_read_as_dbt_reads_them(tmp_path: Path) -> None:
    text = LEGACY.replace("type_params: {measure: amount}", "type_params: &p {measure: amount}")
    text += "  - {name: again, label: Again, type: simple, type_params: *p}\n"
    assert len(read(tmp_path, text).manifest["metrics"]) == 2
