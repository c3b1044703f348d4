"""Incremental reading: what changed of a table by its cursor, merged by its key into what is published.

    read      rows whose cursor is not below the last one seen less the overlap (equal ones again: the border
              loses nothing), and rows without a cursor, which are refused; all in one state of the source
    merged    into the lake's rows of every month that is touched: the old row of a key goes, from whatever
              month it was in, the new one comes, into whatever month it is in now
    compared  nothing: the months touched are staged, audited, hashed and published like any others

Read whole instead, by its own days: a month that was never published, is withheld (the lake lacks rows that
the cursor has passed), was read whole more than a week ago, or whose definition changed; every month, where a
step covers only some, where it is forced, and where the greatest cursor of the source has gone back (a clock
that was set, a newest row that was deleted).

The cursor last seen is a mark of the ledger, moved when a step over all months of the table is through, and
never by one over some: a row is passed by only where its month was published with it, or is withheld. A death
before it moves makes the next step read more, never less. The newest month gets an attempt in every such
step; that is how the plan knows the table was asked. So does each month of which the asset that the table is
the copy of was made anew; that is how the plan knows that this was seen.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import duckdb

from metric_pipelines import ingest
from metric_pipelines.dictionary.graph import Pair, digest
from metric_pipelines.dictionary.months import WHOLE, months_between, spans
from metric_pipelines.ledger.ledger import now
from metric_pipelines.publication.plan import READ, REREAD_ALL, Facts, is_incremental, upstream_moved
from metric_pipelines.publication.standing import NOTHING
from metric_pipelines.publication.workshop import Workshop
from metric_pipelines.warehouse import tables
from metric_pipelines.warehouse.staged import Staged
from metric_pipelines.warehouse.tables import MONTH, name

WHOLE_READ = "read whole at"
"""Of a receipt: when this month was last read whole, and not only what changed."""


@dataclass(frozen=True)
class Reading:
    """How a step reads an incremental table: `months` by what changed since `seen`, all others whole.

    `covers`: whether the step is about all months of the table. `told` are the months that get an attempt
    even where no change touches them. `whole_at` is kept of each month's receipt.
    """

    months: frozenset[str]
    seen: ingest.Cursor | None
    covers: bool
    told: frozenset[str]
    whole_at: Mapping[str, str]


def readings(shop: Workshop, facts: Facts, todo: Collection[Pair], *, forced: bool) -> dict[str, Reading]:
    """How each incremental table among pairs is to be read, by asset."""
    found = {}
    for key in dict.fromkeys(key for key, _ in todo):
        if is_incremental(shop.center, key):
            asked = {partition for k, partition in todo if k == key}
            found[key] = _reading(shop, facts, key, asked, forced)
    return found


def _reading(shop: Workshop, facts: Facts, key: str, asked: set[str], forced: bool) -> Reading:
    covers, seen = asked == set(facts.graph.partitions(key)), _seen(shop, key)
    kept = {m: at for m in asked if (at := _whole_lately(facts, (key, m))) is not None}
    by_change = kept if covers and seen is not None and not forced else {}
    moved = {m for m in asked if upstream_moved(facts, (key, m))}
    told = frozenset(moved | {facts.graph.partitions(key)[-1]})
    return Reading(frozenset(by_change), seen, covers, told, kept)


def _whole_lately(facts: Facts, pair: Pair) -> str | None:
    """When a month was read whole, where what is published of it can be carried on."""
    own = facts.history.get(pair, NOTHING)
    if own.last is None or own.last.state == "withheld" or own.published is None:
        return None
    at = own.published.facts.get(WHOLE_READ)
    same = own.last.version == facts.graph.nodes[pair[0]].version
    return str(at) if same and at and datetime.fromisoformat(at) > now() - REREAD_ALL else None


def stage(
    con: duckdb.DuckDBPyConnection,
    shop: Workshop,
    system: ingest.System,
    key: str,
    months: list[str],
    reading: Reading,
    target: str,
) -> Staged:
    """Stages an incremental table: the months read whole, and of the others those that changes touch.

    Raises: SourceDataError, SourceUnavailableError.
    """
    by_change = [m for m in months if m in reading.months]
    changes = _changes(con, shop, system, key, by_change, reading, target) if by_change else None
    whole = [m for m in months if changes is None or m not in by_change]
    touched: list[str] = []
    parts = _whole(con, shop, system, key, whole, target)
    if changes is not None:
        touched = _touched(con, key, by_change, changes, reading.told)
        parts.append(_merged(con, key, touched, changes, f"{target}_merged"))
    tables.gather(con, parts, target)
    source, _, table = key.partition("/")
    definition = shop.center.sources[source]
    judged = ingest.contract_finds_doubled_keys(definition.tables[table])
    newest, rows = ingest.refuse_unmergeable(con, definition, table, target, judged=judged)
    facts: dict[str, Any] = {"rows": rows, "from": None, "to": _text(newest)}
    if changes is not None:
        facts = {"rows": changes.read, "from": _text(reading.seen), "to": _text(changes.newest)}
    read = {READ: facts} if reading.covers else {}
    kept = {m: {WHOLE_READ: now().isoformat()} for m in whole} | {
        m: {WHOLE_READ: reading.whole_at[m]} for m in touched
    }
    return Staged(key, target, sorted(kept), facts={m: at | read for m, at in kept.items()})


def _whole(
    con: duckdb.DuckDBPyConnection,
    shop: Workshop,
    system: ingest.System,
    key: str,
    months: list[str],
    target: str,
) -> list[str]:
    """Temp tables of what is read by its own months."""
    source, _, table = key.partition("/")
    between = [months] if months == [WHOLE] else [months_between(*span) for span in spans(months)]
    zone, definition = shop.center.settings.time_zone, shop.center.sources[source]
    return [
        ingest.stage(con, system, definition, table, zone, part, f"{target}_{i}").table
        for i, part in enumerate(between)
    ]


def _changes(
    con: duckdb.DuckDBPyConnection,
    shop: Workshop,
    system: ingest.System,
    key: str,
    months: list[str],
    reading: Reading,
    target: str,
) -> ingest.Changes | None:
    """What changed since the cursor last seen; None where the greatest one has gone back, or nothing is there
    to merge it into.
    """
    system_name, table = key.split("/")
    source = shop.center.sources[system_name]
    how, seen = source.tables[table].incremental, reading.seen
    assert how is not None
    assert seen is not None
    if not tables.exists(con, system_name, table):
        return None
    since = seen - how.overlap if isinstance(seen, int) else seen - timedelta(days=how.overlap)
    zone = shop.center.settings.time_zone
    found = ingest.stage_changes(con, system, source, table, zone, months, since, f"{target}_changes")
    gone_back = found.newest is None or found.newest < seen  # type: ignore[operator]  # one type, as its column
    return None if gone_back else found


def _touched(
    con: duckdb.DuckDBPyConnection,
    key: str,
    months: list[str],
    changes: ingest.Changes,
    told: frozenset[str],
) -> list[str]:
    """The months that lose or gain rows, and those that get an attempt in any case."""
    if months == [WHOLE]:
        return months
    old = f"select {MONTH} from {tables.relation(key)} t where {_has_changed(changes)}"
    found = con.execute(
        f"select distinct strftime({MONTH}, '%Y-%m') from ({old} union select {MONTH} from {changes.rows})"
    )
    touched = {str(row[0]) for row in found.fetchall()}
    return [m for m in months if m in touched or m in told]


def _merged(
    con: duckdb.DuckDBPyConnection, key: str, months: list[str], changes: ingest.Changes, target: str
) -> str:
    """The published rows of these months without those whose key changed, and what they are now."""
    within = (
        "true" if months == [WHOLE] else f"{MONTH} in ({tables.month_list(months)})" if months else "false"
    )
    chosen = ", ".join(map(name, tables.columns(con, changes.rows)))
    kept = f"select {chosen} from {tables.relation(key)} t where {within} and not {_has_changed(changes)}"
    come = f"select {chosen} from {changes.rows} where {within}"
    con.execute(f"create or replace temp table {target} as {kept} union all {come}")
    return target


def _has_changed(changes: ingest.Changes) -> str:
    same = " and ".join(f"k.{name(c)} = t.{name(c)}" for c in changes.key)
    return f"exists (select 1 from {changes.keys} k where {same})"


def remember(
    shop: Workshop, reading: Mapping[str, Reading], staged: Mapping[str, Sequence[Staged | None]]
) -> None:
    """Moves the mark of each table whose step covered all its months in one piece; `staged` has, by asset,
    what each attempt of it was staged as.
    """
    for key, how in reading.items():
        pieces = {item.table if item else "" for item in staged.get(key, ())}
        if not how.covers or len(pieces) != 1 or "" in pieces:
            continue
        item = next(i for i in staged[key] if i is not None)
        to = item.facts[item.months[0]][READ]["to"]
        if to is not None:
            shop.ledger.note(f"cursor of {key}", json.dumps({"by": _by(shop, key), "seen": to}))


def _seen(shop: Workshop, key: str) -> ingest.Cursor | None:
    """The cursor last seen, by the table's definition as it is now."""
    noted = json.loads(shop.ledger.noted(f"cursor of {key}") or "{}")
    if noted.get("by") != _by(shop, key):
        return None
    source, _, table = key.partition("/")
    spec = shop.center.sources[source].tables[table]
    assert spec.incremental is not None
    match spec.columns[spec.incremental.cursor].type:
        case "int64":
            return int(noted["seen"])
        case "date":
            return date.fromisoformat(noted["seen"])
        case _:
            return datetime.fromisoformat(noted["seen"])


def _by(shop: Workshop, key: str) -> str:
    source, _, table = key.partition("/")
    how = shop.center.sources[source].tables[table].incremental
    assert how is not None
    return digest([shop.graph.nodes[key].computation, how.cursor, how.key])


def _text(cursor: ingest.Cursor | None) -> str | None:
    return None if cursor is None else str(cursor)
