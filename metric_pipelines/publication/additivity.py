"""The proof that a metric adds up over what it is declared `additive` over, where its aggregation alone does
not say so: added up from what is staged, and counted anew from the model, both must be the same.

It is a part of the contract of each month: what is refuted there is withheld. Over `time` it is proven inside
each month alone; what two months share is not seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date

import duckdb

from metric_pipelines.dictionary import shapes
from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.definitions import Metric, SimpleMetric
from metric_pipelines.dictionary.filters import condition_over
from metric_pipelines.ledger.ledger import Verdict
from metric_pipelines.quality.audit import Verdicts
from metric_pipelines.quality.rules import CONTRACT
from metric_pipelines.semantics import staging
from metric_pipelines.warehouse.groups import TIME
from metric_pipelines.warehouse.staged import Staged
from metric_pipelines.warehouse.tables import apart, month_list, name

Refuted = dict[str, list[str]]
"""By month, what was found for each declaration that does not hold."""


def with_proof(
    con: duckdb.DuckDBPyConnection, center: Center, item: Staged, judged: Verdicts, today: date
) -> Verdicts:
    """The verdicts on a staged metric that is to be proven; the contract of a month fails where a declaration
    does not hold. The metric's model must be provided.
    """
    metric = center.metrics[item.key.removeprefix("metrics/")]
    found: Refuted = {}
    for over in _each_and_all(metric):
        for month, said in _differences(con, center, item, metric, over, today):
            found.setdefault(month, []).append(said)
    return {month: [_failed(v, found.get(month, [])) for v in verdicts] for month, verdicts in judged.items()}


def to_be_proven(metric: Metric) -> bool:
    """Whether what a metric is declared to add up over does not follow from how it is aggregated."""
    return (
        isinstance(metric, SimpleMetric)
        and bool(metric.additive)
        and metric.agg not in ("sum", "count")
        and not shapes.fills_gaps(metric)
    )


def _each_and_all(metric: Metric) -> list[tuple[str, ...]]:
    """Each of what it is published by and declared for, and all of it together."""
    assert isinstance(metric, SimpleMetric)
    kept = [*metric.dimensions, *([shapes.TIME] if metric.grain == "day" else [])]
    declared = [part for part in kept if part in (metric.additive or [])]
    return list(dict.fromkeys([*((part,) for part in declared), *([tuple(declared)] if declared else [])]))


def _differences(
    con: duckdb.DuckDBPyConnection,
    center: Center,
    item: Staged,
    metric: Metric,
    over: tuple[str, ...],
    today: date,
) -> Iterator[tuple[str, str]]:
    """For each month in which sums differ from the model: how many, and the first of them."""
    assert item.columns is not None
    grain = "month" if shapes.TIME in over else metric.grain
    left = [dimension for dimension in item.dimensions if dimension not in over]
    until = condition_over(f"{TIME} <= date '{today}'", [TIME], item.key)
    direct = staging.model_sql(center, staging.Question([metric], grain, left, condition=until))
    keys = ", ".join([f"cast(date_trunc('{grain}', {TIME}) as date) as {TIME}", *map(name, left)])
    added = f"select {keys}, sum({name(item.columns.value)}) as value from {item.table} group by all"
    same = " and ".join(f"a.{name(key)} is not distinct from b.{name(key)}" for key in (TIME, *left))
    shown = " || ' ' || ".join(f"coalesce(a.{name(k)}, b.{name(k)})::varchar" for k in (TIME, *left))
    month = f"date_trunc('month', coalesce(a.{TIME}, b.{TIME}))"
    rows = con.execute(
        f"select strftime({month}, '%Y-%m') as month, count(*), min_by({shown}, {shown}),"
        f" min_by(a.value, {shown}), min_by(b.value, {shown})"
        f" from ({added}) as a full join ({direct}) as b on {same}"
        f" where cast({month} as date) in ({month_list(item.months)})"
        f" and coalesce(a.value, b.value) is not null"
        f" and coalesce({apart('a.value', 'b.value')}, true)"
        f" group by 1 order by 1"
    ).fetchall()
    for at, count, example, total, anew in rows:
        yield (
            str(at),
            (
                f"additive over {' and '.join(over)}: {count} sum(s) are not what the model counts, such as "
                f"{example}: {total} added up, {anew} counted anew; {_remedy(center, metric, over)}"
            ),
        )


def _remedy(center: Center, metric: Metric, over: tuple[str, ...]) -> str:
    file = center.files[f"metrics/{metric.name}"].path.relative_to(center.folder)
    return f"to do: take {' or '.join(over)} out of additive in {file}; rollups keep what is often asked for"


def _failed(verdict: Verdict, said: Iterable[str]) -> Verdict:
    failures = [
        {
            "column": "",
            "rule": "additive",
            "reason": "",
            "message": text.removeprefix("additive "),
            "values": [],
        }
        for text in said
    ]
    if verdict.check != CONTRACT or not failures:
        return verdict
    before = verdict.detail.get("failures", [])
    return replace(verdict, passed=False, severity="error", detail={"failures": [*before, *failures]})
