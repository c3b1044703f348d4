"""What others publish while something is computed: whether its inputs are of one state still.

A lake's snapshot numbers move with whatever is published; only an asset's own inputs make it another.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import duckdb

from metric_pipelines.publication.workshop import Workshop
from metric_pipelines.warehouse import lake


def inputs_of(shop: Workshop, keys: Sequence[str]) -> set[str]:
    """The models and metrics that assets are computed from, directly or not: all of them, since models are
    read again to be compared; and what is read through models that keep no rows.
    """
    above = {key for asset in keys for key in shop.graph.upstream(asset)}
    models = {key for key in above if shop.graph.nodes[key].kind == "model"}
    views = [m for m in models if shop.center.models[shop.graph.nodes[m].name].materialized == "view"]
    read = {key for key in above if shop.graph.nodes[key].kind != "source"}
    return read.union(*(shop.graph.upstream(view) for view in views))


def published_since(
    con: duckdb.DuckDBPyConnection, shop: Workshop, assets: Collection[str], snapshot: int
) -> list[str]:
    """Which of some assets were published after a snapshot. The ledger knows of a publication before the lake
    does.
    """
    if lake.newest_snapshot(con) == snapshot:
        return []
    return sorted(shop.ledger.assets_of(lake.publications(con, after=snapshot)) & set(assets))
