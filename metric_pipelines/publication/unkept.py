"""What the lake keeps no rows of: models that are views, and files that are read in place. They can be asked
as they are now alone, and only while that is what they were when they were published.

A view of an earlier snapshot reads its inputs as of the reader's, and files as they stand. Stays out: which
months were computed from which version (`snapshots.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import duckdb

from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.graph import Graph, Pair
from metric_pipelines.dictionary.months import WHOLE
from metric_pipelines.errors import SourceDataError
from metric_pipelines.ledger.ledger import PairHistory
from metric_pipelines.publication.standing import NOTHING

FILES_CHANGED = "the files it was computed from have changed"
VIEW_CHANGED = "it was computed from a view that keeps no rows, and what that reads has changed"


class Unkept:
    """The views and files of a center, of which `history` is in force. The files are looked at once, until
    `moved` is asked.
    """

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        center: Center,
        graph: Graph,
        history: Mapping[Pair, PairHistory],
        home: Path,
    ) -> None:
        self._con, self._center, self._graph = con, center, graph
        self._history, self._home = history, home
        self._files: dict[str, str | None] = {}

    def includes(self, key: str) -> bool:
        """Whether the lake has no rows of an asset."""
        node = self._graph.nodes[key]
        if node.kind == "model":
            return self._center.models[node.name].materialized == "view"
        return node.kind == "source" and self._center.sources[key.split("/")[0]].tables[node.name].in_place

    def why_not(self, key: str) -> str:
        """Why what is read of a view or of files now is not what was published of it; empty where it is."""
        receipt = self._history.get((key, WHOLE), NOTHING).published
        if receipt is None:
            return VIEW_CHANGED
        if self._graph.nodes[key].kind == "source":
            return "" if self._version_of_files(key) == receipt.data_version else FILES_CHANGED
        for given, partition in self._graph.inputs((key, WHOLE)):
            if self.includes(given) and (reason := self.why_not(given)):
                return reason
            newest = self._history.get((given, partition), NOTHING).published
            if newest is None or receipt.inputs.get(f"{given}@{partition}") != newest.data_version:
                return VIEW_CHANGED
        return ""

    def refuse_changed(self, keys: Iterable[str]) -> None:
        """Raises SourceDataError where what assets were computed from is not what was published."""
        for key in keys:
            reason = self.why_not(key) if self.includes(key) else ""
            if reason:
                raise SourceDataError(key, reason, "what was published of it", "metric-pipelines refresh")

    def moved(self) -> bool:
        """Whether files have changed since they were looked at; they are looked at anew then."""
        before = dict(self._files)
        self._files.clear()
        return any(self._version_of_files(key) != version for key, version in before.items())

    def _version_of_files(self, key: str) -> str | None:
        from metric_pipelines.ingest.in_place import version_now  # late: pyarrow

        if key not in self._files:
            system, table = key.split("/")
            self._files[key] = version_now(self._con, self._center.sources[system], table, self._home)
        return self._files[key]
