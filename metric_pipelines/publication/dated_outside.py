"""Rows of a model without months that are dated before the center's first month or after today, or not at
all: metrics by day, month and so on leave them out, so their number is told.

Stays out: tables by month. Of a source just the months are read; to count what lies beside them would be one
more pass over it.
"""

from __future__ import annotations

from typing import Any

import duckdb

from metric_pipelines.dictionary.definitions import Model
from metric_pipelines.dictionary.months import WHOLE, first_day
from metric_pipelines.publication.workshop import Workshop
from metric_pipelines.warehouse.staged import Staged
from metric_pipelines.warehouse.tables import columns, name

DATED_OUTSIDE = "dated_outside"
"""Of a model's receipt: its rows `before` the first month, `after` the day that was today, and `undated`."""


def dated_outside(
    con: duckdb.DuckDBPyConnection, shop: Workshop, model: Model, staged: Staged
) -> dict[str, dict[str, Any]]:
    """What the receipt of a model keeps of it, by month; nothing of a view, which keeps no rows, of a model
    without a time (or whose time is none: the contract says so), or where no row is.
    """
    if staged.months != [WHOLE] or staged.view or model.time is None or model.time_spine:
        return {}
    if not columns(con, staged.table).get(model.time, "").startswith(("DATE", "TIMESTAMP")):
        return {}
    day = f"cast({name(model.time)} as date)"
    row = con.execute(
        f"select count(*) filter ({day} < date '{first_day(shop.graph.first)}'),"
        f" count(*) filter ({day} > date '{shop.today}'), count(*) filter ({day} is null) from {staged.table}"
    ).fetchone()
    found = {
        kind: rows for kind, rows in zip(("before", "after", "undated"), row or (), strict=False) if rows
    }
    return {WHOLE: {DATED_OUTSIDE: found}} if found else {}
