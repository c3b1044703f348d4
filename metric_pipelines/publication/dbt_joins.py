"""Whether joining semantic models keeps rows single, asked of the rows themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import duckdb

from metric_pipelines.exchange.dbt.elements import dimension_elements, entity_elements
from metric_pipelines.exchange.dbt.joins import Join


class Joins:
    """Whether joins keep rows single, asked of the rows; and the keys by which a contract keeps it so."""

    def __init__(self, con: duckdb.DuckDBPyConnection, tables: Mapping[str, str]) -> None:
        self._con, self._tables = con, tables
        self._found: dict[tuple[str, tuple[str, ...]], str | None] = {}

    def refusal(self, join: Join) -> str | None:
        """Why a join could count rows twice; None where it cannot."""
        key = str(join.model["name"]), self._columns(join)
        if key not in self._found:
            self._found[key] = self._refusal(join, *key)
        return self._found[key]

    def _refusal(self, join: Join, model: str, columns: tuple[str, ...]) -> str | None:
        if not all(re.fullmatch(r"[A-Za-z_]\w*", column) for column in columns):
            return f"{model} is joined by an expression, of which no contract can say that it is unique"
        table, listed = self._tables[model], ", ".join(columns)
        twice = f"select 1 from {table} group by {listed} having count(*) > 1 limit 1"
        if self._con.execute(twice).fetchone() is not None:
            return f"several rows of {model} for one {join.entity}: joining them would count rows twice"
        if join.window and self._overlaps(join, table):
            return f"rows of {model} for one {join.entity} hold on the same day: joining counts rows twice"
        return None

    def _overlaps(self, join: Join, table: str) -> bool:
        by_name = {e.name: e.expr for e in dimension_elements(join.model)}
        start, end = (by_name[name] for name in join.window)
        entity = self._columns(join)[0]
        following = f"lead({start}) over (partition by {entity} order by {start})"
        rows = f"select {end} as ends, {following} as begins from {table} where {entity} is not null"
        late = f"select 1 from ({rows}) where begins is not null and (ends is null or begins < ends) limit 1"
        return self._con.execute(late).fetchone() is not None

    def _columns(self, join: Join) -> tuple[str, ...]:
        """What a row is found by: the entity, partitions, and the day it holds from."""
        plain = {d["name"]: d.get("expr") or d["name"] for d in join.model["dimensions"]}
        entity = next(e.expr for e in entity_elements(join.model) if e.name == join.entity)
        return (entity, *(plain[name] for name in (*join.partitions, *join.window[:1])))

    def unique_keys(self) -> Iterator[tuple[str, list[str]]]:
        """The keys of all joins that are made, by semantic model."""
        for (model, columns), why in self._found.items():
            if why is None:
                yield model, list(columns)
