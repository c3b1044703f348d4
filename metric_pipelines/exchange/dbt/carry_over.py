"""A semantic manifest carried over: flat models and the metrics that can be computed from them.

What cannot be carried over is a note with its reason; a metric is carried whole or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from metric_pipelines.exchange.dbt.conditions import NotCarriedError
from metric_pipelines.exchange.dbt.elements import (
    SemanticModel,
    dimension_elements,
    entity_elements,
)
from metric_pipelines.exchange.dbt.flat_model import TIME, FlatModel, Refusal, flat_model, value_column
from metric_pipelines.exchange.dbt.joins import joins_of, own_path
from metric_pipelines.exchange.dbt.metrics import Leaf, Metrics, Plain
from metric_pipelines.exchange.dbt.notes import NOT_CARRIED, Note
from metric_pipelines.exchange.dbt.saved_queries import saved_queries


@dataclass(frozen=True)
class CarriedOver:
    """Models by name, computations of metrics by name, inputs first, saved queries by name, and what was left
    behind.
    """

    models: dict[str, FlatModel]
    metrics: dict[str, Plain]
    queries: dict[str, Plain]
    notes: list[Note]


def base_models(manifest: Mapping[str, Any]) -> dict[str, SemanticModel]:
    """The semantic models that a metric is counted in, by name."""
    used = {
        m["type_params"]["metric_aggregation_params"]["semantic_model"]
        for m in manifest["metrics"]
        if m["type"] == "simple"
    }
    return {m["name"]: m for m in manifest["semantic_models"] if m["name"] in used}


def needed_models(manifest: Mapping[str, Any]) -> dict[str, SemanticModel]:
    """The semantic models that metrics are counted in, and all that these can be joined to, by name."""
    every = {m["name"]: m for m in manifest["semantic_models"]}
    needed = set(base_models(manifest))
    for base in list(needed):
        needed |= {join.model["name"] for join in joins_of(every[base], every)}
    return {name: model for name, model in every.items() if name in needed}


def carry_over(manifest: Mapping[str, Any], tables: Mapping[str, str], refusal: Refusal) -> CarriedOver:
    """Everything of a manifest that our dictionary has words for.

    `tables` are the relations of `needed_models`, as our SQL names them.
    """
    models = _flat_models(manifest, tables, refusal)
    metrics = {m["name"]: m for m in manifest["metrics"]}
    columns = _columns(manifest)

    def leaf_of(metric: Plain) -> Leaf:
        key = _clock(manifest, metric)
        return Leaf(models[key], columns[metric["name"]])

    carrying = Metrics(metrics, leaf_of)
    for name in metrics:
        try:
            carrying.carry(name)
        except NotCarriedError:
            continue
    notes = [note for model in models.values() for note in model.notes]
    notes += [Note(NOT_CARRIED, f"metrics.{name}", why) for name, why in carrying.refused.items()]
    queries, more = saved_queries(manifest, carrying)
    used = {computed["model"] for computed in carrying.carried.values() if computed["type"] == "simple"}
    named = {model.name: model for model in models.values() if model.name in used}
    return CarriedOver(named, carrying.carried, queries, list(dict.fromkeys([*notes, *more])))


Clock = tuple[str, str]
"""A semantic model and one of its times."""


def _clock(manifest: Mapping[str, Any], metric: Plain) -> Clock:
    params = metric["type_params"]["metric_aggregation_params"]
    model = next(m for m in manifest["semantic_models"] if m["name"] == params["semantic_model"])
    default = (model.get("defaults") or {}).get("agg_time_dimension")
    return str(model["name"]), str(params.get("agg_time_dimension") or default)


def _simple(manifest: Mapping[str, Any]) -> list[Plain]:
    return [m for m in manifest["metrics"] if m["type"] == "simple"]


def _columns(manifest: Mapping[str, Any]) -> dict[str, str]:
    """What each simple metric aggregates, as a column of its flat model, or a number."""
    return {name: column for _, name, column, _ in _values(manifest)}


def _values(manifest: Mapping[str, Any]) -> list[tuple[Clock, str, str, str | None]]:
    """For each simple metric its clock, name, column, and the column's expression (None for a number)."""
    found: list[tuple[Clock, str, str, str | None]] = []
    taken: dict[Clock, dict[str, str]] = {}
    for metric in _simple(manifest):
        clock, name = _clock(manifest, metric), metric["name"]
        model = next(m for m in manifest["semantic_models"] if m["name"] == clock[0])
        known = taken.setdefault(clock, _reserved(model))
        expr = str(metric["type_params"].get("expr") or name)
        column = value_column(expr, name, known)
        if column is None:
            found.append((clock, name, expr, None))
        else:
            known[column] = expr
            found.append((clock, name, column, expr))
    return found


def _reserved(model: SemanticModel) -> dict[str, str]:
    """The columns that a flat model has anyway; a metric may aggregate one of them."""
    path = own_path(model)
    own = {e.flat(path): e.expr for e in dimension_elements(model)}
    return {TIME: "", **own, **{e.name: e.expr for e in entity_elements(model)}}


def _flat_models(
    manifest: Mapping[str, Any], tables: Mapping[str, str], refusal: Refusal
) -> dict[Clock, FlatModel]:
    every = {m["name"]: m for m in manifest["semantic_models"]}
    values: dict[Clock, dict[str, str]] = {}
    for clock, _, column, expr in _values(manifest):
        reserved = _reserved(every[clock[0]])
        values.setdefault(clock, {}).update({column: expr} if expr and column not in reserved else {})
    found = {}
    for (name, time), columns in values.items():
        base = every[name]
        default = (base.get("defaults") or {}).get("agg_time_dimension")
        ours = name if time == default or default is None else f"{name}_by_{time}"
        found[name, time] = flat_model(ours, base, time, columns, every, tables, refusal)
    return found
