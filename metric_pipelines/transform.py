"""Computes models: one SELECT each, over views of its inputs bounded to the months that are computed.

The SQL says `oms.transactions` or `models.baskets`; here these are views of the step's own in-memory
database, so that a model cannot read more than it declared. Stays out: contracts and writing.
"""

from __future__ import annotations

from collections.abc import Iterable

import duckdb

from metric_pipelines.dictionary.definitions import Model
from metric_pipelines.dictionary.model_sql import statement
from metric_pipelines.dictionary.months import WHOLE
from metric_pipelines.errors import ComputationError, database_said
from metric_pipelines.warehouse import tables
from metric_pipelines.warehouse.staged import Staged
from metric_pipelines.warehouse.tables import MONTH, name


def provide(
    con: duckdb.DuckDBPyConnection, key: str, months: Iterable[str], columns: str = "*", some: str = "true"
) -> None:
    """The asset `key` as a view `<schema>.<table>` of the step's own database, bounded to `months` (or the
    whole), and to `columns` of the rows that the condition `some` is true for.
    """
    schema, table = key.split("/")
    wanted = list(months)
    con.execute(f"create schema if not exists memory.{name(schema)}")
    where = f" where {some}" if wanted == [WHOLE] else f" where {MONTH} in ({tables.month_list(wanted)})"
    where += f" and {some}" if wanted != [WHOLE] and some != "true" else ""
    if not wanted:
        where = " where false"
    view = f"memory.{name(schema)}.{name(table)}"
    con.execute(f"create or replace view {view} as select {columns} from {tables.relation(key)}{where}")


def stage(
    con: duckdb.DuckDBPyConnection,
    model: Model,
    sql: str,
    months: list[str],
    target: str,
    where: str,
    *,
    from_whole: bool = False,
) -> Staged:
    """Computes months of a model (or the whole) into the temp table `target`; its inputs must be provided.

    Of rows made `from_whole` inputs alone, those of other months are left out: they are the same each time.
    The temp table has the contract's columns in its order, and `partition_month` where the model is monthly.
    Raises: ComputationError with the SQL file and what DuckDB said.
    """
    month = (
        f", cast(date_trunc('month', {name(model.partition_by)}) as date) as {MONTH}"
        if model.partition_by
        else ""
    )
    around = model.look_back or model.look_ahead or from_whole
    within = f"{MONTH} in ({tables.month_list(months)})" if months != [WHOLE] else "true"
    bound = f" where {within} or {MONTH} is null" if around and months != [WHOLE] else ""
    listed = ", ".join(name(c) for c in model.columns)
    query = (
        f"with computed as ({statement(sql)}\n) select * from (select {listed}{month} from computed){bound}"
    )
    kind = "view" if model.materialized == "view" else "table"
    try:
        con.execute(f"create or replace temp {kind} {target} as {query}")
    except duckdb.Error as error:
        said, line = database_said(error)
        raise ComputationError(where + line, said, "SQL that runs", "mend the model's SQL") from error
    if months != [WHOLE]:
        _refuse_rows_of_no_month(con, model, target, where)
        _refuse_rows_of_other_months(con, model, target, within, where)
    return Staged(f"models/{model.name}", target, months, view=query if kind == "view" else "")


def _refuse_rows_of_no_month(con: duckdb.DuckDBPyConnection, model: Model, target: str, where: str) -> None:
    """A row without its partition column would belong to no month, and be lost without a word."""
    row = con.execute(f"select count(*) from {target} where {MONTH} is null").fetchone()
    if row is not None and row[0]:
        found = f"{row[0]:,} row(s) without {model.partition_by} belong to no month"
        raise ComputationError(where, found, f"{model.partition_by} in every row", "mend the model's SQL")


def _refuse_rows_of_other_months(
    con: duckdb.DuckDBPyConnection, model: Model, target: str, within: str, where: str
) -> None:
    """A model that reads a month alone must make rows of that month alone: else what is there depends on what
    else is computed beside it. With a look-back or look-ahead, rows of the months around are left out.
    """
    row = con.execute(f"select count(*), min({MONTH}) from {target} where not ({within})").fetchone()
    if row is not None and row[0]:
        found = f"{row[0]:,} row(s) fall in months that were not asked for, such as {row[1]:%Y-%m}"
        remedy = "use the day the inputs are partitioned by, or give the model a look_back"
        raise ComputationError(where, found, "rows of the months that are read", remedy)
