"""The models as they were when a metric's receipts were given: what an answer from the models is made of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import duckdb

from metric_pipelines.dictionary import shapes
from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.definitions import Metric
from metric_pipelines.dictionary.dimensions import joined_models
from metric_pipelines.dictionary.graph import Graph, calendar_of, models_read
from metric_pipelines.dictionary.months import WHOLE, shift
from metric_pipelines.ledger.ledger import Ledger
from metric_pipelines.semantics import joined_views
from metric_pipelines.warehouse import tables
from metric_pipelines.warehouse.tables import MONTH, name


def newly_joined(center: Center, metric: Metric, asked: list[str]) -> list[str]:
    """The models that are joined to for what is asked, and that the metric was not computed from."""
    joined = joined_models(center, shapes.models_of(center, metric), asked)
    return [model for model in joined if model not in models_read(center, metric)]


class Snapshots:
    """`months` are the snapshots at which each month of a metric was published, by its definition of now;
    `asked` are the dimensions that are grouped or filtered by.

    A model that is joined to for what the metric is published by is one of those it was computed from, and is
    read as of the receipts. One that is joined to for this answer alone is read as it was last published, for
    all months: the same rows, told apart by what is known of them now.
    """

    def __init__(
        self, center: Center, graph: Graph, ledger: Ledger, months: Mapping[str, int], asked: list[str]
    ) -> None:
        self._center, self._graph, self._months = center, graph, months
        self._ledger, self._asked = ledger, asked
        self._versions: dict[str, list[tuple[int, str]]] = {}

    def hold(self, metric: Metric, month: str) -> bool:
        """Whether a month can be answered: it and those around it were published, from one version of each
        model that has no months.
        """
        around = self._around(metric, [month])
        return all(m in self._months for m in around) and all(
            self._version(key, self._months[m]) == self._version(key, max(self._months.values()))
            for key in self._models(metric)
            if not self._graph.nodes[key].partitioned
            for m in around
        )

    def provide(self, con: duckdb.DuckDBPyConnection, metric: Metric, months: list[str], today: date) -> None:
        """Each month of the models, as it was when that month's receipt was given, as views `models.*`, with
        what is asked for by a join.
        """
        calendar = f"models/{calendar_of(self._center)}"
        at: dict[int, list[str]] = {}
        for month in self._around(metric, months):
            if month in self._months:
                at.setdefault(self._months[month], []).append(month)
        con.execute("create schema if not exists memory.models")
        for key in dict.fromkeys([*self._models(metric), calendar]):
            partitioned = self._graph.nodes[key].partitioned
            come = f" and date_day <= date '{today}'" if key == calendar else ""  # nothing is carried further
            parts = [
                f"select * from {tables.relation(key)} at (version => {snapshot}) where "
                + (f"{MONTH} in ({tables.month_list(chosen)})" if partitioned else "true")
                + come
                for snapshot, chosen in sorted(at.items())
            ]
            query = " union all by name ".join(parts if partitioned else parts[-1:])
            con.execute(
                f"create or replace view memory.models.{name(self._graph.nodes[key].name)} as {query}"
            )
        for model in newly_joined(self._center, metric, self._asked):
            come = f" where date_day <= date '{today}'" if f"models/{model}" == calendar else ""
            query = f"select * from {tables.relation(f'models/{model}')}{come}"
            con.execute(f"create or replace view memory.models.{name(model)} as {query}")
        joined_views.provide(con, self._center, shapes.models_of(self._center, metric), self._asked)

    def _models(self, metric: Metric) -> list[str]:
        """The models that are read as of receipts."""
        own = shapes.models_of(self._center, metric)
        joined = joined_models(self._center, own, self._asked)
        kept = [model for model in joined if model in models_read(self._center, metric)]
        return [f"models/{model}" for model in dict.fromkeys([*own, *kept])]

    def _around(self, metric: Metric, months: list[str]) -> list[str]:
        """The months, and those around them that their values depend on, as far as they have come."""
        reach = shapes.whole_reach(self._center, metric)
        first, last = shift(months[0], -reach.back), shift(months[-1], reach.ahead)
        return [m for m in self._graph.months if first <= m <= last]

    def _version(self, key: str, snapshot: int) -> str | None:
        """The contents of a whole model as of a snapshot."""
        if key not in self._versions:
            self._versions[key] = sorted(
                (attempt.snapshot, attempt.data_version or "")
                for attempt in self._ledger.attempts_of([key])
                if attempt.state == "published" and attempt.snapshot is not None
                if attempt.partition == WHOLE
            )
        known = [version for at, version in self._versions[key] if at <= snapshot]
        return known[-1] if known else None
