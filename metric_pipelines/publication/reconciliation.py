"""Reconciliation: a metric compared with a query of its models for it alone, a verdict a month.

Each cut is compared row by row. Of the metric's own rows, what adds up is compared by its total a month (of a
ratio, numerator and denominator), one query for all such metrics of a step; what does not is compared row by
row. What is inexact, quotients and sums of doubles, may differ as `tables.apart` says, all else by nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import cast

import duckdb

from metric_pipelines.dictionary import shapes
from metric_pipelines.dictionary.definitions import Grain, Metric
from metric_pipelines.ledger.ledger import Verdict
from metric_pipelines.publication import as_of, cuts
from metric_pipelines.publication.workshop import Workshop
from metric_pipelines.quality.rules import RECONCILE
from metric_pipelines.semantics import staging
from metric_pipelines.semantics.manifest import parts_of
from metric_pipelines.warehouse import tables
from metric_pipelines.warehouse.groups import TIME
from metric_pipelines.warehouse.staged import Staged, StagedCut
from metric_pipelines.warehouse.tables import MONTH, name

Found = dict[str, list[dict[str, object]]]
"""By month, what differs, as a verdict keeps it."""
INEXACT = ("DOUBLE", "FLOAT")


def verdicts(
    con: duckdb.DuckDBPyConnection, shop: Workshop, staged: Sequence[Staged]
) -> dict[str, dict[str, tuple[Verdict]]]:
    """The verdicts of the staged metrics that are reconciled, by asset and month; the models are read as of
    the snapshot that these were staged from.
    """
    chosen = [item for item in staged if shop.graph.nodes[item.key].reconciled]
    found: dict[str, Found] = {item.key: {} for item in chosen}
    for item in chosen:
        for cut in item.cuts:
            _gather(found[item.key], _of_cut(con, shop, item, cut))
        if not _adding_up(shop, _metric(shop, item)):
            _gather(found[item.key], _of_rows(con, shop, item))
    added = [item for item in chosen if _adding_up(shop, _metric(shop, item))]
    for key, difference in _of_totals(con, shop, added):
        _gather(found[key], [difference])
    return {
        item.key: {month: (_verdict(found[item.key].get(month, [])),) for month in item.months}
        for item in chosen
    }


def _gather(found: Found, differences: Iterable[tuple[str, dict[str, object]]]) -> None:
    for month, said in differences:
        found.setdefault(month, []).append(said)


def _metric(shop: Workshop, item: Staged) -> Metric:
    return shop.center.metrics[item.key.removeprefix("metrics/")]


def _read(item: Staged) -> int:
    assert item.read is not None
    return item.read


def _verdict(failures: list[dict[str, object]]) -> Verdict:
    return Verdict(RECONCILE, "duckdb", not failures, detail={"failures": failures})


def _of_cut(
    con: duckdb.DuckDBPyConnection, shop: Workshop, item: Staged, cut: StagedCut
) -> Iterator[tuple[str, dict[str, object]]]:
    metric, grain = _metric(shop, item), cast(Grain, cut.grain)
    cuts.provide(con, shop, [metric], grain, cut.dimensions, item.months, cut.read)
    parts = list(cut.columns.all)
    alone = _alone(shop, metric, grain, cut.dimensions)
    keys = [TIME, *cut.dimensions]
    anew = cuts.by_month(alone, grain, item.months, ", ".join(map(name, [*keys, *parts])))
    kept = _renamed(cut.table, [MONTH, *keys], cut.columns.all)
    yield from _differences(con, f"[{cut.name}]", kept, anew, keys, parts, item.months)


def _alone(shop: Workshop, metric: Metric, grain: str, dimensions: Sequence[str]) -> str:
    first = as_of.first_counted(shop.center, shop.graph, metric)
    return staging.period_sql(shop.center, staging.Question([metric], grain, list(dimensions), first))


def _renamed(table: str, keys: Sequence[str], columns: Mapping[str, str]) -> str:
    """The rows of one metric in a staged table, its columns called by what they are."""
    values = ", ".join(f"{name(column)} as {part}" for part, column in columns.items())
    some = f"{name(columns['value'])} is not null"
    return f"select {', '.join(map(name, keys))}, {values} from {table} where {some}"


def _of_rows(
    con: duckdb.DuckDBPyConnection, shop: Workshop, item: Staged
) -> Iterator[tuple[str, dict[str, object]]]:
    """What does not add up, row by row as it is published."""
    assert item.columns is not None
    metric, columns = _metric(shop, item), item.columns.all
    cuts.provide(con, shop, [metric], "month", item.dimensions, item.months, _read(item))
    keys, parts = [TIME, *item.dimensions], list(columns)
    chosen = ", ".join([f"cast(date_trunc('month', {TIME}) as date) as {MONTH}", *map(name, [*keys, *parts])])
    alone = _alone(shop, metric, metric.grain, item.dimensions)
    anew = f"select {chosen} from (\n{alone}\n) where {TIME} <= date '{shop.today}'"
    yield from _differences(
        con, "", _renamed(item.table, [MONTH, *keys], columns), anew, keys, parts, item.months
    )


def _of_totals(
    con: duckdb.DuckDBPyConnection, shop: Workshop, items: Sequence[Staged]
) -> Iterator[tuple[str, tuple[str, dict[str, object]]]]:
    """What adds up, by its total a month; one query for what one query can answer."""
    by_name = {_metric(shop, item).name: item for item in items}
    for together in cuts.together(shop, [_metric(shop, item) for item in items]):
        first_of = by_name[together[0].name]
        cuts.provide(con, shop, together, "month", [], first_of.months, _read(first_of))
        first = as_of.first_counted(shop.center, shop.graph, together[0])
        totals = staging.models_sql(shop.center, staging.Question(together, "month", [], first))
        con.execute(
            f"create or replace temp table totals_anew as select {TIME} as {MONTH}, * from (\n{totals}\n)"
        )
        for metric in together:
            item = by_name[metric.name]
            for difference in _of_total(con, shop, item, metric):
                yield item.key, difference


def _of_total(
    con: duckdb.DuckDBPyConnection, shop: Workshop, item: Staged, metric: Metric
) -> Iterator[tuple[str, dict[str, object]]]:
    assert item.columns is not None
    parts, columns = _adding_up(shop, metric), item.columns.all
    names = dict(zip(("numerator", "denominator"), parts_of(metric) or (), strict=False))
    some = " and ".join(f"{part} is not null" for part in parts)
    some += " and denominator <> 0" if "denominator" in parts else ""
    month = f"cast(date_trunc('month', {TIME}) as date) as {TIME}"
    sums = ", ".join(f"sum({name(columns[part])}) as {part}" for part in parts)
    kept = f"select * from (select {MONTH}, {month}, {sums} from {item.table} group by all) where {some}"
    values = ", ".join(f"{name(names.get(part, metric.name))} as {part}" for part in parts)
    anew = f"select {MONTH}, {TIME}, {values} from totals_anew where {name(metric.name)} is not null"
    yield from _differences(con, "", kept, anew, [TIME], parts, item.months)


def _adding_up(shop: Workshop, metric: Metric) -> list[str]:
    """What of a metric adds up to a month's total: its value, or numerator and denominator."""
    dropped = {*metric.dimensions} | ({shapes.TIME} if metric.grain == "day" else set())
    if shapes.adds_up(metric, dropped):
        return ["value"]
    known, parts = shop.center.metrics, parts_of(metric)
    if parts and all(part in known and shapes.adds_up(known[part], dropped) for part in parts):
        return ["numerator", "denominator"]
    return []


def _differences(
    con: duckdb.DuckDBPyConnection,
    what: str,
    kept: str,
    anew: str,
    keys: Sequence[str],
    parts: Sequence[str],
    months: Sequence[str],
) -> Iterator[tuple[str, dict[str, object]]]:
    """For each month in which rows differ: how many, and the first of them. A row that stands twice differs
    from the one it should be.
    """
    types = {part: kind for part, kind in tables.columns(con, f"({anew})").items() if part in parts}
    same = " and ".join(f"a.{name(k)} is not distinct from b.{name(k)}" for k in [MONTH, *keys])
    shown = " || ' ' || ".join(f"coalesce(coalesce(a.{name(k)}, b.{name(k)})::varchar, '-')" for k in keys)
    differs = " or ".join(
        ["a.times > 1", "b.times > 1", *(_differs(part, types[part] in INEXACT) for part in parts)]
    )
    counted = f"partition by {', '.join(map(name, [MONTH, *keys]))}"
    rows = con.execute(
        f"select strftime(coalesce(a.{MONTH}, b.{MONTH}), '%Y-%m'), count(*), min({shown}),"
        f" min_by(a.{parts[0]}, {shown})::varchar, min_by(b.{parts[0]}, {shown})::varchar"
        f" from (select *, count(*) over ({counted}) as times from ({kept})) as a"
        f" full join (select *, count(*) over ({counted}) as times from ({anew})) as b on {same}"
        f" where coalesce(a.{MONTH}, b.{MONTH}) in ({tables.month_list(list(months))})"
        f" and ({differs}) group by 1 order by 1"
    ).fetchall()
    for month, count, example, is_, anew_ in rows:
        message = f"{count} value(s) are not what the models give, such as {example}: {is_}, not {anew_}"
        said = {"column": what, "rule": "reconcile", "reason": "", "message": message, "values": []}
        numbers = {"count": int(count), "example": example, "kept": is_, "anew": anew_}
        yield str(month), said | numbers


def _differs(part: str, inexact: bool) -> str:
    one, other = f"a.{part}", f"b.{part}"
    if not inexact:
        return f"{one} is distinct from {other}"
    return f"({one} is null) <> ({other} is null) or coalesce({tables.apart(one, other)}, false)"
