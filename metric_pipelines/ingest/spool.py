"""Rows of texts from Python into a temp table of DuckDB, batch by batch: memory stays bounded."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence

import duckdb
import pyarrow as pa

from metric_pipelines.warehouse.tables import name

ROWS = 50_000


def spooled(
    con: duckdb.DuckDBPyConnection, columns: Sequence[str], batches: Iterable[Sequence[Sequence[str | None]]]
) -> str:
    """A new temp table with these columns as VARCHAR, filled with batches of rows; its name."""
    table = f"spooled_{uuid.uuid4().hex[:12]}"
    con.execute(f"create temp table {table} ({', '.join(f'{name(c)} varchar' for c in columns)})")
    for rows in batches:
        arrays = [pa.array(values, pa.string()) for values in zip(*rows, strict=True)]
        con.register("spooled_batch", pa.Table.from_arrays(arrays, names=list(columns)))
        con.execute(f"insert into {table} select * from spooled_batch")
        con.unregister("spooled_batch")
    return table
