"""The lease: one process at a time executes a plan. A second waits and can name the holder.

Each new holder gets the next epoch; who publishes compares it just before the commit, so that a process that
was stopped and comes back after somebody else took over cannot write.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psutil
import sqlalchemy as sa

from metric_pipelines.errors import BusyError
from metric_pipelines.ledger import tables as t
from metric_pipelines.ledger.ledger import Ledger, now

NAME = "refresh"
SILENCE = timedelta(hours=1)
CLOCK_STEP = 5.0


@dataclass(frozen=True)
class Holder:
    """Who holds the lease."""

    name: str
    host: str
    pid: int
    pid_started: str
    epoch: int
    heartbeat: datetime | None = None

    @property
    def alive(self) -> bool:
        """Whether the process is still there; on another host, if it was heard of within the hour."""
        if self.host == socket.gethostname():
            return same_process(self.pid, self.pid_started)
        return self.heartbeat is None or now() - aware(self.heartbeat) < SILENCE

    def __str__(self) -> str:
        return f"{self.name} (process {self.pid} on {self.host})"


def process_started(pid: int) -> str | None:
    """When a process of this machine started, as a text to compare; None where there is no such process."""
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else f"{process.create_time():.2f}"
    except psutil.NoSuchProcess:
        return None


def same_process(pid: int, started: str | None) -> bool:
    """Whether this is still that process; the machine's clock may have been set by a little meanwhile."""
    found = process_started(pid)
    try:
        return found is not None and abs(float(found) - float(started or "")) < CLOCK_STEP
    except ValueError:
        return False


def holder(ledger: Ledger) -> Holder | None:
    """The living holder of the lease, or None."""
    found = _last(ledger)
    return found if found is not None and found.alive else None


def left_behind(ledger: Ledger) -> bool:
    """Whether the last holder died without giving the lease back: its work is not done."""
    found = _last(ledger)
    return found is not None and not found.alive


def _last(ledger: Ledger) -> Holder | None:
    with ledger.engine.connect() as con:
        row = con.execute(sa.select(t.leases).where(t.leases.c.name == NAME)).mappings().one_or_none()
    return _holder(row) if row is not None and row["holder"] else None


def _holder(row: Any) -> Holder:
    return Holder(row["holder"], row["host"], row["pid"], row["pid_started"], row["epoch"], row["heartbeat"])


def aware(moment: datetime) -> datetime:
    """A moment of the ledger, which is of UTC: SQLite keeps no zone."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def renew(ledger: Ledger, epoch: int) -> None:
    """Says that the holder is still at work; for readers on other hosts, who cannot see its process.

    Raises: BusyError where the lease has moved on.
    """
    fence(ledger, epoch)()
    with ledger.writing() as con:
        mine = sa.and_(t.leases.c.name == NAME, t.leases.c.epoch == epoch)
        con.execute(sa.update(t.leases).where(mine).values(heartbeat=now()))


@contextmanager
def held(
    ledger: Ledger, name: str, wait_seconds: float = 600, waiting: Callable[[Holder], None] = lambda _: None
) -> Iterator[int]:
    """Holds the lease, and gives its epoch; waits for a living holder, who is told to `waiting`.

    Raises: BusyError that names the holder after `wait_seconds`.
    """
    until, told = time.monotonic() + wait_seconds, False
    while (epoch := _take(ledger, name)) is None:
        other = holder(ledger)
        if other is not None and not told:
            waiting(other)
            told = True
        if time.monotonic() > until:
            raise BusyError(
                "refresh", f"held by {other}", "a free lease", "wait for it to end, or stop that process"
            )
        time.sleep(0.2)
    try:
        yield epoch
    finally:
        _give_back(ledger, epoch)


def _take(ledger: Ledger, name: str) -> int | None:
    mine = {
        "holder": name,
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "pid_started": process_started(os.getpid()),
        "heartbeat": now(),
    }
    with ledger.writing() as con:
        row = con.execute(sa.select(t.leases).where(t.leases.c.name == NAME)).mappings().one_or_none()
        if row is None:
            con.execute(sa.insert(t.leases).values(name=NAME, epoch=1, **mine))
            return 1
        if row["holder"] and _holder(row).alive:
            return None
        epoch = int(row["epoch"]) + 1
        con.execute(sa.update(t.leases).where(t.leases.c.name == NAME).values(epoch=epoch, **mine))
        return epoch


def _give_back(ledger: Ledger, epoch: int) -> None:
    with ledger.writing() as con:
        mine = sa.and_(t.leases.c.name == NAME, t.leases.c.epoch == epoch)
        con.execute(sa.update(t.leases).where(mine).values(holder=None))


def fence(ledger: Ledger, epoch: int) -> Callable[[], None]:
    """A check that this epoch is still the newest.

    Raises (when called): BusyError.
    """

    def check() -> None:
        with ledger.engine.connect() as con:
            newest = con.execute(sa.select(t.leases.c.epoch).where(t.leases.c.name == NAME)).scalar_one()
        if newest != epoch:
            raise BusyError(
                "publish", f"the lease moved on to epoch {newest}", f"epoch {epoch}", "nothing was written"
            )

    return check
