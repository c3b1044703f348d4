"""Which other semantic models one can be joined to, and by what: MetricFlow's rules, two hops at most.

Source: MetricFlow 0.213, `SemanticModelJoinEvaluator` and its dataflow plan: left joins on an entity that
identifies a row of the right side; where both sides have a partition dimension of one name, on that too; to
a slowly changing dimension, by the day on which its row holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from metric_pipelines.exchange.dbt.elements import (
    Element,
    SemanticModel,
    dimension_elements,
    entity_elements,
    entity_types,
    primary_entity,
    validity,
)

IDENTIFIES = {"primary", "unique"}


@dataclass(frozen=True)
class Join:
    """A semantic model reached by a path of entities, from the base (`left` None) or from a joined one."""

    path: tuple[str, ...]
    model: SemanticModel
    left: Join | None
    partitions: tuple[str, ...] = ()

    @property
    def alias(self) -> str:
        """Its name in the SQL."""
        return "_".join((*self.path, "of", str(self.model["name"])))

    @property
    def entity(self) -> str:
        """What it is joined on."""
        return self.path[-1]

    @property
    def window(self) -> tuple[str, ...]:
        """The dimensions between which a row holds, where it is of a slowly changing dimension."""
        return validity(self.model) or ()

    def elements(self) -> Iterator[Element]:
        """What it brings: its dimensions, and entities but the one it is joined on."""
        yield from dimension_elements(self.model)
        yield from (e for e in entity_elements(self.model) if e.name != self.entity)


def joins_of(base: SemanticModel, models: Mapping[str, SemanticModel]) -> Iterator[Join]:
    """All joins of a semantic model, each after the one it goes on from."""
    for entity in entity_types(base):
        for model in _reached(base, entity, models):
            first = Join((entity,), model, None, _partitions(base, model))
            yield first
            for further in entity_types(model):
                if further == entity:
                    continue
                for second in _reached(model, further, models):
                    if second["name"] != base["name"]:
                        yield Join((entity, further), second, first, _partitions(model, second))


def _reached(
    left: SemanticModel, entity: str, models: Mapping[str, SemanticModel]
) -> Iterator[SemanticModel]:
    """The semantic models of which this entity identifies a row."""
    if entity not in {e.name for e in entity_elements(left)}:
        return
    for model in models.values():
        kind = entity_types(model).get(entity)
        has_column = entity in {e.name for e in entity_elements(model)}
        if model["name"] == left["name"] or kind is None or not has_column:
            continue
        changing = validity(model) is not None
        if changing and validity(left):
            continue
        if kind in IDENTIFIES or (kind == "natural" and changing and entity_types(left)[entity] != "natural"):
            yield model


def _partitions(left: SemanticModel, right: SemanticModel) -> tuple[str, ...]:
    mine = {e.name for e in dimension_elements(left) if e.partition}
    return tuple(e.name for e in dimension_elements(right) if e.partition and e.name in mine)


def own_path(model: SemanticModel) -> tuple[str, ...]:
    """The path of a semantic model's own dimensions."""
    primary = primary_entity(model)
    return (primary,) if primary else ()


def own_paths(model: SemanticModel) -> list[tuple[str, ...]]:
    """All paths of a semantic model's own dimensions: each entity that a row of it is one of."""
    kinds = {*IDENTIFIES, "natural"}
    return [(name,) for name, kind in entity_types(model).items() if kind in kinds]
