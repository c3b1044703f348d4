"""What the rows of a model, and metrics over it, can be grouped by: its own dimensions, and those of models
that it joins to.

A model joins to another on an entity of one name that identifies a row there (`primary` or `unique`): the
dimensions of the other are reached as `<entity>__<dimension>`, one join away. The other must not be
partitioned, and its contract must prove the key unique, so that no row is counted twice. A model's own
dimension (or column) of that name wins: `household_income` too, and `income` where a household is its row.
Belongs here: which join, and why there is none. Stays out: its SQL (`semantics/joined_views.py`), members
(`members.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from metric_pipelines.dictionary import shapes
from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.definitions import GRAINS, Dimension, Entity, Metric, Model
from metric_pipelines.dictionary.filters import columns_in
from metric_pipelines.errors import did_you_mean

BY = "__"
"""Between an entity and a dimension (`household__income`), and a time and a grain (`paid_at__month`)."""


@dataclass(frozen=True)
class Join:
    """How a model reaches another: rows whose `near` expression is the other's column `key`."""

    entity: str
    near: str
    model: str
    key: str


@dataclass(frozen=True)
class Reached:
    """A dimension of `model`, and the join by which it is reached where it is another's."""

    spec: Dimension
    model: str
    expr: str
    join: Join | None = None


Names = dict[str, Reached]


def of_model(center: Center, model: str) -> Names:
    """All dimensions that a model reaches, its own first."""
    near = center.models[model]
    found = {name: _own(near, name) for name in near.dimensions}
    joined = {
        f"{way.near.name}{BY}{name}": None
        for way in _ways(center, near)
        if not way.obstacle
        for name in way.far.dimensions
    }
    reached = {name: dimension_of(center, model, name) for name in joined}
    return found | {name: one for name, one in reached.items() if one is not None}


def of_metric(center: Center, metric: Metric) -> Names:
    """The dimensions that all models of a metric reach; of a conversion, those of its base events."""
    first, *others = shapes.filtered_models(center, metric)
    return {
        name: one
        for name, one in of_model(center, first).items()
        if all(dimension_of(center, other, name) is not None for other in others)
    }


def dimension_of(center: Center, model: str, name: str) -> Reached | None:
    """A dimension of a model by its name (without a grain), or of one that it joins to."""
    near = center.models[model]
    if name in near.dimensions:
        return _own(near, name)
    entity, both, dimension = name.partition(BY)
    if not both or _is_taken(near, name):
        return None
    ways = [w for w in _ways(center, near, entity) if not w.obstacle and dimension in w.far.dimensions]
    return ways[0].reached(dimension) if len(ways) == 1 else None


def asked_of(center: Center, model: str, name: str) -> tuple[Reached, str | None] | None:
    """A dimension as it is asked for, and the grain where it is a time by one: `paid_at__month`."""
    found = dimension_of(center, model, name)
    if found is not None:
        return found, None
    plain, _, grain = name.rpartition(BY)
    found = dimension_of(center, model, plain) if plain and grain in GRAINS else None
    return None if found is None else (found, grain)


def plain_of(name: str, known: Iterable[str]) -> str:
    """The name of a dimension without the grain that it is asked by."""
    plain, _, grain = name.rpartition(BY)
    return plain if name not in known and plain and grain in GRAINS else name


def joined_models(center: Center, models: Iterable[str], asked: Sequence[str]) -> list[str]:
    """The models that others join to for some dimensions that are asked for, in order of name."""
    found = [asked_of(center, model, name) for model in models for name in asked]
    return sorted({one[0].join.model for one in found if one is not None and one[0].join is not None})


def column_type(center: Center, found: Reached) -> str:
    """The type of the column that a dimension is; of an expression, the expression itself."""
    columns = center.models[found.model].columns
    return columns[found.expr].type if found.expr in columns else found.expr


def follows_time(center: Center, metric: Metric, name: str) -> bool:
    """Whether a joined dimension is a property of the day that a metric is counted by, such as its weekday:
    for what is counted on other days it would be another.
    """
    reached = {model: dimension_of(center, model, name) for model in shapes.models_of(center, metric)}
    return any(
        columns_in(one.join.near) & shapes.times_of(center, metric, model)
        for model, one in reached.items()
        if one is not None and one.join is not None
    )


def why_not(center: Center, models: Sequence[str], name: str) -> str:
    """Why a name is no dimension of these models, and what to do; the nearest name where nothing else is
    known.
    """
    reached = [of_model(center, model) for model in models]
    known = [one for one in reached[0] if all(one in others for others in reached[1:])]
    lacking = [model for model, names in zip(models, reached, strict=True) if name not in names]
    for model in lacking:
        reason = _why_not_of(center, center.models[model], name, known)
        if reason:
            return reason
    return did_you_mean(name, known)


def unproven_key(center: Center, model: str, name: str) -> tuple[Model, Entity] | None:
    """The model and its entity by which a dimension would be reached, if its key were proven unique."""
    near, (entity, _, dimension) = center.models[model], name.partition(BY)
    if dimension_of(center, model, name) is not None or _is_taken(near, name):
        return None
    having = [way for way in _ways(center, near, entity) if dimension in way.far.dimensions]
    return (having[0].far, having[0].key) if having and having[0].obstacle == "unproven" else None


def _own(model: Model, name: str) -> Reached:
    spec = model.dimensions[name]
    return Reached(spec, model.name, spec.expr or name)


def _is_taken(near: Model, name: str) -> bool:
    """Whether a model has a dimension or a column of its own by that name, as a join would give it."""
    entity, _, dimension = name.partition(BY)
    own = name.replace(BY, "_") in near.dimensions
    own = own or (entity == near.primary_entity and dimension in near.dimensions)
    return own or name in {column.lower() for column in near.columns}


# The ways from model to model

Obstacle = Literal["", "partitioned", "unproven", "type", "expression"]


@dataclass(frozen=True)
class _Way:
    """A join that entities of one name allow, with what stands in its way."""

    near: Entity
    far: Model
    key: Entity
    obstacle: Obstacle

    def reached(self, dimension: str) -> Reached:
        spec = self.far.dimensions[dimension]
        join = Join(self.near.name, self.near.expr, self.far.name, self.key.expr)
        return Reached(spec, self.far.name, spec.expr or dimension, join)


def _ways(center: Center, near: Model, entity: str | None = None) -> Iterator[_Way]:
    for own in near.entities:
        if entity in (None, own.name):
            for far in center.models.values():
                for key in far.entities if far.name != near.name else ():
                    if key.name == own.name and key.type in ("primary", "unique"):
                        yield _Way(own, far, key, _obstacle(near, own, far, key))


def _obstacle(near: Model, own: Entity, far: Model, key: Entity) -> Obstacle:
    if far.partition_by is not None:
        return "partitioned"
    if key.expr not in far.columns:
        return "expression"
    if [key.expr] not in far.checks.unique:
        return "unproven"
    kinds = {model.columns[e.expr].type for model, e in ((near, own), (far, key)) if e.expr in model.columns}
    return "type" if len(kinds - {"any"}) > 1 else ""


# Why a name is not reached


def _why_not_of(center: Center, near: Model, name: str, known: Sequence[str]) -> str:
    entity, both, dimension = name.partition(BY)
    return _no_such_join(center, near, entity, dimension) if both else _elsewhere(center, near, name, known)


def _elsewhere(center: Center, near: Model, name: str, known: Sequence[str]) -> str:
    """Where a dimension is that a model has not, and the entities that would reach it."""
    joined = [one for one in known if one.endswith(f"{BY}{name}")]
    if joined:
        return f"did you mean {' or '.join(map(repr, joined))}?"
    far = [m for m in center.models.values() if name in m.dimensions and m.partition_by is None]
    keys = [(model, e.name) for model in far for e in model.entities if e.type in ("primary", "unique")]
    if not keys:
        return ""
    told = ", ".join(f"{entity} (model {model.name})" for model, entity in keys)
    return f"no join reaches it: give model {near.name} the entity {told}, and ask for {keys[0][1]}{BY}{name}"


def _no_such_join(center: Center, near: Model, entity: str, dimension: str) -> str:
    """What stands in the way of `<entity>__<dimension>`; empty where it is but the name that is wrong."""
    if BY in dimension:
        return "one join away only: join it in the SQL of the model in between"
    name = f"{entity}{BY}{dimension}"
    if _is_taken(near, name):
        flat = name.replace(BY, "_")
        return f"model {near.name} has its own: {flat if flat in near.dimensions else dimension}"
    ways = list(_ways(center, near, entity))
    having = [way for way in ways if dimension in way.far.dimensions]
    if len([way for way in having if not way.obstacle]) > 1:
        names = " and ".join(sorted(way.far.name for way in having))
        return f"{dimension} is in models {names}: leave one"
    if having:
        return _told(near, having[0])
    if any(not way.obstacle for way in ways):
        return ""
    if ways:
        return _told(near, ways[0])
    if entity not in [own.name for own in near.entities]:
        return f"model {near.name} has no entity {entity}: add it, or ask for what it joins to"
    return f"no model has the entity {entity} as primary or unique"


def _told(near: Model, way: _Way) -> str:
    far, key = way.far, way.key
    match way.obstacle:
        case "partitioned":
            return f"model {far.name} is partitioned: join it in the SQL of model {near.name}"
        case "expression":
            return f"entity {key.name} of model {far.name} is an expression: make it a column, and unique"
        case "unproven":
            return f"prove the key in model {far.name}: checks: {{unique: [[{key.expr}]]}}"
        case "type":
            kinds = [near.columns[way.near.expr].type, far.columns[key.expr].type]
            return f"{way.near.expr} is of type {kinds[0]}, {key.expr} in model {far.name} of type {kinds[1]}"
        case _:
            return ""
