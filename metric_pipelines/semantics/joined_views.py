"""Models with the dimensions of those they join to, as views of the step's own database.

`memory.joined_models.<model>` is the view `memory.models.<model>` with a column `<entity>__<dimension>` for
each joined dimension that is asked for: to MetricFlow one more column of that model, so that nothing fans out
there. The key is unique by the other model's contract. A row that matches nothing, and a member that is
missing, are 'UNKNOWN' where members are texts, else NULL: no row is ever lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import duckdb

from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.dimensions import Reached, asked_of, plain_of
from metric_pipelines.dictionary.members import UNKNOWN
from metric_pipelines.warehouse.tables import name

SCHEMA = "joined_models"


def relation(center: Center, model: str, asked: Iterable[str]) -> str:
    """The view that a model is read from for some dimensions that are asked for."""
    return f"memory.{SCHEMA if _joined(center, model, asked) else 'models'}.{model}"


def provide(
    con: duckdb.DuckDBPyConnection, center: Center, models: Iterable[str], asked: Sequence[str]
) -> None:
    """Views of the models that join to others for dimensions that are asked for; all of them must be provided
    as `memory.models.<model>`.
    """
    for model in models:
        joined = _joined(center, model, asked)
        if joined:
            con.execute(f"create schema if not exists memory.{SCHEMA}")
            query = _query(con, model, joined)
            con.execute(f"create or replace view memory.{SCHEMA}.{name(model)} as {query}")


def _joined(center: Center, model: str, asked: Iterable[str]) -> dict[str, Reached]:
    """The joined dimensions that are asked of a model, by name without a grain."""
    found = {one: asked_of(center, model, one) for one in asked}
    return {
        plain_of(one, [one] if at[1] is None else []): at[0]
        for one, at in found.items()
        if at is not None and at[0].join is not None
    }


def _query(con: duckdb.DuckDBPyConnection, model: str, joined: dict[str, Reached]) -> str:
    """Each other model is joined once, with its key and the asked dimensions alone: no name of it is in the
    way of the near side's.
    """
    columns, joins = [], []
    for join in dict.fromkeys(one.join for one in joined.values() if one.join is not None):
        far, key = f"memory.models.{name(join.model)}", name(f"key of {join.entity} in {join.model}")
        chosen = [f"{name(join.key)} as {key}"]
        for column, one in joined.items():
            if one.join == join:
                chosen.append(f"({one.expr}) as {name(column)}")
                columns.append(_column(con, far, column, one))
        other = f"(select {', '.join(chosen)} from {far}) as {name(f'{join.entity} in {join.model}')}"
        joins.append(f"left join {other} on ({join.near}) = {key}")
    return f"select near.*, {', '.join(columns)} from memory.models.{name(model)} as near {' '.join(joins)}"


def _column(con: duckdb.DuckDBPyConnection, far: str, column: str, one: Reached) -> str:
    [(_, kind, *_)] = con.execute(f"describe select ({one.expr}) from {far}").fetchall()
    if kind != "VARCHAR":
        return name(column)
    return f"coalesce({name(column)}, '{UNKNOWN}') as {name(column)}"
