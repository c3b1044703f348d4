"""A semantic model, with all that it can be joined to, as one flat SELECT: the SQL of a model of ours.

A join that would double rows is left out: the rows of the base are counted once each, whatever is asked.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain, count
from typing import Any

from metric_pipelines.exchange.dbt.elements import (
    DAY,
    GRANULARITIES,
    Element,
    SemanticModel,
    dimension_elements,
    entity_elements,
    entity_types,
    truncated,
)
from metric_pipelines.exchange.dbt.joins import Join, joins_of, own_path, own_paths
from metric_pipelines.exchange.dbt.notes import Note

TIME = "metric_day"
"""The time of every imported model, so that one filter holds for all models of a metric."""

TWO_THINGS = "a name that two things have here: neither can be asked for"

Refusal = Callable[[Join], str | None]
"""Why a join could count a row of the left side twice; None where it cannot."""


@dataclass(frozen=True)
class FlatModel:
    """One model of ours: its SQL, and what it can be grouped and filtered by, by the names of its columns."""

    name: str
    semantic_model: SemanticModel
    time: str
    granularity: str
    sql: str
    dimensions: dict[str, Element]
    entities: dict[str, str]
    aliases: dict[str, str]
    """Its own dimensions and its time, by each entity that a row of it is one of; with their columns."""
    ambiguous: frozenset[str]
    """Flat names that two things have, so that neither can be asked for."""
    changing: frozenset[str]
    """The columns that are what they were on the row's day."""
    remade: Callable[[Mapping[str, str]], str] = field(repr=False)
    """Its SQL with some columns cast."""
    notes: list[Note] = field(default_factory=list)

    def column_of(self, parts: Iterable[str]) -> str | None:
        """The column for a name of MetricFlow in its parts (`listing`, `country`); None where there is
        none.
        """
        flat = "_".join(parts)
        if flat in self.ambiguous:
            return None
        if flat == "metric_time" or flat in self.aliases:
            return self.aliases.get(flat, TIME)
        return flat if flat in self.dimensions or flat in self.entities else None


def flat_model(
    name: str,
    base: SemanticModel,
    time: str,
    values: Mapping[str, str],
    models: Mapping[str, SemanticModel],
    tables: Mapping[str, str],
    refusal: Refusal,
) -> FlatModel:
    """The flat model of a semantic model by one of its times.

    `values` are the expressions that metrics aggregate, by the names of their columns; `tables` the source
    table of each semantic model.
    """
    clock = next(d for d in base["dimensions"] if d["name"] == time)
    granularity = (clock.get("type_params") or {}).get("time_granularity") or "day"
    day = truncated(clock.get("expr") or time, granularity if granularity in GRANULARITIES[DAY:] else "day")
    path, notes = own_path(base), list[Note]()
    own = [(e.flat(path), e) for e in dimension_elements(base) if e.name != time]
    entities = [(e.name, e) for e in entity_elements(base)]
    columns = {TIME: day, **{n: e.expr for n, e in [*own, *entities]}, **values}
    joined: list[Join] = []
    for join in joins_of(base, models):
        if join.left is not None and join.left not in joined:
            continue
        why = refusal(join)
        if why is None:
            joined.append(join)
        else:
            notes.append(Note("not_joined", f"{name}.{'__'.join(join.path)}", why))
    reached = [((*join.path, e.name), e, join) for join in joined for e in join.elements()]
    aliases = _aliases(base, time, path)
    here = {(*path, e.name) for _, e in own} | {(n,) for n, _ in entities} | aliases.keys()
    ambiguous = _ambiguous(here, [parts for parts, _, _ in reached], values)
    notes += [Note("ambiguous", f"{name}.{n}", TWO_THINGS) for n in sorted(ambiguous)]
    taken = [
        ("_".join(parts), e, join)
        for parts, e, join in reached
        if parts not in here and "_".join(parts) not in ambiguous
    ]
    remade = partial(_sql, columns, path, time, tables[base["name"]], joined, taken, tables)
    named = [*own, *entities, *((n, e) for n, e, _ in taken)]
    dimensions = {n: e for n, e in named if n not in ambiguous}
    types = {n: t for n, t in entity_types(base).items() if n in dict(entities)}
    flat = {"_".join(parts): column for parts, column in aliases.items()}
    also = {n: column for n, column in flat.items() if n not in ambiguous}
    changing = frozenset(n for n, _, join in taken if join.window or (join.left and join.left.window))
    sql = remade({})
    return FlatModel(
        name, base, time, granularity, sql, dimensions, types, also, ambiguous, changing, remade, notes
    )


def _aliases(base: SemanticModel, time: str, path: tuple[str, ...]) -> dict[tuple[str, ...], str]:
    elements = {e.name: TIME if e.name == time else e.flat(path) for e in dimension_elements(base)}
    paths = own_paths(base)
    return {(*p, n): column for p in paths for n, column in elements.items() if p != path or n == time}


def _ambiguous(
    here: Iterable[tuple[str, ...]], reached: Sequence[tuple[str, ...]], values: Iterable[str]
) -> frozenset[str]:
    """Flat names of two things: of two names of MetricFlow, of one that is reached in two ways (its own
    comes first), or of a column that a metric aggregates and of what is reached.
    """
    own = set(here)
    flat = Counter("_".join(parts) for parts in own | set(reached))
    twice = {name for name, count in flat.items() if count > 1}
    there = Counter("_".join(parts) for parts in reached if parts not in own)
    return frozenset(twice | {n for n, count in there.items() if count > 1} | (there.keys() & set(values)))


def with_types(model: FlatModel, casts: Mapping[str, str]) -> FlatModel:
    """The model with some of its columns cast to these types of SQL."""
    return replace(model, sql=model.remade(casts))


def _sql(
    columns: Mapping[str, str],
    path: tuple[str, ...],
    time: str,
    table: str,
    joined: list[Join],
    taken: list[tuple[str, Element, Join]],
    tables: Mapping[str, str],
    casts: Mapping[str, str],
) -> str:
    def cast(name: str, expr: str) -> str:
        return f"cast({expr} as {casts[name]})" if name in casts else expr

    parts = [_cte("base", {n: cast(n, e) for n, e in columns.items()}, table)]
    for join in joined:
        needed = {n: cast(n, e.expr) for n, e, from_ in taken if from_ is join}
        parts.append(_cte(join.alias, needed | _keys(join, joined), tables[join.model["name"]]))
    chosen = ["base.*", *(f"{_q(join.alias)}.{_q(n)}" for n, _, join in taken)]
    lines = [
        "with " + ",\n".join(parts),
        "select\n    " + ",\n    ".join(chosen),
        "from base",
        *(f"left join {_q(join.alias)} on {_on(join, path, time)}" for join in joined),
        f"where base.{TIME} is not null",
    ]
    return "\n".join(lines) + "\n"


def _cte(alias: str, columns: Mapping[str, str], table: str) -> str:
    listed = ",\n        ".join(f"{expr} as {_q(name)}" for name, expr in columns.items())
    return f"{_q(alias)} as (\n    select\n        {listed}\n    from {table}\n)"


def _keys(join: Join, joined: list[Join]) -> dict[str, str]:
    """The columns that a join, and those that go on from it, are made on."""
    by_name = {e.name: e for e in (*entity_elements(join.model), *dimension_elements(join.model))}
    names = [join.entity, *join.partitions, *join.window]
    for further in joined:
        if further.left is join:
            names += [further.entity, *further.partitions]
    keys = {f"key_{n}": by_name[n].expr for n in names}
    if join.window:  # a row holds until the next one begins, whatever it says of its end
        start, end = join.window
        entity, begins = by_name[join.entity].expr, by_name[start].expr
        following = f"lead({begins}) over (partition by {entity} order by {begins})"
        keys[f"key_{end}"] = f"least({by_name[end].expr}, {following})"
    return keys


def _on(join: Join, path: tuple[str, ...], time: str) -> str:
    right = _q(join.alias)

    def left(name: str, *, entity: bool) -> str:
        if join.left is not None:
            return f"{_q(join.left.alias)}.{_q(f'key_{name}')}"
        own = TIME if name == time else "_".join((*path, name))
        return f"base.{_q(name if entity else own)}"

    conditions = [f"{left(join.entity, entity=True)} = {right}.{_q(f'key_{join.entity}')}"]
    conditions += [f"{left(p, entity=False)} = {right}.{_q(f'key_{p}')}" for p in join.partitions]
    if join.window:
        start, end = (f"{right}.{_q(f'key_{n}')}" for n in join.window)
        conditions += [f"base.{TIME} >= {start}", f"(base.{TIME} < {end} or {end} is null)"]
    return " and ".join(conditions)


def _q(name: str) -> str:
    return name if re.fullmatch(r"[a-z][a-z0-9]*_[a-z0-9_]*|base", name) else f'"{name}"'


def value_column(expr: Any, metric: str, taken: Mapping[str, str]) -> str | None:
    """The name of the column for what a metric aggregates; None for a number, which needs none."""
    text = str(expr)
    if re.fullmatch(r"-?\d+(\.\d+)?", text):
        return None
    same = next((name for name, known in taken.items() if known == text), None)
    if same:
        return same
    plain = [text] if re.fullmatch(r"[a-z][a-z0-9_]*", text) else []
    numbered = (f"{metric}_value_{n}" for n in count(2))
    return next(name for name in chain(plain, [f"{metric}_value"], numbered) if name not in taken)
