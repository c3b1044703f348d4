"""Publishing: what passed, in one lake transaction under the writers' lock; what did not, with its reason and
its rows.

Order of commits: attempts as `publishing` in the ledger, the lake (its message carries the publication's id),
the ledger again. A kill in between is settled by the next writer, forward only.
"""

from __future__ import annotations

import shutil
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import duckdb

from metric_pipelines.dictionary.graph import Pair
from metric_pipelines.dictionary.months import WHOLE
from metric_pipelines.ledger.lease import aware
from metric_pipelines.ledger.ledger import Attempt, PairHistory, Verdict, now
from metric_pipelines.publication import measures
from metric_pipelines.publication.standing import NOTHING
from metric_pipelines.publication.workshop import Workshop
from metric_pipelines.warehouse import groups, lake, tables
from metric_pipelines.warehouse.groups import MetricColumns, MetricView
from metric_pipelines.warehouse.staged import Staged, StagedCut
from metric_pipelines.warehouse.tables import MONTH

UNFIT = (duckdb.BinderException, duckdb.CatalogException, duckdb.ConversionException)
REJECTED_ROWS = 10_000
REJECTED_DAYS = 30


@dataclass(frozen=True)
class Outcome:
    """What became of a pair in this step."""

    pair: Pair
    state: Literal["published", "withheld", "blocked", "unavailable", "unchanged"]
    attempt: Attempt | None = None
    verdicts: tuple[Verdict, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class Candidate:
    """A staged and audited pair, on its way to be published or withheld."""

    attempt: Attempt
    verdicts: tuple[Verdict, ...]
    staged: Staged | None = None


def publish(con: duckdb.DuckDBPyConnection, shop: Workshop, candidates: Sequence[Candidate]) -> list[Outcome]:
    """Publishes what passed in one lake transaction under the writers' lock, and closes every attempt in the
    ledger.
    """
    shop.fence()
    candidates, superseded = _without_superseded(shop.ledger.history(), candidates)
    withheld = [c for c in candidates if c.attempt.state != "publishing"]
    passed = [c for c in candidates if c.attempt.state == "publishing"]
    publication = str(uuid.uuid4())
    done = [_with(c, publication=publication) for c in withheld]
    shop.ledger.add([(c.attempt, c.verdicts) for c in done])
    for candidate in done:
        _reject(con, shop, candidate)
    if done:
        _age_out(shop.home / "rejected")
    return superseded + [_outcome(c) for c in done] + _publish(con, shop, passed)


def _without_superseded(
    history: Mapping[Pair, PairHistory], candidates: Sequence[Candidate]
) -> tuple[list[Candidate], list[Outcome]]:
    """What is older than what another run has published meanwhile is left: its inputs were older, too."""
    kept: list[Candidate] = []
    left: list[Outcome] = []
    for candidate in candidates:
        newer = history.get(candidate.attempt.pair, NOTHING).published
        if newer is not None and aware(newer.started_at) > candidate.attempt.started_at:
            reason = "superseded: another run has published newer contents meanwhile"
            left.append(Outcome(candidate.attempt.pair, "unchanged", newer, reason=reason))
        else:
            kept.append(candidate)
    return kept, left


def _publish(con: duckdb.DuckDBPyConnection, shop: Workshop, passed: Sequence[Candidate]) -> list[Outcome]:
    """What is in force is asked under the lock: since it was staged, another run may have published."""
    if not passed:
        return []
    publication = str(uuid.uuid4())
    with lake.locked(shop.lake):
        recover(con, shop)
        history = shop.ledger.history()
        kept, superseded = _without_superseded(history, passed)
        begun = [_with(c, publication=publication) for c in kept]
        changed = [c for c in begun if not _is_in_force(history, c.attempt)]
        shop.ledger.add([(c.attempt, c.verdicts) for c in begun])
        if changed:
            try:
                snapshot = lake.commit(
                    con, shop.lake, publication, lambda: _write(con, history, changed), shop.fence
                )
            except UNFIT as error:
                shop.ledger.settle(publication, None)
                return _refused(shop, begun, error)
        else:
            shop.fence()
            snapshot = lake.newest_snapshot(con)
        shop.ledger.settle(publication, snapshot)
    published = [_outcome(_with(c, state="published", snapshot=snapshot, closed_at=now())) for c in begun]
    return superseded + published


def _refused(shop: Workshop, candidates: Sequence[Candidate], error: duckdb.Error) -> list[Outcome]:
    """What the lake's tables cannot take is withheld: it must not stop what else is to be computed."""
    reason = f"cannot be stored beside what is published: {str(error).splitlines()[0]}"
    found = [_with(c, state="withheld", reason=reason, closed_at=now()) for c in candidates]
    shop.ledger.add([(c.attempt, c.verdicts) for c in found])
    return [_outcome(c) for c in found]


def _is_in_force(history: Mapping[Pair, PairHistory], attempt: Attempt) -> bool:
    """Whether the lake holds these very contents already."""
    published = history.get(attempt.pair, NOTHING).published
    return published is not None and (
        published.data_version == attempt.data_version
        and published.column_version == attempt.column_version
        and published.facts.get("table") == attempt.facts.get("table")
        and _cuts(published) == _cuts(attempt)
    )


def _cuts(attempt: Attempt) -> Any:
    return attempt.facts.get(measures.ROLLUPS, {}).get("cuts", {})


def _with(candidate: Candidate, **changes: Any) -> Candidate:
    return replace(candidate, attempt=replace(candidate.attempt, **changes))


def _outcome(candidate: Candidate) -> Outcome:
    attempt = candidate.attempt
    state: Any = attempt.state
    return Outcome(attempt.pair, state, attempt, candidate.verdicts, attempt.reason or "")


def recover(con: duckdb.DuckDBPyConnection, shop: Workshop) -> list[str]:
    """Settles publications whose process died: published where the lake has their commit, else abandoned.

    To be called under the writers' lock: nobody else can be in flight then.
    """
    stuck = shop.ledger.in_flight()
    if stuck:
        committed = lake.publications(con)
        for publication in stuck:
            shop.ledger.settle(publication, committed.get(publication))
    return stuck


def _write(
    con: duckdb.DuckDBPyConnection, history: Mapping[Pair, PairHistory], candidates: Sequence[Candidate]
) -> None:
    writing = [c for c in candidates if c.staged is not None]
    for item, months in _by_table([c for c in writing if c.staged and c.staged.columns is None]):
        if item.view:
            tables.replace_view(con, item.key, item.view)
        else:
            tables.replace(con, item.key, item.table, months)
    metrics = [c for c in writing if c.staged and c.staged.columns is not None]
    for (table, staged, chosen), items in _by_columns(metrics).items():
        columns = [item.columns for item in items if item.columns is not None]
        groups.replace_columns(con, table, staged, items[0].dimensions, columns, list(chosen))
    for (target, staged, chosen), cuts in _by_cut(metrics).items():
        columns = [cut.columns for cut in cuts]
        groups.replace_columns(con, target, staged, cuts[0].dimensions, columns, list(chosen))
    by_asset: dict[str, list[Candidate]] = {}
    for candidate in metrics:
        by_asset.setdefault(candidate.attempt.asset, []).append(candidate)
    before: dict[str, dict[str, Attempt]] = {key: {} for key in by_asset}
    for (key, month), of in history.items():
        if key in before and of.published is not None:
            before[key][month] = of.published
    renewed = [_renewed_view(con, before[key], key, own) for key, own in by_asset.items()]
    groups.create_views(con, [view for view in renewed if view is not None])


def _by_table(candidates: Sequence[Candidate]) -> Iterator[tuple[Staged, list[str]]]:
    found: dict[str, tuple[Staged, list[str]]] = {}
    for candidate in candidates:
        assert candidate.staged is not None
        found.setdefault(candidate.staged.table, (candidate.staged, []))[1].append(
            candidate.attempt.partition
        )
    for item, months in found.values():
        yield item, sorted(months)


def _by_columns(candidates: Sequence[Candidate]) -> dict[tuple[str, str, tuple[str, ...]], list[Staged]]:
    """Metrics of one wide table, one staged table and the same months are written together."""
    months: dict[tuple[str, str, str], list[str]] = {}
    items: dict[tuple[str, str, str], Staged] = {}
    for candidate in candidates:
        assert candidate.staged is not None
        at = (str(candidate.attempt.facts["table"]), candidate.staged.table, candidate.attempt.asset)
        months.setdefault(at, []).append(candidate.attempt.partition)
        items[at] = candidate.staged
    found: dict[tuple[str, str, tuple[str, ...]], list[Staged]] = {}
    for at, chosen in months.items():
        found.setdefault((at[0], at[1], tuple(sorted(chosen))), []).append(items[at])
    return found


def _by_cut(candidates: Sequence[Candidate]) -> dict[tuple[str, str, tuple[str, ...]], list[StagedCut]]:
    """Cuts of one wide table, one staged table and the same months are written together."""
    months: dict[tuple[str, str, str], list[str]] = {}
    items: dict[tuple[str, str, str], StagedCut] = {}
    for candidate in candidates:
        for cut in candidate.staged.cuts if candidate.staged else ():
            at = (cut.target, cut.table, cut.columns.key)
            months.setdefault(at, []).append(candidate.attempt.partition)
            items[at] = cut
    found: dict[tuple[str, str, tuple[str, ...]], list[StagedCut]] = {}
    for at, chosen in months.items():
        found.setdefault((at[0], at[1], tuple(sorted(chosen))), []).append(items[at])
    return found


def _renewed_view(
    con: duckdb.DuckDBPyConnection,
    receipts: Mapping[str, Attempt],
    key: str,
    candidates: Sequence[Candidate],
) -> MetricView | None:
    """The metric's view shows each month by the version in force there; replaced only where that changed."""
    item = candidates[0].staged
    assert item is not None
    assert item.columns is not None
    table, name = candidates[0].attempt.facts["table"], key.removeprefix("metrics/")
    before = _versions(receipts, name, table)
    after = before | {
        c.attempt.partition: c.staged.columns for c in candidates if c.staged and c.staged.columns
    }
    if (
        set(before.values()) == set(after.values())
        and len(set(after.values())) == 1
        and measures.has_view(con, name)
    ):
        return None
    versions: dict[MetricColumns, list[str]] = {}
    for month in sorted(after):
        versions.setdefault(after[month], []).append(month)
    return MetricView(name, str(table), item.dimensions, versions)


def _versions(receipts: Mapping[str, Attempt], metric: str, table: str) -> dict[str, MetricColumns]:
    """The columns in force by month, of the receipts in this table: a metric of another shape begins anew."""
    return {
        month: MetricColumns(
            metric, receipt.column_version or 0, "numerator" in receipt.facts.get("schema", {})
        )
        for month, receipt in receipts.items()
        if receipt.facts.get("table") == table
    }


def _reject(con: duckdb.DuckDBPyConnection, shop: Workshop, candidate: Candidate) -> None:
    """Keeps up to 10,000 rows of what was withheld, outside the readers' folders, for who looks into it."""
    if candidate.staged is None:
        return
    folder = shop.home / "rejected" / candidate.attempt.publication
    folder.mkdir(parents=True, exist_ok=True)
    month = candidate.attempt.partition
    where = "" if month == WHOLE else f" where {MONTH} in ({tables.month_list([month])})"
    file = folder / f"{candidate.attempt.asset.replace('/', '__')}{'@' + month if month else ''}.parquet"
    target = str(file).replace("'", "''")
    con.execute(f"copy (select * from {candidate.staged.table}{where} limit {REJECTED_ROWS}) to '{target}'")


def _age_out(folder: Path) -> None:
    """Rejected rows are for looking into what happened, not for keeping."""
    oldest = time.time() - REJECTED_DAYS * 86_400
    for old in folder.iterdir() if folder.exists() else ():
        if old.stat().st_mtime < oldest:
            shutil.rmtree(old, ignore_errors=True)
