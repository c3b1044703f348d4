"""The lake as a Dagster resource: dagster-duckdb's connection, with the lake attached."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import duckdb
from dagster_duckdb import DuckDBResource

from metric_pipelines.warehouse.lake import TRUSTING, Lake, prepare, step_of_kept


class LakeResource(DuckDBResource):
    """An in-memory DuckDB with the lake in `folder` attached as `lake`: of a step, or of a refresh."""

    database: str = ":memory:"
    connection_config: dict[str, Any] = TRUSTING
    folder: str

    @contextmanager
    def open(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection for one step; of a refresh, to the database that it keeps open."""
        lake = Lake(Path(self.folder))
        with step_of_kept(lake) as con:
            if con is not None:
                yield con
                return
        with self.get_connection() as con, closing(con):  # which the library does not where a step fails
            yield prepare(con, lake)
