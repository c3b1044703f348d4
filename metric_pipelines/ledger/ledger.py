"""Reads and writes of the ledger: attempts with their verdicts, versions, groups, marks.

An attempt is one try at one (asset, partition). `publishing` is written before the lake's commit and becomes
`published` after it, so that a kill between the two can be told from either: the lake knows the publication's
id, or it does not.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeVar

import sqlalchemy as sa
from sqlalchemy import event
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random

from metric_pipelines.dictionary.graph import GROUP_SIZE, Pair
from metric_pipelines.ledger import tables as t
from metric_pipelines.ledger.schema import WRITES, migrate

State = Literal["publishing", "published", "withheld", "unavailable", "abandoned"]
"""`unavailable`: an input could not be read now; says nothing about the contents. `abandoned`: killed before
its commit.
"""


T = TypeVar("T")


@dataclass(frozen=True)
class Verdict:
    """What one check said: `detail` is the library's own result, as plain values."""

    check: str
    library: str
    passed: bool
    severity: Literal["error", "warn"] = "error"
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def blocks(self) -> bool:
        """Whether this withholds the publication."""
        return not self.passed and self.severity == "error"


@dataclass(frozen=True)
class Attempt:
    """One try at one (asset, partition); a published one is a receipt. `inputs` are data versions by
    `key@partition`.
    """

    asset: str
    partition: str
    state: State
    version: str
    inputs: dict[str, str]
    run_id: str
    publication: str
    started_at: datetime
    data_version: str | None = None
    column_version: int | None = None
    rows: int | None = None
    snapshot: int | None = None
    reason: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    closed_at: datetime | None = None
    id: int = 0

    @property
    def pair(self) -> Pair:
        return self.asset, self.partition


@dataclass(frozen=True)
class PairHistory:
    """The last attempt of a pair that said something of its contents, the last of all, and the receipt in
    force.
    """

    last: Attempt | None = None
    latest: Attempt | None = None
    published: Attempt | None = None


class Ledger:
    """The ledger in one database; safe to use from several processes."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = _engine(url)
        self._seen: set[int] = set()
        self._history: dict[Pair, PairHistory] = {}
        self._numbers: dict[tuple[str, str], int] = {}
        self._tables: dict[tuple[str, str], str] = {}
        migrate(self.engine)

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """One write transaction."""
        with self.engine.execution_options(**WRITES).begin() as con:
            yield con

    def history(self) -> dict[Pair, PairHistory]:
        """For every pair: the last attempt, the latest settled one and the receipt in force; one query for
        which these are, one for those that this process has not seen: a closed attempt never changes.
        """
        of_interest = sa.union(*(self._newest(states) for states in (_ALL, _SETTLED, ("published",))))
        with self.engine.connect() as con:
            wanted = set(con.execute(of_interest).scalars())
            self._remember(con, sorted(wanted - self._seen))
        return dict(self._history)

    def _remember(self, con: sa.Connection, ids: Sequence[int]) -> None:
        for part in _parts(ids):
            query = sa.select(t.attempts).where(t.attempts.c.id.in_(part)).order_by(t.attempts.c.id)
            for attempt in map(_attempt, con.execute(query).mappings()):
                self._seen.add(attempt.id)
                known = self._history.get(attempt.pair, PairHistory())
                self._history[attempt.pair] = _with_attempt(known, attempt)

    def _newest(self, states: Sequence[str]) -> sa.Select[Any]:
        c = t.attempts.c
        return sa.select(sa.func.max(c.id)).where(c.state.in_(states)).group_by(c.asset, c.partition)

    def add(self, attempts: Iterable[tuple[Attempt, Sequence[Verdict]]]) -> list[int]:
        """Writes attempts with their verdicts, in one transaction, and returns their ids."""
        given = list(attempts)
        if not given:
            return []
        own = t.attempts.c.id
        with self.writing() as con:
            values = [{k: v for k, v in vars(attempt).items() if k != "id"} for attempt, _ in given]
            inserted = sa.insert(t.attempts).returning(own, sort_by_parameter_order=True)
            ids = [int(found) for found in con.execute(inserted, values).scalars()]
            both = zip(ids, given, strict=True)
            rows = [{"attempt_id": i, **vars(v)} for i, (_, verdicts) in both for v in verdicts]
            if rows:
                con.execute(sa.insert(t.verdicts), rows)
        return ids

    def settle(self, publication: str, snapshot: int | None) -> None:
        """The attempts of a publication become published at a snapshot, or abandoned where there was no
        commit.
        """
        state = "abandoned" if snapshot is None else "published"
        with self.writing() as con:
            con.execute(
                sa.update(t.attempts)
                .where(t.attempts.c.publication == publication, t.attempts.c.state == "publishing")
                .values(state=state, snapshot=snapshot, closed_at=now())
            )

    def in_flight(self) -> list[str]:
        """Publications that were begun and neither settled nor abandoned."""
        query = sa.select(t.attempts.c.publication).where(t.attempts.c.state == "publishing").distinct()
        with self.engine.connect() as con:
            return [str(value) for value in con.execute(query).scalars()]

    def verdicts(self, attempt_ids: Iterable[int]) -> dict[int, list[Verdict]]:
        """The verdicts of attempts, by attempt."""
        wanted = list(attempt_ids)
        found: dict[int, list[Verdict]] = {i: [] for i in wanted}
        with self.engine.connect() as con:
            for part in _parts(wanted):
                rows = con.execute(
                    sa.select(t.verdicts).where(t.verdicts.c.attempt_id.in_(part)).order_by(t.verdicts.c.id)
                )
                for row in rows.mappings():
                    kept = {k: row[k] for k in ("check", "library", "passed", "severity", "detail")}
                    found[row["attempt_id"]].append(Verdict(**kept))
        return found

    def attempts_of(self, assets: Iterable[str]) -> list[Attempt]:
        """All attempts at some assets, oldest first."""
        query = sa.select(t.attempts).where(t.attempts.c.asset.in_(list(assets)))
        with self.engine.connect() as con:
            return [_attempt(row) for row in con.execute(query.order_by(t.attempts.c.id)).mappings()]

    def assets_of(self, publications: Iterable[str]) -> set[str]:
        """The assets that some publications are of."""
        query = sa.select(t.attempts.c.asset).where(t.attempts.c.publication.in_(list(publications)))
        with self.engine.connect() as con:
            return set(con.execute(query.distinct()).scalars())

    def attempts_of_run(self, run_id: str) -> list[Attempt]:
        """All attempts of a run, oldest first."""
        query = sa.select(t.attempts).where(t.attempts.c.run_id == run_id).order_by(t.attempts.c.id)
        with self.engine.connect() as con:
            return [_attempt(row) for row in con.execute(query).mappings()]

    def mark(self) -> int:
        """A number that moves whenever something was published, withheld or could not be read; not where a
        commit failed, which may fail for ever.
        """
        query = sa.select(sa.func.max(t.attempts.c.id)).where(t.attempts.c.state.in_(_ALL))
        with self.engine.connect() as con:
            return int(con.execute(query).scalar_one() or 0)

    def note(self, name: str, value: str) -> None:
        """Keeps a small value under a name."""
        with self.writing() as con:
            if not con.execute(sa.update(t.marks).where(t.marks.c.name == name).values(value=value)).rowcount:
                con.execute(sa.insert(t.marks).values(name=name, value=value))

    def noted(self, name: str) -> str | None:
        """The value kept under a name."""
        with self.engine.connect() as con:
            return con.execute(sa.select(t.marks.c.value).where(t.marks.c.name == name)).scalar_one_or_none()

    def column_versions(self, wanted: Mapping[str, tuple[str, dict[str, Any]]]) -> dict[str, int]:
        """The numbers of computations of metrics, by asset; `wanted` gives each its computation and its
        definition. A new computation gets the next number of its asset.
        """
        if all((asset, computation) in self._numbers for asset, (computation, _) in wanted.items()):
            return {asset: self._numbers[asset, computation] for asset, (computation, _) in wanted.items()}
        c = t.definitions.c
        with self.writing() as con:
            known: dict[str, dict[str, int]] = {}
            for part in _parts(list(wanted)):
                query = sa.select(c.asset, c.computation, c.column_version).where(c.asset.in_(part))
                for asset, computation, number in con.execute(query):
                    known.setdefault(str(asset), {})[str(computation)] = int(number)
            new = []
            for asset, (computation, definition) in wanted.items():
                own = known.setdefault(asset, {})
                if computation not in own:
                    own[computation] = max(own.values(), default=0) + 1
                    row = {"asset": asset, "column_version": own[computation], "computation": computation}
                    new.append({**row, "definition": definition, "first_used_at": now()})
            if new:
                con.execute(sa.insert(t.definitions), new)
        self._numbers |= {(asset, c): known[asset][c] for asset, (c, _) in wanted.items()}
        return {asset: known[asset][computation] for asset, (computation, _) in wanted.items()}

    def tables_of(self, wanted: Mapping[str, str]) -> dict[str, str]:
        """The wide tables of metrics, by metric; `wanted` gives the shape of each. A table is given once, for
        ever; a full one starts another.
        """
        if all(at in self._tables for at in wanted.items()):
            return {metric: self._tables[metric, shape] for metric, shape in wanted.items()}
        c = t.groups.c
        with self.writing() as con:
            members: dict[str, dict[str, list[str]]] = {}
            for part in _parts(sorted(set(wanted.values()))):
                query = sa.select(c.shape, c.table_name, c.metric).where(c.shape.in_(part))
                for shape, table, metric in con.execute(query.order_by(c.table_name)):
                    members.setdefault(str(shape), {}).setdefault(str(table), []).append(str(metric))
            found, new = {}, []
            for metric, shape in wanted.items():
                own = members.setdefault(shape, {})
                table = next((name for name, its in own.items() if metric in its), None)
                if table is None:
                    room = (name for name, its in own.items() if len(its) < GROUP_SIZE)
                    table = next(room, f"{shape}__t{len(own) + 1}")
                    own.setdefault(table, []).append(metric)
                    new.append({"metric": metric, "shape": shape, "table_name": table})
                found[metric] = table
            if new:
                con.execute(sa.insert(t.groups), new)
        self._tables |= {(metric, shape): found[metric] for metric, shape in wanted.items()}
        return found


_ALL = ("published", "withheld", "unavailable")
_SETTLED = ("published", "withheld")


def _parts(ids: Sequence[T]) -> Iterator[Sequence[T]]:
    """As many as a statement may have."""
    for start in range(0, len(ids), 500):
        yield ids[start : start + 500]


def _with_attempt(known: PairHistory, attempt: Attempt) -> PairHistory:
    """A pair's history with one closed attempt more, where that is newer."""
    after = {"latest": attempt}
    if attempt.state in _SETTLED:
        after["last"] = attempt
    if attempt.state == "published":
        after["published"] = attempt
    older = {k: v for k, v in after.items() if (before := getattr(known, k)) is None or before.id < v.id}
    return replace(known, **older)


def now() -> datetime:
    """The machine's time, in UTC: when something happened. A center's day is its clock's to say."""
    return datetime.now(UTC)


def sqlite_url(file: Path) -> str:
    """The URL of a ledger in a SQLite file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{file}"


def _attempt(row: Any) -> Attempt:
    return Attempt(**{k: row[k] for k in Attempt.__dataclass_fields__})


def _engine(url: str) -> sa.Engine:
    engine = sa.create_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _on_sqlite_connect)
        event.listen(engine, "begin", _begin)
    return engine


_WHILE_BUSY = Retrying(
    retry=retry_if_exception(lambda e: getattr(e, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY),
    wait=wait_random(0, 0.1),
    stop=stop_after_delay(30),
    reraise=True,
)
"""Of what does not wait for `busy_timeout`: two that turn one new file to WAL, of which one is refused."""


def _on_sqlite_connect(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in ("busy_timeout = 30000", "journal_mode = wal", "foreign_keys = on", "synchronous = full"):
        _WHILE_BUSY(connection.execute, f"pragma {pragma}")


def _begin(connection: sa.Connection) -> None:
    """A writer takes the lock at once (an upgrade later would not wait, but fail); a reader takes none."""
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("begin immediate" if writes else "begin")
