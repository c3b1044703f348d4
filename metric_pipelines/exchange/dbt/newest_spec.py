"""dbt's newest spec: `semantic_model` under a model, entities and dimensions at its columns, metrics without
measures.

Follows dbt-core 1.12 (`SemanticModelParser`, `MetricParser`, `UnparsedMetricV2`), and dbt 2 where core loses
what is written: `fill_nulls_with`, and the granularity of a column with `dimension: time`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from metric_pipelines.errors import DefinitionError
from metric_pipelines.exchange.dbt.notes import Note
from metric_pipelines.exchange.dbt.pieces import (
    Reader,
    enabled,
    given,
    items,
    meta_of,
    metric_input,
    part,
    texts,
    windows,
)

SEMANTIC_MODEL = {"name", "enabled", "group", "config"}
DERIVED = {"entities", "dimensions"}
COLUMN_ENTITY = {"name", "type", "description", "label", "config"}
COLUMN_DIMENSION = {"name", "type", "description", "label", "is_partition", "config", "validity_params"}
METRIC = {
    *("name", "type", "label", "description", "filter", "time_granularity", "config", "hidden", "agg"),
    *("percentile", "percentile_type", "join_to_timespine", "fill_nulls_with", "expr"),
    *("non_additive_dimension", "agg_time_dimension", "window", "grain_to_date", "period_agg"),
    *("input_metric", "numerator", "denominator", "input_metrics", "entity", "calculation"),
    *("base_metric", "conversion_metric", "constant_properties"),
}


def has_semantics(model: Mapping[str, Any]) -> bool:
    """Whether a model of a properties file has a semantic model that is switched on."""
    written = model.get("semantic_model")
    return written is True or (isinstance(written, dict) and written.get("enabled") is not False)


def semantic_model(model: Mapping[str, Any], reader: Reader, where: str) -> dict[str, Any]:
    """The semantic model of a model in the manifest's form; it has no measures."""
    what, above = f"model {model['name']}", meta_of(_settings(model))["meta"]
    reader.note_unknown(_settings(model), SEMANTIC_MODEL, what, where)
    columns, derived = items(model, "columns", what, where), part(model, "derived_semantics", what, where)
    reader.note_unknown(derived, DERIVED, f"{what}, derived_semantics", where)
    entities = [e for column in columns for e in _column_entity(column, reader, where)]
    dimensions = [d for column in columns for d in _column_dimension(column, reader, where)]
    dimensions += [_derived_dimension(d, reader, where) for d in items(derived, "dimensions", what, where)]
    entities += [_derived_entity(e, reader, where) for e in items(derived, "entities", what, where)]
    for element in (*entities, *dimensions):
        element["config"] = meta_of(element, above)
    return {
        "name": semantic_model_name(model),
        "description": model.get("description") or "",
        **given(model, "primary_entity"),
        "defaults": {"agg_time_dimension": model.get("agg_time_dimension")},
        "node_relation": reader.relations.model(str(model["name"]), None),
        "entities": entities,
        "dimensions": dimensions,
        "config": {"meta": above},
    }


def semantic_model_name(model: Mapping[str, Any]) -> str:
    """The name given to the semantic model, or the model's own."""
    return str(_settings(model).get("name") or model["name"])


def _settings(model: Mapping[str, Any]) -> dict[str, Any]:
    written = model.get("semantic_model")
    return written if isinstance(written, dict) else {}


def _column_entity(column: Mapping[str, Any], reader: Reader, where: str) -> Iterator[dict[str, Any]]:
    written, name = column.get("entity"), str(column.get("name"))
    if isinstance(written, dict):
        reader.note_unknown(written, COLUMN_ENTITY, f"entity of column {name}", where)
        entity = {**_described(written, column), **given(written, "type", "label")}
        meta = _config_meta(written) or _config_meta(column)
        yield {**entity, **_expression(entity["name"], name), "config": {"meta": meta or {}}}
    elif written is not None:
        yield {**_described({}, column), "type": written, "config": {"meta": _config_meta(column) or {}}}


def _column_dimension(column: Mapping[str, Any], reader: Reader, where: str) -> Iterator[dict[str, Any]]:
    written, name = column.get("dimension"), str(column.get("name"))
    if written is None:
        return
    settings = written if isinstance(written, dict) else {"type": written}
    reader.note_unknown(settings, COLUMN_DIMENSION, f"dimension of column {name}", where)
    granularity = column.get("granularity")
    if granularity is None and (settings.get("type") == "time" or settings.get("validity_params")):
        found = f"the time dimension of column {name} has no granularity"
        raise DefinitionError(where, found, "a granularity at the column: granularity: day")
    dimension = {**_described(settings, column), **given(settings, "type", "label", "is_partition")}
    yield {
        **dimension,
        **_expression(dimension["name"], name),
        **_type_params(granularity, settings),
        "config": {"meta": {**(_config_meta(column) or {}), **(_config_meta(settings) or {})}},
    }


def _described(settings: Mapping[str, Any], column: Mapping[str, Any]) -> dict[str, Any]:
    name = settings.get("name") or column.get("name")
    return {"name": str(name), "description": settings.get("description") or column.get("description") or ""}


def _expression(name: str, column: str) -> dict[str, Any]:
    return {"expr": column} if name != column else {}


def _config_meta(item: Mapping[str, Any]) -> dict[str, Any] | None:
    config = item.get("config")
    meta = config.get("meta") if isinstance(config, dict) and "meta" in config else item.get("meta")
    return meta if isinstance(meta, dict) else None


def _type_params(granularity: Any, settings: Mapping[str, Any]) -> dict[str, Any]:
    if granularity is None:
        return {}
    return {"type_params": {"time_granularity": granularity, **given(settings, "validity_params")}}


def _derived_dimension(item: Mapping[str, Any], reader: Reader, where: str) -> dict[str, Any]:
    reader.note_unknown(item, {*COLUMN_DIMENSION, "expr", "granularity"}, "derived dimension", where)
    kept = given(item, "name", "type", "description", "label", "is_partition", "config")
    return {**kept, **texts(item, "expr"), **_type_params(item.get("granularity"), item)}


def _derived_entity(item: Mapping[str, Any], reader: Reader, where: str) -> dict[str, Any]:
    reader.note_unknown(item, {*COLUMN_ENTITY, "expr"}, "derived entity", where)
    return {**given(item, "name", "type", "description", "label", "config"), **texts(item, "expr")}


def metric(
    item: Mapping[str, Any], reader: Reader, where: str, model: Mapping[str, Any] | None = None
) -> dict[str, Any] | None:
    """A metric without `type_params` in the manifest's form; `model` is the one it stands under. None where
    it is switched off.
    """
    what = f"metric {item['name']}"
    reader.note_unknown(item, METRIC, what, where)
    if not enabled(item):
        reader.leave_out(what, where)
        return None
    if item.get("fill_nulls_with") is not None:
        text = f"{what}: fill_nulls_with is carried over, as dbt 2 does; dbt-core 1.12 leaves it out"
        reader.notes.append(Note("dbt_differs", where, text))
    return {
        "description": "",
        "label": item["name"],
        "type": "simple",
        **given(item, "name", "label", "description", "type", "filter", "time_granularity"),
        "type_params": _metric_params(item, model, what, where),
        "config": meta_of(item),
    }


def _metric_params(
    item: Mapping[str, Any], model: Mapping[str, Any] | None, what: str, where: str
) -> dict[str, Any]:
    kind = str(item.get("type") or "simple").lower()
    inputs = {key: metric_input(value) for key, value in given(item, "numerator", "denominator").items()}
    metrics = item.get("input_metrics")
    return {
        **texts(item, "expr"),
        **inputs,
        "metrics": [metric_input(m) for m in metrics] if isinstance(metrics, list) else metrics or [],
        **_aggregation(item, kind, model, what, where),
        **({"conversion_type_params": _conversion(item, what, where)} if kind == "conversion" else {}),
        **({"cumulative_type_params": _cumulative(item, what, where)} if kind == "cumulative" else {}),
        "join_to_timespine": item.get("join_to_timespine") or False,
        **given(item, "fill_nulls_with"),
        "is_private": item.get("hidden") or False,
    }


def _aggregation(
    item: Mapping[str, Any], kind: str, model: Mapping[str, Any] | None, what: str, where: str
) -> dict[str, Any]:
    if kind == "simple" and item.get("agg") is None:
        raise DefinitionError(where, f"{what} is simple and has no agg", "agg: sum, count, ...")
    if item.get("agg") is None:
        return {}
    if model is None:
        remedy = "write it under metrics of its model"
        raise DefinitionError(where, f"{what} has agg and stands under no model", "a semantic model", remedy)
    percentile = str(item.get("percentile_type") or "").lower()
    return {
        "metric_aggregation_params": {
            "semantic_model": semantic_model_name(model),
            "agg": item["agg"],
            "agg_params": {
                **given(item, "percentile"),
                "use_discrete_percentile": percentile == "discrete",
                "use_approximate_percentile": percentile == "continuous",
            },
            "agg_time_dimension": item.get("agg_time_dimension") or model.get("agg_time_dimension"),
            **_non_additive(part(item, "non_additive_dimension", what, where)),
        }
    }


def _non_additive(written: Mapping[str, Any]) -> dict[str, Any]:
    if not written:
        return {}
    names = {"name": "name", "window_agg": "window_choice", "group_by": "window_groupings"}
    return {"non_additive_dimension": {names.get(key, key): value for key, value in written.items()}}


def _conversion(item: Mapping[str, Any], what: str, where: str) -> dict[str, Any]:
    for key in ("base_metric", "conversion_metric", "entity"):
        if item.get(key) is None:
            raise DefinitionError(where, f"{what} is a conversion and has no {key}", f"{key}: ...")
    return {
        "base_metric": metric_input(item["base_metric"]),
        "conversion_metric": metric_input(item["conversion_metric"]),
        **given(item, "entity", "calculation", "constant_properties"),
        **windows(item, "window"),
    }


def _cumulative(item: Mapping[str, Any], what: str, where: str) -> dict[str, Any]:
    if item.get("input_metric") is None:
        raise DefinitionError(where, f"{what} is cumulative and has no input_metric", "input_metric: ...")
    return {
        "metric": metric_input(item["input_metric"]),
        **given(item, "grain_to_date", "period_agg"),
        **windows(item, "window"),
    }
