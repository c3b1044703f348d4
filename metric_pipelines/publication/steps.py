"""The four moves, for all assets that are computed together: stage, audit, publish, receipt.

What passes is published in one lake transaction; what fails a blocking check keeps its last good contents;
what depends on something withheld is blocked and says why. Everything here is plain Python: an asset body is
one call.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal

import duckdb

from metric_pipelines import ingest, transform
from metric_pipelines.dictionary import shapes
from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.definitions import Metric
from metric_pipelines.dictionary.graph import Edge, Node, Pair
from metric_pipelines.dictionary.months import WHOLE
from metric_pipelines.errors import (
    ComputationError,
    DefinitionError,
    InputsMovedError,
    SourceDataError,
    SourceUnavailableError,
)
from metric_pipelines.ledger.ledger import Attempt, Verdict, now
from metric_pipelines.publication import additivity, as_of, cuts, increments, measures, reconciliation
from metric_pipelines.publication.dated_outside import dated_outside
from metric_pipelines.publication.meanwhile import inputs_of, published_since
from metric_pipelines.publication.plan import Facts, Scope, inputs_in_force, is_due, rectangles
from metric_pipelines.publication.published_inputs import published_inputs
from metric_pipelines.publication.publishing import Candidate, Outcome, publish
from metric_pipelines.publication.standing import root_reason, standing
from metric_pipelines.publication.unkept import Unkept
from metric_pipelines.publication.verdicts import reason_of
from metric_pipelines.publication.workshop import Workshop
from metric_pipelines.quality.audit import Verdicts, audit
from metric_pipelines.quality.rules import Rules, rules_of_metric, rules_of_table
from metric_pipelines.semantics import joined_views, staging
from metric_pipelines.warehouse import lake, tables
from metric_pipelines.warehouse.staged import Staged

Readings = Mapping[str, increments.Reading]
NO_READINGS: Readings = {}
STAGED_AGAIN = 5
Error = DefinitionError | SourceDataError | ComputationError | SourceUnavailableError
REFUSED = (DefinitionError, SourceDataError, ComputationError, SourceUnavailableError)
"""What is told of an asset and a month, and stops nothing else."""


def carry_out(
    con: duckdb.DuckDBPyConnection,
    shop: Workshop,
    keys: Sequence[str],
    months: Sequence[str],
    run_id: str,
    *,
    forced: bool = False,
) -> list[Outcome]:
    """Computes, judges and publishes these assets of one step for these months (or [''] for the whole).

    Raises: BusyError where this writer lost its lease, InputsMovedError where others keep publishing the
    inputs of what is reconciled; nothing is written then.
    """
    facts = shop.facts()
    outcomes, todo = _sorted_out(facts, [(key, m) for key in keys for m in months], forced)
    candidates = [_faulty(facts, pair, run_id) for pair in todo if facts.fault(pair)]
    good = [pair for pair in todo if not facts.fault(pair)]
    reading = increments.readings(shop, facts, good, forced=forced)
    for work in rectangles(good):
        chosen = sorted({p for k, p in good if k in work.assets and work.first <= p <= work.last})
        candidates += _candidates(con, shop, facts, list(work.assets), chosen, run_id, reading)
    published = publish(con, shop, candidates)
    increments.remember(shop, reading, _staged_by_asset(candidates, published))
    attempted = {candidate.attempt.pair for candidate in candidates}
    return outcomes + published + [_unchanged(facts, pair) for pair in todo if pair not in attempted]


def _staged_by_asset(
    candidates: Sequence[Candidate], published: Sequence[Outcome]
) -> dict[str, list[Staged | None]]:
    """What each attempt was staged as; None where it failed, or another run was before it."""
    superseded = {outcome.pair for outcome in published if outcome.state == "unchanged"}
    found: dict[str, list[Staged | None]] = {}
    for candidate in candidates:
        staged = None if candidate.attempt.pair in superseded else candidate.staged
        found.setdefault(candidate.attempt.asset, []).append(staged)
    return found


def _sorted_out(facts: Facts, pairs: list[Pair], forced: bool) -> tuple[list[Outcome], list[Pair]]:
    """What is blocked or unchanged, and what is to be computed."""
    stands = standing(facts.graph, facts.history, {key for key, _ in pairs})
    outcomes, todo = [], []
    for pair in pairs:
        open_inputs = [given for given in facts.graph.inputs(pair) if stands[given].state != "published"]
        if pair[1] not in facts.graph.partitions(pair[0]):
            outcomes.append(
                Outcome(pair, "blocked", reason="not yet due: the clock has not come to this month")
            )
        elif open_inputs and stands[open_inputs[0]].state == "missing":
            given = open_inputs[0]
            outcomes.append(
                Outcome(
                    pair, "blocked", reason=f"{given[0]} {given[1]} was never published".replace("  ", " ")
                )
            )
        elif open_inputs:
            outcomes.append(Outcome(pair, "blocked", reason=root_reason(stands, pair)))
        elif facts.maker(pair):
            outcomes.append(Outcome(pair, "blocked", reason=facts.maker(pair)))
        elif not forced and facts.graph.nodes[pair[0]].kind != "source" and not is_due(facts, pair, Scope()):
            outcomes.append(_unchanged(facts, pair))
        else:
            todo.append(pair)
    return outcomes, todo


def _unchanged(facts: Facts, pair: Pair) -> Outcome:
    last = facts.history[pair].last
    assert last is not None
    state: Literal["unchanged", "withheld"] = "withheld" if last.state == "withheld" else "unchanged"
    return Outcome(pair, state, last, reason=last.reason or "")


def _candidates(
    con: duckdb.DuckDBPyConnection,
    shop: Workshop,
    facts: Facts,
    keys: list[str],
    months: list[str],
    run_id: str,
    reading: Readings,
) -> Iterator[Candidate]:
    """Stages and audits; a failure is narrowed down, so that it takes along no innocent asset or month."""
    try:
        yield from _audited(con, shop, facts, keys, months, run_id, reading)
    except REFUSED as error:
        if len(keys) > 1 and not error.retry_helps:
            for key in keys:
                yield from _candidates(con, shop, facts, [key], months, run_id, reading)
        elif len(months) > 1 and not error.retry_helps:
            for month in months:
                yield from _candidates(con, shop, facts, keys, [month], run_id, reading)
        else:
            for key in keys:
                for month in months:
                    yield Candidate(_failed(facts, (key, month), run_id, error), ())


def _failed(facts: Facts, pair: Pair, run_id: str, error: Error) -> Attempt:
    state: Literal["unavailable", "withheld"] = "unavailable" if error.retry_helps else "withheld"
    return replace(_attempt(facts, pair, run_id), state=state, reason=error.message(), closed_at=now())


def _faulty(facts: Facts, pair: Pair, run_id: str) -> Candidate:
    """Nothing is read of an asset that its own makers say is bad: what was published of it stays."""
    attempt = replace(_attempt(facts, pair, run_id), state="withheld", reason=facts.fault(pair))
    return Candidate(replace(attempt, closed_at=now()), ())


def _attempt(facts: Facts, pair: Pair, run_id: str) -> Attempt:
    return Attempt(
        asset=pair[0],
        partition=pair[1],
        state="publishing",
        version=facts.graph.nodes[pair[0]].version,
        inputs=inputs_in_force(facts, pair),
        run_id=run_id,
        publication="",
        started_at=now(),
    )


def _audited(
    con: duckdb.DuckDBPyConnection,
    shop: Workshop,
    facts: Facts,
    keys: list[str],
    months: list[str],
    run_id: str,
    reading: Readings,
) -> list[Candidate]:
    begun = {(key, m): _attempt(facts, (key, m), run_id) for key in keys for m in months}
    staged = stage(con, shop, keys, months, reading)
    unkept = Unkept(con, shop.center, shop.graph, facts.history, shop.home)
    unkept.refuse_changed({edge.key for key in keys for edge in shop.graph.nodes[key].inputs})
    verdicts = judged(con, shop, staged)
    measured = measures.measure(
        con, shop, staged, {item.key: begun[item.key, item.months[0]].inputs for item in staged}
    )
    found = []
    for item in staged:
        for month in item.months:
            attempt = replace(begun[item.key, month], **measured[item.key][month])
            found.append(_decided(attempt, verdicts[item.key][month], item))
    return found


def judged(
    con: duckdb.DuckDBPyConnection, shop: Workshop, staged: Sequence[Staged]
) -> dict[str, dict[str, tuple[Verdict, ...]]]:
    """All verdicts on what is staged, by asset and month: contract, with the proof of what adds up,
    expectations, and the comparison with the models where there is one.
    """
    rules, places = rules_of(shop.center, staged), {s.key: place_of(shop.center, s.key) for s in staged}
    audited = audit(con, list(staged), rules, places)
    proven = _proven(con, shop, staged, audited)
    compared = reconciliation.verdicts(con, shop, staged)
    return {
        item.key: {m: (*proven[item.key][m], *compared.get(item.key, {}).get(m, ())) for m in item.months}
        for item in staged
    }


def _proven(
    con: duckdb.DuckDBPyConnection, shop: Workshop, staged: Sequence[Staged], audited: dict[str, Verdicts]
) -> dict[str, Verdicts]:
    """The verdicts, with the proof of what adds up. The models are provided for it anew: rollups were staged
    since, which are counted from other rows.
    """
    proving = [s for s in staged if (m := _metric(shop, s)) is not None and additivity.to_be_proven(m)]
    if not proving:
        return audited
    _provide_inputs(con, shop, [item.key for item in proving], proving[0].months)
    proven = {
        item.key: additivity.with_proof(con, shop.center, item, audited[item.key], shop.today)
        for item in proving
    }
    return audited | proven


def _metric(shop: Workshop, item: Staged) -> Metric | None:
    system, _, name = item.key.partition("/")
    return shop.center.metrics[name] if system == "metrics" else None


def _decided(attempt: Attempt, verdicts: tuple[Verdict, ...], item: Staged) -> Candidate:
    if any(verdict.blocks for verdict in verdicts):
        reason = reason_of(verdicts)
        return Candidate(replace(attempt, state="withheld", reason=reason, closed_at=now()), verdicts, item)
    return Candidate(attempt, verdicts, item)


def place_of(center: Center, key: str) -> str:
    """`file:line` of the checks of an asset."""
    system, _, table = key.partition("/")
    if system in ("models", "metrics"):
        return center.where(key, "checks")
    return center.where(f"sources/{system}", "tables", table, "checks")


def rules_of(center: Center, staged: Sequence[Staged]) -> dict[str, Rules]:
    """The rules that each staged asset is judged by."""
    found = {}
    for item in staged:
        system, _, name = item.key.partition("/")
        if system == "metrics":
            found[item.key] = rules_of_metric(center.metrics[name], item)
        else:
            found[item.key] = rules_of_table(
                center.models[name] if system == "models" else center.sources[system].tables[name]
            )
    return found


def stage(
    con: duckdb.DuckDBPyConnection,
    shop: Workshop,
    keys: list[str],
    months: list[str],
    reading: Readings = NO_READINGS,
) -> list[Staged]:
    """Stages assets of one step for some months, from what is in force; of a table that is read by what
    changed (`reading`), the months that changes touch.

    Raises: SourceUnavailableError, SourceDataError, ComputationError, DefinitionError, InputsMovedError.
    """
    node = shop.graph.nodes[keys[0]]
    match node.kind:
        case "source":
            return _stage_sources(con, shop, keys, months, reading)
        case "model":
            return [_stage_model(con, shop, node, months)]
        case _:
            return _stage_metrics(con, shop, keys, months)


def _target() -> str:
    return f"staged_{uuid.uuid4().hex[:12]}"


def _stage_sources(
    con: duckdb.DuckDBPyConnection, shop: Workshop, keys: list[str], months: list[str], reading: Readings
) -> list[Staged]:
    source = shop.center.sources[keys[0].split("/")[0]]
    zone = shop.center.settings.time_zone

    def staged(system: ingest.System, key: str) -> Staged:
        if key in reading:
            return increments.stage(con, shop, system, key, months, reading[key], _target())
        return ingest.stage(con, system, source, key.split("/")[1], zone, months, _target())

    found = ingest.read(con, source, shop.home, lambda system: [staged(system, key) for key in keys])
    return [item for item in found if item.months]


def _stage_model(con: duckdb.DuckDBPyConnection, shop: Workshop, node: Node, months: list[str]) -> Staged:
    """A model that reads other months is computed month by month: each sees just what it declares."""
    model, sql = shop.center.models[node.name], shop.center.sql[node.name]
    file = str(shop.center.sql_file(node.name))
    from_whole = not any(shop.graph.nodes[edge.key].partitioned for edge in node.inputs)
    alone = [[m] for m in months] if model.look_back or model.look_ahead else [months]
    parts = []
    for chosen in alone:
        _provide(con, shop, node, chosen)
        staged = transform.stage(con, model, sql, chosen, _target(), file, from_whole=from_whole)
        parts.append(staged)
    if len(parts) == 1:
        return replace(parts[0], facts=dated_outside(con, shop, model, parts[0]))
    target = _target()
    tables.gather(con, [part.table for part in parts], target)
    return replace(parts[0], table=target, months=months)


def _provide(
    con: duckdb.DuckDBPyConnection, shop: Workshop, node: Node, months: list[str], for_: Sequence[Metric] = ()
) -> None:
    """The inputs of an asset as views of the step's own database, bounded to the months it reads; for
    metrics, to what is dated up to today.
    """
    for edge in node.inputs:
        if not edge.key.startswith("metrics/"):
            read = {p for m in months for k, p in shop.graph.inputs((node.key, m)) if k == edge.key}
            shown = as_of.known_today(shop, for_, edge.key) if for_ else as_of.Shown()
            transform.provide(con, edge.key, sorted(read), shown.columns, shown.rows)


def edges(node: Node) -> tuple[Edge, ...]:
    """What a metric reads that is no metric: alike in a group, but for what some join."""
    return tuple(edge for edge in node.inputs if not edge.key.startswith("metrics/"))


def _stage_metrics(
    con: duckdb.DuckDBPyConnection, shop: Workshop, keys: list[str], months: list[str]
) -> list[Staged]:
    """The inputs of what is reconciled are read as of one snapshot: where others published one of them
    meanwhile, all is staged once more.

    Raises: InputsMovedError where they do so each time.
    """
    if not any(shop.graph.nodes[key].reconciled for key in keys):
        return _stage_values(con, shop, keys, months)
    for _ in range(STAGED_AGAIN):
        read = lake.newest_snapshot(con)
        staged = _stage_values(con, shop, keys, months)
        moved = published_since(con, shop, inputs_of(shop, keys), read)
        if not moved:
            return _with_cuts(con, shop, staged, months, read)
        for table in {item.table for item in staged}:
            con.execute(f"drop table {table}")
    raise InputsMovedError.while_computed(", ".join(keys), moved, STAGED_AGAIN)


def _with_cuts(
    con: duckdb.DuckDBPyConnection, shop: Workshop, staged: list[Staged], months: list[str], read: int
) -> list[Staged]:
    metrics = [shop.center.metrics[item.key.removeprefix("metrics/")] for item in staged]
    columns = {item.columns.key: item.columns for item in staged if item.columns is not None}
    kept = cuts.stage(con, shop, metrics, columns, months, read)
    return [replace(item, cuts=kept.get(item.key.removeprefix("metrics/"), ()), read=read) for item in staged]


def _stage_values(
    con: duckdb.DuckDBPyConnection, shop: Workshop, keys: list[str], months: list[str]
) -> list[Staged]:
    metrics = _provide_inputs(con, shop, keys, months)
    columns = measures.columns_of(shop, metrics)
    question = staging.Question(metrics, metrics[0].grain, sorted(metrics[0].dimensions))
    return staging.stage(con, shop.center, question, columns, months, shop.today, _target())


def _provide_inputs(
    con: duckdb.DuckDBPyConnection, shop: Workshop, keys: Sequence[str], months: list[str]
) -> list[Metric]:
    """The models, or the published inputs, that metrics of one step are counted from; gives the metrics."""
    metrics = [shop.center.metrics[key.removeprefix("metrics/")] for key in keys]
    first = metrics[0]
    dimensions = sorted(first.dimensions)
    for node in {edges(shop.graph.nodes[key]): shop.graph.nodes[key] for key in keys}.values():
        _provide(con, shop, node, months, metrics)
    if shapes.reads_published(shop.center, first):
        names = list(dict.fromkeys(n for metric in metrics for n in shapes.input_names(metric)))
        read = sorted({p for k in keys for m in months for _, p in shop.graph.inputs((k, m)) if p != WHOLE})
        staging.provide_inputs(con, names, dimensions, published_inputs(shop, names, read))
    else:
        joined_views.provide(con, shop.center, shapes.models_of(shop.center, first), dimensions)
    return metrics
