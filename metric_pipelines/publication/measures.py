"""What is measured of a staged asset for its receipt: rows, content hash, where it is stored, and a metric's
month value.
"""

from __future__ import annotations

from typing import Any

import duckdb

from metric_pipelines.dictionary import shapes
from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.definitions import CumulativeMetric, Metric
from metric_pipelines.dictionary.graph import group_of
from metric_pipelines.dictionary.months import WHOLE
from metric_pipelines.publication.workshop import Workshop
from metric_pipelines.semantics.manifest import parts_of
from metric_pipelines.warehouse import tables
from metric_pipelines.warehouse.groups import TIME, MetricColumns
from metric_pipelines.warehouse.staged import Staged
from metric_pipelines.warehouse.tables import MONTH, name

ROLLUPS = "rollups"
"""Of a metric's receipt: its cuts."""


def columns_of(shop: Workshop, metric: Metric) -> MetricColumns:
    """The columns a metric is stored in under its definition as it is now."""
    node = shop.graph.nodes[f"metrics/{metric.name}"]
    version = shop.ledger.column_version(node.key, node.computation, metric.model_dump(mode="json"))
    return MetricColumns(metric.name, version, parts_of(metric) is not None)


def measure(con: duckdb.DuckDBPyConnection, shop: Workshop, item: Staged) -> dict[str, dict[str, Any]]:
    """For each month: data_version, rows, column_version and facts, as an attempt keeps them."""
    if item.columns is None:
        of, some = list(tables.columns(con, item.table)), "true"
    else:
        of = [TIME, *item.dimensions, *item.columns.all.values()]
        some = " or ".join(f"{name(c)} is not null" for c in item.columns.all.values())
    versions = tables.content_versions(con, item.table, item.months, of, some)
    values, newest = _month_values(con, shop.center, item), _newest_days(con, item)
    cuts = _cuts(con, item)
    computation = shop.graph.nodes[item.key].computation
    common: dict[str, Any] = {"schema": _schema(con, item, of), "computation": computation}
    if item.columns is not None:
        common["table"] = table_of(shop, shop.center.metrics[item.columns.key])
    found = {}
    for month, (version, rows) in versions.items():
        facts = common | ({"value": values[month]} if month in values else {})
        facts |= {"newest": newest[month]} if month in newest else {}
        facts |= item.facts.get(month, {}) | ({ROLLUPS: cuts[month]} if month in cuts else {})
        own: dict[str, Any] = {"data_version": version, "rows": rows, "facts": facts}
        if item.columns is not None:
            own["column_version"] = item.columns.version
        found[month] = own
    return found


def _cuts(con: duckdb.DuckDBPyConnection, item: Staged) -> dict[str, dict[str, Any]]:
    """What a receipt keeps of the cuts, by month: the snapshot and the day they were computed as of, and of
    each its table, contents and rows.
    """
    found: dict[str, dict[str, Any]] = {}
    for cut in item.cuts:
        of = [TIME, *cut.dimensions, *cut.columns.all.values()]
        some = " or ".join(f"{name(c)} is not null" for c in cut.columns.all.values())
        for month, (version, rows) in tables.content_versions(con, cut.table, item.months, of, some).items():
            own = found.setdefault(month, {"read": cut.read, "until": str(cut.until), "cuts": {}})
            own["cuts"][cut.name] = {"table": cut.target, "version": version, "rows": rows}
    return found


def _schema(con: duckdb.DuckDBPyConnection, item: Staged, of: list[str]) -> dict[str, str]:
    """Columns and types as readers see them: a metric's are called value, numerator, denominator."""
    types = tables.columns(con, item.table)
    shown = {column: part for part, column in item.columns.all.items()} if item.columns else {}
    return {shown.get(c, c): types[c] for c in of}


def table_of(shop: Workshop, metric: Metric) -> str:
    """The wide table a metric lives in."""
    return shop.ledger.table_of(metric.name, group_of(shop.center, metric))


def _month_values(con: duckdb.DuckDBPyConnection, center: Center, item: Staged) -> dict[str, float]:
    """One number a month for a metric, where its table gives an exact one: total, ratio of totals, or the
    last day's total.
    """
    if item.columns is None or item.months == [WHOLE]:
        return {}
    metric = center.metrics[item.columns.key]
    expression = _month_expression(center, metric, item)
    if expression is None:
        return {}
    where = f" where {TIME} = ({_newest(item)})" if isinstance(metric, CumulativeMetric) else ""
    query = f"select strftime({MONTH}, '%Y-%m'), {expression} from {item.table} a{where} group by 1"
    return {str(month): float(value) for month, value in con.execute(query).fetchall() if value is not None}


def _newest_days(con: duckdb.DuckDBPyConnection, item: Staged) -> dict[str, str]:
    """The newest day with a value in each month of a metric."""
    if item.columns is None or item.months == [WHOLE]:
        return {}
    query = f"select strftime({MONTH}, '%Y-%m'), max({TIME}) from {item.table} "
    query += f"where {name(item.columns.value)} is not null group by 1"
    return {str(month): str(day) for month, day in con.execute(query).fetchall()}


def _newest(item: Staged) -> str:
    """The newest day with a value in the month of row `a`."""
    assert item.columns is not None
    value = name(item.columns.value)
    return f"select max({TIME}) from {item.table} b where b.{MONTH} = a.{MONTH} and b.{value} is not null"


def _month_expression(center: Center, metric: Metric, item: Staged) -> str | None:
    assert item.columns is not None
    columns = {part: name(column) for part, column in item.columns.all.items()}
    dropped = {*metric.dimensions} | ({shapes.TIME} if metric.grain == "day" else set())
    total = f"sum({columns['value']})"
    if isinstance(metric, CumulativeMetric):
        whole = shapes.adds_up(center.metrics[metric.metric.name], set(metric.dimensions))
        return total if whole else None
    parts = parts_of(metric)
    if parts and all(p not in center.metrics or shapes.adds_up(center.metrics[p], dropped) for p in parts):
        return f"sum({columns['numerator']})::double / nullif(sum({columns['denominator']})::double, 0)"
    if shapes.adds_up(metric, dropped):
        return total
    return None if dropped else f"any_value({columns['value']})"


def has_view(con: duckdb.DuckDBPyConnection, metric: str) -> bool:
    """Whether the lake has the view of a metric."""
    mine = "database_name = 'lake' and schema_name = 'metrics' and view_name = ?"
    return con.execute(f"select 1 from duckdb_views() where {mine}", [metric]).fetchone() is not None
