"""One process at a time carries out a plan; others wait, know for whom, and a lost one cannot come back."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from metric_pipelines.errors import BusyError
from metric_pipelines.ledger import tables
from metric_pipelines.ledger.lease import Holder, fence, held, holder, process_started, renew
from metric_pipelines.ledger.ledger import Ledger, sqlite_url

ROOT = Path(__file__).parents[2]
HOLDS = """
import sys, time
from metric_pipelines.ledger.lease import held
from metric_pipelines.ledger.ledger import Ledger

with held(Ledger(sys.argv[1]), "the other one") as epoch:
    print(epoch, flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(sqlite_url(tmp_path / "ledger.sqlite"))


@contextmanager
def another_process_holds(ledger: Ledger) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A process that holds the lease until it reads a line, or is killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS, ledger.url],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield process, int(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


def test_a_free_lease_has_no_holder_and_is_had_at_once(ledger: Ledger) -> None:
    assert holder(ledger) is None
    with held(ledger, "me", wait_seconds=0) as epoch:
        found = holder(ledger)
        assert found is not None
        assert (found.name, found.epoch) == ("me", epoch)
    assert holder(ledger) is None


def test_each_holder_has_an_epoch_of_its_own(ledger: Ledger) -> None:
    epochs = []
    for _ in range(3):
        with held(ledger, "me") as epoch:
            epochs.append(epoch)
    assert epochs == [1, 2, 3]


def test_the_lease_is_given_back_when_its_holder_fails(ledger: Ledger) -> None:
    with pytest.raises(ZeroDivisionError), held(ledger, "me"):
        raise ZeroDivisionError
    assert holder(ledger) is None


def test_who_waits_too_long_is_told_who_holds_it(ledger: Ledger) -> None:
    with another_process_holds(ledger) as (process, _):
        told: list[Holder] = []
        with (
            pytest.raises(BusyError, match=f"the other one \\(process {process.pid} on "),
            held(ledger, "me", 0.3, told.append),
        ):
            pass
        assert [h.pid for h in told] == [process.pid]


def test_a_second_waits_until_the_first_is_done(ledger: Ledger) -> None:
    with another_process_holds(ledger) as (process, epoch):
        threading.Timer(0.5, lambda: print(file=process.stdin, flush=True)).start()
        began = time.monotonic()
        with held(ledger, "me", 30) as mine:
            assert time.monotonic() - began > 0.4
            assert mine == epoch + 1


def test_a_killed_holder_is_taken_over_at_once(ledger: Ledger) -> None:
    with another_process_holds(ledger) as (process, epoch):
        process.kill()
        process.wait()
        assert holder(ledger) is None
        with held(ledger, "me", wait_seconds=0) as mine:
            assert mine == epoch + 1


def test_a_stopped_holder_still_holds(ledger: Ledger) -> None:
    with another_process_holds(ledger) as (process, _):
        process.send_signal(signal.SIGSTOP)
        with pytest.raises(BusyError), held(ledger, "me", 0.3):
            pass
        process.send_signal(signal.SIGCONT)


def test_another_process_with_the_number_of_the_dead_one_is_not_the_holder(ledger: Ledger) -> None:
    with held(ledger, "me"), ledger.writing() as con:
        con.execute(sa.update(tables.leases).values(pid=1, pid_started="a long time ago"))
    with ledger.writing() as con:
        con.execute(sa.update(tables.leases).values(holder="the dead one"))
    assert holder(ledger) is None
    with held(ledger, "me", wait_seconds=0):
        pass


def test_a_holder_on_another_machine_is_believed_to_live(ledger: Ledger) -> None:
    with held(ledger, "me"):
        pass
    with ledger.writing() as con:
        con.execute(
            sa.update(tables.leases).values(holder="far away", host="another-machine", pid=1, pid_started="x")
        )
    found = holder(ledger)
    assert found is not None
    assert str(found) == "far away (process 1 on another-machine)"
    with pytest.raises(BusyError, match="far away"), held(ledger, "me", 0):
        pass


def test_a_fence_lets_its_own_epoch_pass_and_stops_an_older_one(ledger: Ledger) -> None:
    with held(ledger, "first") as epoch:
        ask = fence(ledger, epoch)
        ask()
    ask()  # nobody else came since
    with held(ledger, "second"), pytest.raises(BusyError, match=f"moved on to epoch {epoch + 1}"):
        ask()


def test_who_lost_the_lease_does_not_give_back_that_of_the_next(ledger: Ledger) -> None:
    with held(ledger, "first"), ledger.writing() as con:
        con.execute(sa.update(tables.leases).values(epoch=7, holder="second"))
    found = holder(ledger)
    assert found is not None
    assert found.name == "second"


def test_a_process_that_is_gone_has_no_start() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert process_started(process.pid) is not None
    process.kill()
    deadline = time.monotonic() + 5
    while process_started(process.pid) is not None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert process_started(process.pid) is None, "a zombie counts as gone"
    process.communicate()
    assert process_started(process.pid) is None


def test_who_has_lost_the_lease_is_told_when_it_renews_it(ledger: Ledger) -> None:
    with held(ledger, "me") as epoch:
        renew(ledger, epoch)
        with ledger.writing() as con:
            con.execute(sa.update(tables.leases).values(epoch=epoch + 1, holder="another", host="elsewhere"))
        with pytest.raises(BusyError, match=f"the lease moved on to epoch {epoch + 1}"):
            renew(ledger, epoch)
