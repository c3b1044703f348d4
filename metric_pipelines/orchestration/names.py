"""What is ours by Dagster's names: asset keys, jobs, schedule, sensor, resource, ops.

In a project of its own a center needs no prefix; in somebody's project its names begin with the center's, and
its asset keys with the prefix they chose. The ledger, the lake and the command line keep our own keys.
"""

from __future__ import annotations

from dataclasses import dataclass

import dagster as dg

from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.graph import Graph
from metric_pipelines.errors import DefinitionError
from metric_pipelines.ledger.ledger import Ledger
from metric_pipelines.site.writing import KEY_PREFIX

CALLED = "called_in_dagster"


@dataclass(frozen=True)
class Names:
    """`prefix` goes before all asset keys, `called` before all other names (`retail`: `retail_refresh`)."""

    prefix: tuple[str, ...] = ()
    called: str = ""

    def asset(self, key: str) -> dg.AssetKey:
        """Dagster's key of one of our assets: `metrics/net_revenue` has two parts, after the prefix."""
        return dg.AssetKey([*self.prefix, *key.split("/")])

    def own(self, key: dg.AssetKey) -> str | None:
        """Our own key of one of Dagster's; None where it does not begin with the prefix."""
        length = len(self.prefix)
        if tuple(key.path[:length]) != self.prefix or len(key.path) == length:
            return None
        return "/".join(key.path[length:])

    def ours(self, key: dg.AssetKey, graph: Graph) -> str | None:
        """Our own key of an asset of the graph; None of anybody else's."""
        found = self.own(key)
        return found if found in graph.nodes else None

    def name(self, plain: str) -> str:
        """The name of a job, a schedule, a sensor, a resource or an op."""
        return f"{self.called}_{plain}" if self.called else plain


def keep(ledger: Ledger, names: Names) -> None:
    """Notes the names a home folder goes by, so that a refresh of the command line reports under them."""
    for mark, text in ((KEY_PREFIX, "/".join(names.prefix)), (CALLED, names.called)):
        if (ledger.noted(mark) or "") != text:
            ledger.note(mark, text)


def kept(ledger: Ledger) -> Names:
    """The names that a home folder was last loaded by; without any, the plain ones."""
    prefix = ledger.noted(KEY_PREFIX) or ""
    return Names(tuple(prefix.split("/")) if prefix else (), ledger.noted(CALLED) or "")


def refuse_own_assets(center: Center, graph: Graph, names: Names) -> None:
    """Refuses a source table that is said to be the copy of one of our own assets, mostly of itself.

    Raises: DefinitionError that says key_prefix.
    """
    for source in center.sources.values():
        for name, table in source.tables.items():
            if table.asset is not None and names.ours(dg.AssetKey(table.asset), graph) is not None:
                where = center.where(f"sources/{source.name}", "tables", name, "asset")
                found = f"{'/'.join(table.asset)} is also the key of an asset of this center"
                remedy = "set key_prefix, or give the source another name"
                raise DefinitionError(where, found, "the key of an asset that is not ours", remedy)
