"""What the checks of an asset said of each month, at the last attempt that judged its contents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from metric_pipelines.cli.opening import Opened
from metric_pipelines.dictionary.months import WHOLE
from metric_pipelines.publication.standing import NOTHING

Result = Literal["passed", "warned", "failed"]


@dataclass(frozen=True)
class Checked:
    """One check of one month, and why where it did not pass."""

    check: str
    month: str
    result: Result
    reason: str


@dataclass(frozen=True)
class Counts:
    """How many checks passed, warned (published all the same) and failed (withheld)."""

    passed: int = 0
    warned: int = 0
    failed: int = 0


def checked(opened: Opened, key: str) -> Iterator[Checked]:
    """The checks of an asset, by month."""
    for partition in opened.facts.graph.partitions(key):
        last = opened.facts.history.get((key, partition), NOTHING).last
        for verdict in opened.verdicts.get(last.id, []) if last is not None else []:
            result: Result = "passed" if verdict.passed else "failed" if verdict.blocks else "warned"
            reason = (last.reason or "") if last is not None and result == "failed" else ""
            yield Checked(verdict.check, partition or WHOLE, result, reason)


def counts(opened: Opened, key: str) -> Counts:
    """Checks of an asset over all months."""
    results = [one.result for one in checked(opened, key)]
    return Counts(results.count("passed"), results.count("warned"), results.count("failed"))
