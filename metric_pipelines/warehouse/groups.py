"""Wide tables: one for each group of metrics, one column a metric and version, and a view `metrics.<key>` on
top.

A month of some metrics is replaced while the other columns of the table are carried over, by a full join on
the keys; what no metric of the table has a value for is no row.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import duckdb

from metric_pipelines.dictionary.months import first_day
from metric_pipelines.warehouse.tables import MONTH, columns, exists, in_lake, month_list, name

TIME = "metric_time"
PARTS = ("numerator", "denominator")


@dataclass(frozen=True)
class MetricColumns:
    """Where a metric's values stand in its group's table: the columns of one version."""

    key: str
    version: int
    parts: bool = False
    """Whether numerator and denominator are kept beside the value."""

    @property
    def value(self) -> str:
        return f"{self.key}__v{self.version}"

    @property
    def all(self) -> dict[str, str]:
        """The columns by what they are: value, and numerator and denominator where kept."""
        named = {"value": self.value}
        return named | ({part: f"{self.value}__{part}" for part in PARTS} if self.parts else {})


@dataclass(frozen=True)
class MetricView:
    """The view of a metric: its table, dimensions, and for each version in force its months."""

    key: str
    table: str
    dimensions: list[str]
    versions: dict[MetricColumns, list[str]] = field(hash=False)


def relation(table: str) -> str:
    """The lake's wide table of a group."""
    return f"lake.groups.{name(table)}"


def replace_columns(
    con: duckdb.DuckDBPyConnection,
    table: str,
    staged: str,
    dimensions: list[str],
    metrics: Iterable[MetricColumns],
    months: list[str],
) -> None:
    """Replaces these months of these metrics in a group's table by what is staged; inside the caller's
    transaction.
    """
    new = [column for metric in metrics for column in metric.all.values()]
    keys = [MONTH, TIME, *dimensions]
    _with_columns(con, table, staged, keys, new)
    target, wanted = relation(table), f"{MONTH} in ({month_list(months)})"
    old = [c for c in columns(con, target) if c not in keys and c not in new]
    if old:
        _set_aside(con, "carried", target, keys, old, wanted)
    con.execute(f"delete from {target} where {wanted}")
    names = ", ".join(name(c) for c in [*keys, *new, *old])
    order = ", ".join(str(i + 1) for i in range(len(keys)))
    arriving = f"select {', '.join(map(name, [*keys, *new]))} from {staged} where {wanted} and {_some(new)}"
    rows = _merged(arriving, keys, new, old) if old else arriving
    con.execute(f"insert into {target} ({names}) {rows} order by {order}")
    if old:
        con.execute("drop table carried")


def _merged(arriving: str, keys: list[str], new: list[str], old: list[str]) -> str:
    """The rows that arrive, side by side with those that are carried over."""
    same = " and ".join(f"a.{name(k)} is not distinct from b.{name(k)}" for k in keys)
    merged = (
        [f"coalesce(a.{name(k)}, b.{name(k)})" for k in keys]
        + [f"a.{name(c)}" for c in new]
        + [f"b.{name(c)}" for c in old]
    )
    return f"select {', '.join(merged)} from ({arriving}) a full join carried b on {same}"


def _set_aside(
    con: duckdb.DuckDBPyConnection, into: str, table: str, keys: list[str], chosen: list[str], wanted: str
) -> None:
    """The rows of some columns that hold any value."""
    rows = f"select {', '.join(map(name, [*keys, *chosen]))} from {table} where {wanted} and {_some(chosen)}"
    con.execute(f"create or replace temp table {into} as {rows}")


def _some(chosen: list[str]) -> str:
    """The condition that a row holds a value of any of these columns."""
    return f"({' or '.join(f'{name(c)} is not null' for c in chosen)})"


def _with_columns(
    con: duckdb.DuckDBPyConnection, table: str, staged: str, keys: list[str], new: list[str]
) -> None:
    types, target = columns(con, staged), relation(table)
    if not exists(con, "groups", table):
        con.execute("create schema if not exists lake.groups")
        spec = ", ".join(f"{name(c)} {types[c]}" for c in [*keys, *new])
        con.execute(f"create table {target} ({spec})")
        con.execute(f"alter table {target} set partitioned by ({MONTH})")
        return
    have = columns(con, target)
    for column in new:
        if column not in have:
            con.execute(f"alter table {target} add column {name(column)} {types[column]}")


def create_views(con: duckdb.DuckDBPyConnection, views: Iterable[MetricView]) -> None:
    """Creates or replaces `metrics.<key>` of each: metric_time, dimensions, value, and numerator and
    denominator where kept.
    """
    listed = list(views)
    if not listed:
        return
    con.execute("create schema if not exists lake.metrics")
    with in_lake(con):  # so that the text names no catalog, and any client may attach under any name
        for view in listed:
            con.execute(f"create or replace view metrics.{name(view.key)} as {_query(view)}")


def _query(view: MetricView) -> str:
    one = len(view.versions) == 1
    parts = [_branch(view, version, None if one else months) for version, months in view.versions.items()]
    return " union all by name ".join(parts)


def _branch(view: MetricView, version: MetricColumns, months: list[str] | None) -> str:
    chosen = [TIME, *view.dimensions]
    values = ", ".join(f"{name(column)} as {part}" for part, column in version.all.items())
    some = " or ".join(f"{name(column)} is not null" for column in version.all.values())
    within = "" if months is None else f" and {MONTH} in ({', '.join(_date(m) for m in months)})"
    keys, table = ", ".join(map(name, chosen)), f"groups.{name(view.table)}"
    return f"select {keys}, {values} from {table} where ({some}){within}"


def _date(month: str) -> str:
    return f"date '{first_day(month)}'"
