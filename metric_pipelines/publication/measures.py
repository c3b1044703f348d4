"""What is measured of a staged asset for its receipt: rows, content hash, where it is stored, and a metric's
month value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import duckdb

from metric_pipelines.dictionary import shapes
from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.definitions import CumulativeMetric, Metric
from metric_pipelines.dictionary.graph import digest, group_of
from metric_pipelines.dictionary.months import WHOLE
from metric_pipelines.publication.workshop import Workshop
from metric_pipelines.semantics.manifest import parts_of
from metric_pipelines.warehouse import tables
from metric_pipelines.warehouse.groups import TIME, MetricColumns
from metric_pipelines.warehouse.staged import Staged, StagedCut
from metric_pipelines.warehouse.tables import MONTH, name

ROLLUPS = "rollups"
"""Of a metric's receipt: its cuts."""


def columns_of(shop: Workshop, metrics: Iterable[Metric]) -> dict[str, MetricColumns]:
    """The columns that metrics are stored in under their definitions as they are now, by metric."""
    chosen = {f"metrics/{metric.name}": metric for metric in metrics}
    nodes = shop.graph.nodes
    wanted = {key: (nodes[key].computation, metric.model_dump(mode="json")) for key, metric in chosen.items()}
    versions = shop.ledger.column_versions(wanted)
    return {
        metric.name: MetricColumns(metric.name, versions[key], parts_of(metric) is not None)
        for key, metric in chosen.items()
    }


def tables_of(shop: Workshop, metrics: Iterable[Metric]) -> dict[str, str]:
    """The wide tables that metrics live in, by metric."""
    return shop.ledger.tables_of({metric.name: group_of(shop.center, metric) for metric in metrics})


Inputs = Mapping[str, str]
Measured = dict[str, dict[str, Any]]
"""By month: data_version, rows, column_version and facts, as an attempt keeps them."""


def measure(
    con: duckdb.DuckDBPyConnection, shop: Workshop, staged: Sequence[Staged], inputs: Mapping[str, Inputs]
) -> dict[str, Measured]:
    """What is measured of staged assets, by asset; `inputs` are the versions each is made from."""
    metrics: dict[str, list[Staged]] = {}
    found = {}
    for item in staged:
        if item.columns is not None:
            metrics.setdefault(item.table, []).append(item)
        else:
            found[item.key] = _of_view(con, shop, item, inputs) if item.view else _of_table(con, shop, item)
    for items in metrics.values():
        found |= _of_metrics(con, shop, items)
    return found


def _of_view(
    con: duckdb.DuckDBPyConnection, shop: Workshop, item: Staged, inputs: Mapping[str, Inputs]
) -> Measured:
    """What is kept as a view has no contents of its own: its version is that of its definition and of what it
    reads.
    """
    computation = shop.graph.nodes[item.key].computation
    version = item.version or f"view:{digest([computation, inputs[item.key]])}"
    facts = {"schema": tables.columns(con, item.table), "computation": computation}
    return {WHOLE: {"data_version": version, "rows": None, "facts": facts}}


def _of_table(con: duckdb.DuckDBPyConnection, shop: Workshop, item: Staged) -> Measured:
    types = tables.columns(con, item.table)
    common: dict[str, Any] = {"schema": types, "computation": shop.graph.nodes[item.key].computation}
    return {
        month: {"data_version": version, "rows": rows, "facts": common | item.facts.get(month, {})}
        for month, (version, rows) in tables.content_versions(
            con, item.table, item.months, list(types)
        ).items()
    }


def _of_metrics(
    con: duckdb.DuckDBPyConnection, shop: Workshop, items: Sequence[Staged]
) -> dict[str, Measured]:
    """All metrics of one staged table, in one query."""
    table, months = items[0].table, items[0].months
    types = tables.columns(con, table)
    metrics = [shop.center.metrics[item.key.removeprefix("metrics/")] for item in items]
    homes, cuts = tables_of(shop, metrics), _of_cuts(con, items)
    asked = [tables.month_of(months)]
    for metric, item in zip(metrics, items, strict=True):
        asked += _asked(shop.center, metric, item, types)
    rows = {
        str(row[0]): row[1:]
        for row in con.execute(f"select {', '.join(asked)} from {table} a group by 1").fetchall()
    }
    found: dict[str, Measured] = {}
    for at, (metric, item) in enumerate(zip(metrics, items, strict=True)):
        assert item.columns is not None
        named = {column: part for part, column in item.columns.all.items()}
        of = _hashed(item)
        common = {
            "schema": {named.get(c, c): types[c] for c in of},
            "computation": shop.graph.nodes[item.key].computation,
            "table": homes[metric.name],
        }
        found[item.key] = {}
        for month in months:
            count, total, newest, value = rows.get(month, NOTHING * len(items))[4 * at : 4 * at + 4]
            facts = common | ({"value": float(value)} if value is not None else {})
            facts |= ({"newest": str(newest)} if newest is not None else {}) | item.facts.get(month, {})
            facts |= {ROLLUPS: cuts[item.key][month]} if item.cuts else {}
            found[item.key][month] = {
                "data_version": tables.content_version(types, of, count, total),
                "rows": int(count),
                "facts": facts,
                "column_version": item.columns.version,
            }
    return found


def _of_cuts(con: duckdb.DuckDBPyConnection, items: Sequence[Staged]) -> dict[str, Measured]:
    """What receipts keep of cuts, by metric and month: the snapshot and the day they were computed as of, and
    of each its table, contents and rows. One query for all cuts of one staged table.
    """
    tables_: dict[str, list[tuple[Staged, StagedCut]]] = {}
    for item in items:
        for cut in item.cuts:
            tables_.setdefault(cut.table, []).append((item, cut))
    found: dict[str, Measured] = {item.key: {} for item in items}
    for table, cuts in tables_.items():
        types, months = tables.columns(con, table), cuts[0][0].months
        asked = [tables.month_of(months), *(a for _, cut in cuts for a in _contents(cut, types))]
        rows = {
            str(r[0]): r[1:]
            for r in con.execute(f"select {', '.join(asked)} from {table} group by 1").fetchall()
        }
        for at, (item, cut) in enumerate(cuts):
            for month in months:
                count, total = rows.get(month, (0, None) * len(cuts))[2 * at : 2 * at + 2]
                version = tables.content_version(types, _hashed(cut), count, total)
                own = found[item.key].setdefault(
                    month, {"read": cut.read, "until": str(cut.until), "cuts": {}}
                )
                own["cuts"][cut.name] = {"table": cut.target, "version": version, "rows": int(count)}
    return found


def _contents(item: Staged | StagedCut, types: Mapping[str, str]) -> list[str]:
    """Of a metric or a cut and each month: rows, and the sum of their hashes.

    Not by FILTER: for each aggregate that has one, DuckDB cuts out all columns that the query reads, so that
    forty metrics cost six times what they cost so.
    """
    assert item.columns is not None
    some = " or ".join(f"{name(c)} is not null" for c in item.columns.all.values())
    return [f"count(case when {some} then 1 end)", tables.contents(types, _hashed(item), some)]


def _hashed(item: Staged | StagedCut) -> list[str]:
    assert item.columns is not None
    return [TIME, *item.dimensions, *item.columns.all.values()]


def _asked(center: Center, metric: Metric, item: Staged, types: Mapping[str, str]) -> list[str]:
    """Of a metric and each month: rows, the sum of their hashes, the newest day with a value, and its one
    number (NULL where its table gives none).
    """
    assert item.columns is not None
    newest = f"max(case when {name(item.columns.value)} is not null then {TIME} end)"
    return [*_contents(item, types), newest, _month_expression(center, metric, item) or "null"]


NOTHING = (0, 0, None, None)
"""Of a metric in a month without rows."""


def _month_expression(center: Center, metric: Metric, item: Staged) -> str | None:
    """One number a month for a metric, where its table gives an exact one: total, ratio of totals, or the
    last day's total. An aggregate over the rows `a` of a month.
    """
    assert item.columns is not None
    columns = {part: name(column) for part, column in item.columns.all.items()}
    dropped = {*metric.dimensions} | ({shapes.TIME} if metric.grain == "day" else set())
    total = f"sum({columns['value']})"
    if isinstance(metric, CumulativeMetric):
        whole = shapes.adds_up(center.metrics[metric.metric.name], set(metric.dimensions))
        return f"{total} filter ({TIME} = ({_newest(item)}))" if whole else None
    parts = parts_of(metric)
    if parts and all(p not in center.metrics or shapes.adds_up(center.metrics[p], dropped) for p in parts):
        return f"sum({columns['numerator']})::double / nullif(sum({columns['denominator']})::double, 0)"
    if shapes.adds_up(metric, dropped):
        return total
    return None if dropped else f"any_value({columns['value']})"


def _newest(item: Staged) -> str:
    """The newest day with a value in the month of row `a`."""
    assert item.columns is not None
    value = name(item.columns.value)
    return f"select max({TIME}) from {item.table} b where b.{MONTH} = a.{MONTH} and b.{value} is not null"


def has_view(con: duckdb.DuckDBPyConnection, metric: str) -> bool:
    """Whether the lake has the view of a metric."""
    return tables.is_view(con, "metrics", metric)
