"""Versions of contents: what assets held as of any snapshot, and hold now."""

from __future__ import annotations

from collections.abc import Mapping

from metric_pipelines.dictionary.graph import Pair
from metric_pipelines.dictionary.months import WHOLE
from metric_pipelines.ledger.ledger import Ledger, PairHistory
from metric_pipelines.publication.standing import NOTHING


class Versions:
    """What assets held as of any snapshot; asked of the ledger once an asset. `history` is what is in
    force.
    """

    def __init__(self, ledger: Ledger, history: Mapping[Pair, PairHistory]) -> None:
        self._ledger, self._history = ledger, history
        self._known: dict[str, dict[str, list[tuple[int, str]]]] = {}

    def of(self, key: str, partition: str, snapshot: int) -> str | None:
        """The contents of a partition as of a snapshot; None before its first publication."""
        if key not in self._known:
            self._known[key] = {}
            for attempt in self._ledger.attempts_of([key]):
                if attempt.state == "published" and attempt.snapshot is not None:
                    at = (attempt.snapshot, attempt.data_version or "")
                    self._known[key].setdefault(attempt.partition, []).append(at)
        known = [(at, version) for at, version in self._known[key].get(partition, ()) if at <= snapshot]
        newest = max((at for at, _ in known), default=None)
        return next((version for at, version in reversed(known) if at == newest), None)

    def now(self, key: str) -> str | None:
        """The contents of a whole asset that are in force."""
        receipt = self._history.get((key, WHOLE), NOTHING).published
        return None if receipt is None else receipt.data_version
