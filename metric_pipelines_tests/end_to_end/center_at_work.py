"""A center at work as its people run it: the job `refresh` through Dagster, in this process or in one of its
own, and what it left in the lake, the ledger and Dagster's records.

What does not belong here: what a test expects.
"""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import STDOUT
from tempfile import TemporaryFile
from typing import IO, Any

import dagster as dg

from metric_pipelines.dictionary.graph import Pair
from metric_pipelines.dictionary.validation import load_valid_center
from metric_pipelines.ledger.ledger import Ledger, sqlite_url
from metric_pipelines.orchestration.build import build_definitions
from metric_pipelines.orchestration.launch import refresh_here
from metric_pipelines.publication.plan import Scope, wave
from metric_pipelines.publication.standing import Standing, standing
from metric_pipelines.publication.workshop import Workshop, open_workshop
from metric_pipelines.query import Answer, open_for_reading
from metric_pipelines.warehouse.lake import Lake, open_reader

PROJECT = Path(__file__).parents[2]
RETAIL = PROJECT / "metric_pipelines" / "centers" / "retail"
PATIENCE = 120.0

VIEWS = """
    select view_name from duckdb_views() where database_name = 'lake' and schema_name = 'metrics'
"""

Fingerprints = dict[tuple[str, str], tuple[int, int]]


@dataclass
class Refreshed:
    """A refresh that ended: its run, whether it ended well, and what it announced."""

    run_id: str
    success: bool
    announced: list[str]


@dataclass(frozen=True)
class CenterAtWork:
    """A center (the shipped one, or a copy that a test may change) in a home folder."""

    home: Path
    center: Path = RETAIL

    @property
    def sources(self) -> Path:
        return self.home / "sources"

    @property
    def ledger(self) -> Ledger:
        return Ledger(sqlite_url(self.home / "ledger.sqlite"))

    @property
    def environment(self) -> dict[str, str]:
        return {
            "METRIC_PIPELINES_HOME": str(self.home),
            "METRIC_PIPELINES_CENTER": str(self.center),
            "DAGSTER_HOME": str(PROJECT),
        }

    # Running it.

    @contextmanager
    def here(self) -> Iterator[None]:
        """This process works on this home."""
        before = {name: os.environ.get(name) for name in self.environment}
        os.environ.update(self.environment)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value

    def refresh(
        self, assets: Iterable[str] = (), months: Iterable[str] = (), *, forced: bool = False
    ) -> Refreshed:
        """The job `refresh`, in this process."""
        said: list[str] = []
        with self.here():
            center = load_valid_center(self.center)
            done = refresh_here(
                center,
                self.home,
                list(assets),
                list(months),
                forced=forced,
                announce=lambda at: said.append(str(at)),
            )
        return Refreshed(done.run_id, done.success, said)

    def start(
        self,
        assets: Iterable[str] = (),
        months: Iterable[str] = (),
        *,
        forced: bool = False,
        die_at: tuple[str, str] | None = None,
        wait_seconds: float | None = None,
    ) -> Process:
        """The job `refresh`, in a process of its own; `die_at`: a point, and the asset whose step it is."""
        options = [f"--assets={a}" for a in assets] + [f"--months={m}" for m in months]
        options += ["--forced"] if forced else []
        options += [f"--die-at={die_at[0]}", f"--computing={die_at[1]}"] if die_at else []
        options += [f"--wait-seconds={wait_seconds}"] if wait_seconds is not None else []
        return Process.of(["-m", f"{__package__}.refresh_process", *options], self.environment)

    @contextmanager
    def instance(self) -> Iterator[dg.DagsterInstance]:
        """Dagster's records of this home."""
        with self.here(), dg.DagsterInstance.get() as instance:
            yield instance

    def definitions(self) -> dg.Definitions:
        """What the code location holds."""
        return build_definitions(load_valid_center(self.center), self.home)

    # What it left.

    def workshop(self) -> Workshop:
        """The center as it stands now."""
        return open_workshop(load_valid_center(self.center), self.home, self.ledger, ask_sources=False)

    def standings(self) -> dict[Pair, Standing]:
        """How every pair stands."""
        facts = self.workshop().facts()
        return standing(facts.graph, facts.history)

    def in_state(self, state: str) -> set[Pair]:
        """The pairs that stand so."""
        return {pair for pair, stand in self.standings().items() if stand.state == state}

    def data_versions(self) -> dict[Pair, str | None]:
        """The data version of every receipt in force."""
        history = self.ledger.history()
        return {pair: own.published.data_version for pair, own in history.items() if own.published}

    def due(self) -> set[Pair]:
        """What the next wave would compute, no source being read again."""
        return set(wave(self.workshop().facts(), Scope()))

    def outdated(self) -> set[Pair]:
        """The published pairs whose definition, with all its inputs, is another now."""
        nodes = self.workshop().graph.nodes
        history = self.ledger.history().items()
        return {pair for pair, own in history if own.last and own.last.version != nodes[pair[0]].version}

    def values(self, metric: str, **question: Any) -> Answer:
        """A metric as the product answers it."""
        with open_for_reading(self.workshop()) as reader:
            return reader.values(metric, **question)

    def read(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of the lake, as any DuckDB client reads it."""
        con = open_reader(Lake(self.home / "lake"))
        try:
            return con.execute(query).fetchall()
        finally:
            con.close()

    def fingerprints(self) -> Fingerprints:
        """For each metric and month: its rows and a hash of all that they say."""
        con = open_reader(Lake(self.home / "lake"))
        try:
            views = con.execute(VIEWS).fetchall()
            found: Fingerprints = {}
            for (view,) in views:
                rows = con.execute(
                    "select strftime(metric_time, '%Y-%m'), count(*), sum(hash(v)::hugeint)::varchar"
                    f' from lake.metrics."{view}" v group by 1'
                ).fetchall()
                found |= {(str(view), month): (count, int(total)) for month, count, total in rows}
            return found
        finally:
            con.close()

    def attempts_after(self, mark: int) -> list[tuple[str, str, str]]:
        """(asset, month, state) of the attempts since a mark of the ledger."""
        with closing(sqlite3.connect(self.home / "ledger.sqlite")) as con:
            return con.execute(
                "select asset, partition, state from attempts where id > ? order by id", [mark]
            ).fetchall()

    def change_source(self, statement: str, *values: Any) -> int:
        """Changes the order system; returns how many rows."""
        with closing(sqlite3.connect(self.sources / "oms.sqlite")) as con, con:
            return con.execute(statement, values).rowcount

    def lose_a_day(self, day: str) -> None:
        """The order system forgets what was sold on a day (of UTC)."""
        assert self.change_source("delete from transactions where transaction_timestamp like ?", f"{day} %")

    def edit(self, file: str, old: str, new: str) -> None:
        """Changes a text in one of the center's files."""
        path = self.center / file
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {file}"
        path.write_text(text.replace(old, new), encoding="utf-8")


@dataclass(frozen=True)
class Process:
    """A process of ours, and what it prints."""

    popen: subprocess.Popen[bytes]
    output: IO[bytes]

    @classmethod
    def of(cls, arguments: list[str], environment: dict[str, str]) -> Process:
        """Starts Python with these arguments; errors and prints are kept in one file."""
        output = TemporaryFile()  # noqa: SIM115 (it lives as long as the process does)
        command = [sys.executable, "-W", "ignore", *arguments]
        variables = {**os.environ, **environment, "PYTHONUNBUFFERED": "1"}
        return cls(
            subprocess.Popen(
                command, cwd=PROJECT, env=variables, stdout=output, stderr=STDOUT, start_new_session=True
            ),
            output,
        )

    @property
    def text(self) -> str:
        """All it has said, read beside its own place in the file."""
        size = os.fstat(self.output.fileno()).st_size
        return os.pread(self.output.fileno(), size, 0).decode(errors="replace")

    def wait_for(self, said: str, seconds: float = PATIENCE) -> None:
        """Waits until it has said something."""
        until = time.monotonic() + seconds
        while said not in self.text:
            over = self.popen.poll() is not None and said not in self.text
            assert not over, f"ended with {self.popen.returncode} before {said!r}:\n{self.text}"
            assert time.monotonic() < until, f"{said!r} was not said within {seconds} s:\n{self.text}"
            time.sleep(0.02)

    def wait(self, seconds: float = PATIENCE) -> int:
        """Waits for its end; returns the exit code."""
        try:
            return self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"did not end within {seconds} s:\n{self.text}") from None

    def send(self, number: signal.Signals) -> None:
        self.popen.send_signal(number)

    def kill(self) -> None:
        """SIGKILL, and its end."""
        self.popen.kill()
        self.popen.wait()


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Somebody else holds a database: in another process, since one's own locks do not bind oneself."""
    script = (
        "import sqlite3, sys, time\n"
        "con = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "con.execute('begin exclusive')\n"
        "print('locked', flush=True)\n"
        "time.sleep(600)\n"
    )
    process = Process.of(["-c", script, str(database)], {})
    try:
        process.wait_for("locked")
        yield
    finally:
        process.kill()


def moved(source: Path, target: Path) -> Path:
    """A copy of a home folder that works where it stands: a lake's catalog names its folder by full path."""
    shutil.copytree(source, target)
    catalog = target / "lake" / "catalog.sqlite"
    if catalog.exists():
        with closing(sqlite3.connect(catalog)) as con, con:
            moving = "update ducklake_metadata set value = replace(value, ?, ?)"
            con.execute(moving, [str(source), str(target)])
    return target


def copied_center(folder: Path) -> Path:
    """The shipped center's files, for a test to change."""
    return Path(shutil.copytree(RETAIL, folder))
