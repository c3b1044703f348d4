"""What is known of an asset that is not ours and that a source table is the copy of, as plain values.

Whoever orchestrates asks (`orchestration/their_assets.py`) and hands the answer down; without one nothing is
known, and the table is read as any other. What is known goes into the attempt's inputs: another version, or a
fault that came or went, makes the table due.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from metric_pipelines.dictionary.graph import digest
from metric_pipelines.dictionary.months import WHOLE
from metric_pipelines.ledger.ledger import Attempt

FAULTY = "faulty"
T = TypeVar("T")


@dataclass(frozen=True)
class Upstream:
    """An asset that is not ours, by our months; what concerns all of them, or none in particular, is at ''.

    `versions` grow with each materialization; `faults` are what failed last, in words; `making` says who is
    at it now.
    """

    asset: str
    versions: Mapping[str, int] = field(default_factory=dict)
    faults: Mapping[str, str] = field(default_factory=dict)
    making: Mapping[str, str] = field(default_factory=dict)

    def fault(self, partition: str) -> str:
        """What is wrong with it there, in words; empty where nothing is."""
        return "; ".join(dict.fromkeys(_at(self.faults, partition)))

    def maker(self, partition: str) -> str:
        """Who is making it there; empty where nobody is."""
        return next(iter(_at(self.making, partition)), "")

    def inputs(self, partition: str) -> dict[str, str]:
        """What an attempt depends on there; empty where nothing was ever said of it."""
        version, fault = max(_at(self.versions, partition), default=0), self.fault(partition)
        if not version and not fault:
            return {}
        return {f"{self.asset}@{partition}": f"{version}" + (f" {FAULTY} {digest(fault)}" if fault else "")}


Known = Mapping[str, Upstream]
"""What is known of their assets, by the key of our source table; without an entry, nothing is."""
AskUpstream = Callable[[], Known]


def nothing_known() -> Known:
    """Outside of an orchestrator."""
    return {}


def was_faulty(attempt: Attempt | None) -> bool:
    """Whether an attempt was withheld for a fault of an asset that is not ours."""
    return attempt is not None and any(FAULTY in version.split() for version in attempt.inputs.values())


def _at(by_partition: Mapping[str, T], partition: str) -> Iterable[T]:
    if partition == WHOLE:
        return list(by_partition.values())
    return [by_partition[at] for at in (WHOLE, partition) if at in by_partition]
