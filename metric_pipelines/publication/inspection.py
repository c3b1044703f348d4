"""Judging without publishing: stages an asset as it would be computed now, audits it, and throws it away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import duckdb

from metric_pipelines.dictionary.graph import Pair
from metric_pipelines.errors import InputsMovedError
from metric_pipelines.ledger.ledger import Verdict
from metric_pipelines.publication.standing import root_reason, standing
from metric_pipelines.publication.steps import REFUSED, judged, stage
from metric_pipelines.publication.workshop import Workshop


def inspect(
    con: duckdb.DuckDBPyConnection, shop: Workshop, keys: Sequence[str], months: Sequence[str]
) -> Iterator[tuple[Pair, tuple[Verdict, ...], str]]:
    """For each pair its verdicts, or none and the reason why it cannot be judged."""
    facts = shop.facts()
    stands = standing(facts.graph, facts.history)
    for key in keys:
        for month in months:
            pair = (key, month)
            if month not in shop.graph.partitions(key):
                yield pair, (), "not yet due: the clock has not come to this month"
            elif any(stands[given].state != "published" for given in shop.graph.inputs(pair)):
                yield (
                    pair,
                    (),
                    root_reason(stands, pair) if stands[pair].state == "blocked" else "an input is missing",
                )
            else:
                yield _judged(con, shop, pair)


def _judged(
    con: duckdb.DuckDBPyConnection, shop: Workshop, pair: Pair
) -> tuple[Pair, tuple[Verdict, ...], str]:
    key, month = pair
    try:
        staged = stage(con, shop, [key], [month])
        found = judged(con, shop, staged)
    except (*REFUSED, InputsMovedError) as error:
        return pair, (), error.message()
    return pair, found[key][month], ""
