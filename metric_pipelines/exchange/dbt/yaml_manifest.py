"""The YAML of a dbt project as a semantic manifest, in whichever of dbt's two specs it is written.

Belongs here: which mapping is read by which spec, and time spines. Stays out: the specs themselves
(`legacy_spec.py`, `newest_spec.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from metric_pipelines.errors import DefinitionError
from metric_pipelines.exchange.dbt import legacy_spec, newest_spec
from metric_pipelines.exchange.dbt.descriptions import described, documentation
from metric_pipelines.exchange.dbt.jinja import JinjaValues, rendered
from metric_pipelines.exchange.dbt.notes import Note
from metric_pipelines.exchange.dbt.pieces import Reader, enabled, given, items, saved_query
from metric_pipelines.exchange.dbt.project import (
    Project,
    own_schema_rule,
    packages_with_metrics,
    relations_of,
)
from metric_pipelines.exchange.dbt.yaml_documents import YamlDocument

LEGACY_SPINE = "metricflow_time_spine"
SETTINGS = ("metrics", "semantic-models", "saved-queries")


def manifest_of(
    documents: list[YamlDocument],
    around: list[YamlDocument],
    project: Project | None,
    values: JinjaValues,
    where: str,
) -> tuple[dict[str, Any], list[Note]]:
    """What the documents define, in the form of `semantic_manifest.json`; `around` are all of the project's.

    Raises: DefinitionError with file and line.
    """
    reader = Reader(relations_of(project, around))
    found: dict[str, list[dict[str, Any]]] = {"semantic_models": [], "metrics": [], "saved_queries": []}
    for document in documents:
        _models(document, values, reader, found)
        _semantic_models(document, values, reader, found)
        _metrics(document, values, reader, found)
        _saved_queries(document, values, reader, found)
    if not found["semantic_models"] and not found["metrics"]:
        raise DefinitionError(where, "no semantic model and no metric", "YAML of one of dbt's two specs")
    raw = {**found, "project_configuration": _time_spines(around, project, values, reader)}
    notes = [*reader.notes, *_project_notes(project), *described(raw, documentation(project), where)]
    return raw, notes


Found = dict[str, list[dict[str, Any]]]


def _models(document: YamlDocument, values: JinjaValues, reader: Reader, found: Found) -> None:
    """Models with a semantic model of the newest spec, and the metrics below them."""
    for written, where in document.mappings("models"):
        if not newest_spec.has_semantics(written) or written.get("versions"):
            _note_unread(written, reader, where)
        elif not enabled(written):
            reader.leave_out(f"model {written['name']}", where)
        else:
            model = rendered(_semantic_part(written), values, where)
            found["semantic_models"].append(newest_spec.semantic_model(model, reader, where))
            for item in items(model, "metrics", f"model {model['name']}", where):
                _add(found["metrics"], newest_spec.metric(_named(item, where), reader, where, model))


MODEL_KEYS = (
    *("name", "description", "semantic_model", "agg_time_dimension", "primary_entity"),
    *("columns", "metrics", "derived_semantics"),
)
COLUMN_KEYS = ("name", "description", "meta", "config", "granularity", "entity", "dimension")


def _semantic_part(model: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of a model that speak of metrics: the Jinja of its tests is dbt's own business."""
    part = given(model, *MODEL_KEYS)
    if isinstance(columns := part.get("columns"), list):
        part["columns"] = [given(c, *COLUMN_KEYS) if isinstance(c, dict) else c for c in columns]
    return part


def _named(item: dict[str, Any], where: str) -> dict[str, Any]:
    if not isinstance(item.get("name"), str):
        raise DefinitionError(where, "a metric without a name", "name: ...")
    return item


def _note_unread(model: Mapping[str, Any], reader: Reader, where: str) -> None:
    if model.get("versions") and model.get("semantic_model"):
        text = f"model {model['name']} has versions: dbt reads no semantic model of such a model"
        reader.notes.append(Note("unread", where, text))
        return
    if model.get("metrics") or model.get("derived_semantics"):
        text = f"model {model['name']} has metrics and no semantic_model that is on: dbt does not read them"
        reader.notes.append(Note("unread", where, text))


def _semantic_models(document: YamlDocument, values: JinjaValues, reader: Reader, found: Found) -> None:
    for written, where in document.mappings("semantic_models"):
        read = legacy_spec.semantic_model(rendered(written, values, where), reader, where)
        if read:
            found["semantic_models"].append(read[0])
            found["metrics"] += read[1]


def _metrics(document: YamlDocument, values: JinjaValues, reader: Reader, found: Found) -> None:
    """Top-level metrics: those with `type_params` are of the legacy spec, as dbt tells them apart."""
    for written, where in document.mappings("metrics"):
        item = rendered(written, values, where)
        spec = legacy_spec if "type_params" in item else newest_spec
        _add(found["metrics"], spec.metric(item, reader, where))


def _saved_queries(document: YamlDocument, values: JinjaValues, reader: Reader, found: Found) -> None:
    for written, where in document.mappings("saved_queries"):
        _add(found["saved_queries"], saved_query(rendered(written, values, where), reader, where))


def _add(to: list[dict[str, Any]], item: dict[str, Any] | None) -> None:
    if item is not None:
        to.append(item)


def _time_spines(
    documents: list[YamlDocument], project: Project | None, values: JinjaValues, reader: Reader
) -> dict[str, Any]:
    """Time spines of models, and the model `metricflow_time_spine` where it has no settings of its own."""
    spines, configured = [], set()
    for document in documents:
        for model, where in document.mappings("models"):
            if isinstance(model.get("time_spine"), dict):
                configured.add(model["name"])
                spine = rendered(given(model, "name", "time_spine", *("columns",)), values, where)
                spines.append(_time_spine(spine, reader, where))
    legacy = [] if LEGACY_SPINE in configured else _legacy_spine(project, reader)
    return {"time_spines": spines, "time_spine_table_configurations": legacy}


def _time_spine(model: Mapping[str, Any], reader: Reader, where: str) -> dict[str, Any]:
    spine, what = model["time_spine"], f"time spine {model['name']}"
    columns = {str(column.get("name")): column for column in items(model, "columns", what, where)}
    column = spine.get("standard_granularity_column")
    granularity = columns.get(str(column), {}).get("granularity")
    if granularity is None:
        found = f"{what}: column {column!r} has no granularity"
        raise DefinitionError(where, found, "granularity: day at the column of standard_granularity_column")
    customs = items(spine, "custom_granularities", what, where)
    return {
        "node_relation": reader.relations.model(model["name"]),
        "primary_column": {"name": column, "time_granularity": granularity},
        "custom_granularities": [given(custom, "name", "column_name") for custom in customs],
    }


def _legacy_spine(project: Project | None, reader: Reader) -> list[dict[str, Any]]:
    known = reader.relations.known.keys() | reader.relations.settings.keys() if project else ()
    if LEGACY_SPINE not in known:
        return []
    location = reader.relations.model(LEGACY_SPINE)["relation_name"]
    return [{"location": location, "column_name": "date_day", "grain": "day"}]


def _project_notes(project: Project | None) -> list[Note]:
    if project is None:
        return []
    file = str(project.folder / "dbt_project.yml")
    text = "what dbt_project.yml sets for all of its {} is not applied"
    set_here = [Note("settings", file, text.format(key)) for key in SETTINGS if project.settings.get(key)]
    rule = [] if (project.written / "manifest.json").is_file() else own_schema_rule(project)
    return [*set_here, *rule, *packages_with_metrics(project)]
