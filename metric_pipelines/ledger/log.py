"""The ledger as a log: what was withheld, released and restated when, and each computation of a metric.

Reads alone; found by the database, so that years of unchanged nights cost nothing here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from metric_pipelines.dictionary.graph import Pair
from metric_pipelines.ledger import tables as t
from metric_pipelines.ledger.lease import aware
from metric_pipelines.ledger.ledger import Ledger

What = Literal["withheld", "released", "restated"]
CLOCK = "clock"


@dataclass(frozen=True)
class Event:
    """Something that happened to a month of an asset; `before` and `after` are a metric's month values, where
    it has any, and `version` the number of its computation, with that before.
    """

    id: int
    what: What
    asset: str
    partition: str
    at: datetime
    run_id: str
    reason: str = ""
    before: float | None = None
    after: float | None = None
    version: int | None = None
    version_before: int | None = None


@dataclass(frozen=True)
class Computation:
    """A numbered computation of a metric, as its definition was when it was first used."""

    number: int
    first_used_at: datetime
    definition: dict[str, Any]


def computations(ledger: Ledger) -> dict[str, list[Computation]]:
    """All computations of each asset, oldest first."""
    query = sa.select(t.definitions).order_by(t.definitions.c.asset, t.definitions.c.column_version)
    found: dict[str, list[Computation]] = {}
    with ledger.engine.connect() as con:
        for row in con.execute(query).mappings():
            one = Computation(row["column_version"], aware(row["first_used_at"]), row["definition"])
            found.setdefault(row["asset"], []).append(one)
    return found


def judged(ledger: Ledger) -> dict[Pair, int]:
    """How often each pair was judged: published or withheld."""
    c = t.attempts.c
    query = sa.select(c.asset, c.partition, sa.func.count()).where(c.state.in_(("published", "withheld")))
    with ledger.engine.connect() as con:
        rows = con.execute(query.group_by(c.asset, c.partition)).all()
    return {(str(asset), str(partition)): int(count) for asset, partition, count in rows}


def events(ledger: Ledger, after: int = 0) -> list[Event]:
    """What happened after a mark of the ledger, oldest first.

    A month was restated when its published contents changed while its days did not: an open month that grows
    is none.
    """
    with ledger.engine.connect() as con:
        found = [*_turns(con, after), *_restatements(con, after)]
    return sorted(found, key=lambda event: event.id)


def _turns(con: sa.Connection, after: int) -> Iterator[Event]:
    """Months that came to be withheld, and that were published after having been."""
    c = t.attempts.c
    before = sa.func.lag(c.state).over(partition_by=[c.asset, c.partition], order_by=c.id).label("before")
    settled = sa.select(t.attempts, before).where(c.state.in_(("published", "withheld"))).subquery()
    changed = sa.or_(
        sa.and_(settled.c.state == "withheld", sa.func.coalesce(settled.c.before, "") != "withheld"),
        sa.and_(settled.c.state == "published", settled.c.before == "withheld"),
    )
    chosen = [settled.c[name] for name in ("id", "asset", "partition", "state", "run_id", "reason")]
    times = [settled.c.closed_at, settled.c.started_at]
    for row in con.execute(sa.select(*chosen, *times).where(changed, settled.c.id > after)).mappings():
        what: What = "withheld" if row["state"] == "withheld" else "released"
        yield Event(
            row["id"], what, row["asset"], row["partition"], _at(row), row["run_id"], row["reason"] or ""
        )


def _restatements(con: sa.Connection, after: int) -> Iterator[Event]:
    """Published contents of metrics that changed although their days did not."""
    c = t.attempts.c
    clock, value = c.inputs[CLOCK].as_string(), c.facts["value"].as_float()
    kept: dict[str, Any] = {
        "data": c.data_version,
        "clock": clock,
        "value": value,
        "version": c.column_version,
    }
    now = [column.label(f"{name}_now") for name, column in kept.items()]
    lagged = [
        sa.func.lag(column).over(partition_by=[c.asset, c.partition], order_by=c.id).label(f"{name}_before")
        for name, column in kept.items()
    ]
    own = [c.id, c.asset, c.partition, c.run_id, c.closed_at, c.started_at]
    published = sa.select(*own, *now, *lagged).where(c.state == "published", c.asset.like("metrics/%"))
    rows = published.subquery()
    changed = sa.and_(
        rows.c.data_now != rows.c.data_before, rows.c.clock_now == rows.c.clock_before, rows.c.id > after
    )
    for row in con.execute(sa.select(rows).where(changed)).mappings():
        yield Event(
            row["id"],
            "restated",
            row["asset"],
            row["partition"],
            _at(row),
            row["run_id"],
            before=row["value_before"],
            after=row["value_now"],
            version=row["version_now"],
            version_before=row["version_before"],
        )


def _at(row: Any) -> datetime:
    return aware(row["closed_at"] or row["started_at"])
