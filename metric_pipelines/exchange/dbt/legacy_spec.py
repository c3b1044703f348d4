"""dbt's legacy spec: `semantic_models` with measures, and `metrics` with `type_params`.

Follows dbt-core 1.12 (`SemanticModelParser`, `MetricParser`). What is not said here MetricFlow's classes read
as it is written: filters, windows and measures by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from metric_pipelines.exchange.dbt.pieces import (
    Reader,
    enabled,
    given,
    items,
    meta_of,
    metric_input,
    part,
    relation_of,
    texts,
    windows,
)

MODEL = {
    *("name", "model", "config", "description", "label", "defaults"),
    *("entities", "measures", "dimensions", "primary_entity"),
}
ENTITY = {"name", "type", "description", "label", "role", "expr", "config"}
DIMENSION = {"name", "type", "description", "label", "is_partition", "type_params", "expr", "config"}
MEASURE = {
    *("name", "agg", "description", "label", "expr", "agg_params", "non_additive_dimension"),
    *("agg_time_dimension", "create_metric", "config"),
}
METRIC = {
    *("name", "type", "label", "description", "filter", "time_granularity"),
    *("config", "type_params", "meta", "tags"),
}
TYPE_PARAMS = {
    *("measure", "numerator", "denominator", "expr", "window", "grain_to_date", "metrics"),
    *("conversion_type_params", "cumulative_type_params"),
}


def semantic_model(
    item: Mapping[str, Any], reader: Reader, where: str
) -> tuple[dict[str, Any], list[dict[str, Any]]] | None:
    """A semantic model in the manifest's form, and the metrics of measures with `create_metric`; None where
    it is switched off.
    """
    what = f"semantic model {item['name']}"
    reader.note_unknown(item, MODEL, what, where)
    if not enabled(item):
        reader.leave_out(what, where)
        return None
    config = meta_of(item)
    create = [m for m in items(item, "measures", what, where) if m.get("create_metric") is True]
    measures = _elements(item, "measures", MEASURE, reader, where)
    model = {
        **given(item, "name", "description", "label", "defaults", "primary_entity"),
        "node_relation": relation_of(item.get("model"), reader, where),
        "entities": _elements(item, "entities", ENTITY, reader, where),
        "dimensions": _elements(item, "dimensions", DIMENSION, reader, where),
        "measures": [{**measure, "create_metric": False} for measure in measures],
        "config": config,
    }
    return model, [_created(measure, config) for measure in create]


def _elements(
    item: Mapping[str, Any], kind: str, known: set[str], reader: Reader, where: str
) -> list[dict[str, Any]]:
    what, above = f"semantic model {item['name']}", meta_of(item)["meta"]
    found = []
    for element in items(item, kind, what, where):
        reader.note_unknown(element, known, f"{what}, {kind}: {element.get('name')}", where)
        kept = given(element, *(known - {"config", "create_metric", "expr"}))
        found.append({**kept, **texts(element, "expr"), "config": meta_of(element, above)})
    return found


def _created(measure: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    """The metric of a measure with `create_metric: true`, as dbt makes it."""
    name = str(measure.get("name"))
    return {
        "name": name,
        "label": measure.get("label") or name,
        "description": measure.get("description") or f"Metric created from measure {name}",
        "type": "simple",
        "type_params": {
            "measure": {"name": name},
            "expr": str(measure.get("expr") or name),
            "metrics": [],
            "is_private": None,
        },
        "config": config,
    }


def metric(item: Mapping[str, Any], reader: Reader, where: str) -> dict[str, Any] | None:
    """A metric with `type_params` in the manifest's form; None where it is switched off."""
    what = f"metric {item['name']}"
    reader.note_unknown(item, METRIC, what, where)
    params = part(item, "type_params", what, where)
    reader.note_unknown(params, TYPE_PARAMS, what, where)
    if not enabled(item):
        reader.leave_out(what, where)
        return None
    return {
        "description": "",
        "label": item["name"],
        "type": "simple",
        **given(item, "name", "label", "description", "type", "filter", "time_granularity"),
        "type_params": _type_params(item, params),
        "config": meta_of(item, item.get("meta") if isinstance(item.get("meta"), dict) else None),
    }


def _type_params(item: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    inputs = {key: metric_input(value) for key, value in given(params, "numerator", "denominator").items()}
    metrics = params.get("metrics")
    found = {
        **given(params, "measure", "grain_to_date"),
        **windows(params, "window"),
        **texts(params, "expr"),
        **inputs,
        "metrics": [metric_input(m) for m in metrics] if isinstance(metrics, list) else metrics or [],
        "is_private": None,
    }
    if isinstance(conversion := params.get("conversion_type_params"), dict):
        found["conversion_type_params"] = {**conversion, **windows(conversion, "window")}
    if str(item.get("type")).lower() == "cumulative":
        found["cumulative_type_params"] = _cumulative(params)
    return found


def _cumulative(params: Mapping[str, Any]) -> dict[str, Any]:
    """The nested parameters; a window and a grain above them, as they used to be written, count as well."""
    nested = params.get("cumulative_type_params")
    own = nested if isinstance(nested, dict) else {}
    return {
        **given({**params, **own}, "grain_to_date"),
        **windows({**params, **own}, "window"),
        **given(own, "period_agg"),
    }
