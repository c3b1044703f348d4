"""Where the published values of metrics stand, for what derives from them: columns of wide tables, by month.

The views `metrics.<key>` say the same of one metric; here inputs that stand in one table are read together.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from metric_pipelines.publication.standing import NOTHING
from metric_pipelines.publication.workshop import Workshop
from metric_pipelines.semantics.staging import InputRows
from metric_pipelines.warehouse.groups import PARTS, TIME, MetricColumns, relation


def published_inputs(shop: Workshop, names: Sequence[str], months: Collection[str]) -> list[InputRows]:
    """The rows of these months that are in force for each of some metrics, as their views show them."""
    at: dict[tuple[str, str], dict[str, str]] = {}
    dimensions: dict[str, frozenset[str]] = {}
    history = shop.ledger.history()
    for name in names:
        own = {m: history.get((f"metrics/{name}", m), NOTHING).published for m in shop.graph.months}
        given = {month: receipt for month, receipt in own.items() if receipt is not None}
        newest = max(given.values(), key=lambda receipt: receipt.id, default=None)
        for month, receipt in given.items():
            table = receipt.facts.get("table")
            if newest is None or table is None or table != newest.facts.get("table") or month not in months:
                continue
            columns = MetricColumns(name, receipt.column_version or 0)
            at.setdefault((str(table), month), {})[name] = columns.value
            dimensions[str(table)] = frozenset(receipt.facts.get("schema", {})) - {TIME, "value", *PARTS}
    alike: dict[tuple[str, tuple[tuple[str, str], ...]], list[str]] = {}
    for (table, month), found in at.items():
        alike.setdefault((table, tuple(sorted(found.items()))), []).append(month)
    return [
        InputRows(relation(table), dimensions[table], dict(found), sorted(ms))
        for (table, found), ms in alike.items()
    ]
