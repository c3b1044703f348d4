"""The checks of an asset in words, and what they said of each month."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from metric_pipelines.dictionary.definitions import Metric, Model
from metric_pipelines.dictionary.rollups import is_reconciled
from metric_pipelines.dictionary.source_definitions import SourceTable
from metric_pipelines.dictionary.yaml_types import Column, Expectation, TableRules
from metric_pipelines.publication.standing import NOTHING
from metric_pipelines.quality.rules import checks_of
from metric_pipelines.site.reasons import reason_of
from metric_pipelines.site.snapshot import Snapshot
from metric_pipelines.site.words import Bilingual, Phrase, joined, say


@dataclass(frozen=True)
class Judged:
    """A month: what each check said (`passed`, `warned`, `failed`, or '' where it was not asked), how the
    month stands, how often it was judged, and the reason where it did not pass.
    """

    month: str
    results: dict[str, str]
    state: str
    times: int
    reason: Bilingual


def judged(shot: Snapshot, key: str) -> list[Judged]:
    """The months of an asset, newest first."""
    return [_judged(shot, key, partition) for partition in shot.graph.partitions(key)][::-1]


def _judged(shot: Snapshot, key: str, partition: str) -> Judged:
    last = shot.facts.history.get((key, partition), NOTHING).last
    said = {v.check: v for v in shot.verdicts.get(last.id, [])} if last is not None else {}
    results = dict.fromkeys(checks_of(shot.graph.nodes[key]), "")
    for check, verdict in said.items():
        results[check] = "passed" if verdict.passed else "failed" if verdict.blocks else "warned"
    state, times = shot.stands[key, partition].state, shot.judged.get((key, partition), 0)
    return Judged(partition, results, state, times, reason_of(shot, key, partition))


def contract_of(thing: Metric | Model | SourceTable) -> list[Phrase]:
    """The contract of a metric or table, beside what its columns say."""
    if isinstance(thing, (Model, SourceTable)):
        return list(_of_table(thing))
    checks = thing.checks
    found = [say("rule.keys", keys=", ".join(["metric_time", *thing.dimensions]))]
    found += [say("rule.reconcile")] if is_reconciled(thing) else []
    found += [say("rule.min", value=f"{checks.min:,.12g}")] if checks.min is not None else []
    return [*found, *([say("rule.max", value=f"{checks.max:,.12g}")] if checks.max is not None else [])]


def _of_table(table: Model | SourceTable) -> Iterator[Phrase]:
    for keys in table.checks.unique:
        yield say("rule.keys", keys=", ".join(keys))


def expectations_of(thing: Metric | Model | SourceTable) -> list[tuple[Phrase | str, bool]]:
    """The expectations, the number of rows first, each with whether it only warns."""
    rows: list[tuple[Phrase | str, bool]] = [(rule, False) for rule in _of_rows(thing)]
    return [*rows, *((_expectation(rule), rule.severity == "warn") for rule in thing.checks.expectations)]


def _of_rows(thing: Metric | Model | SourceTable) -> Iterator[Phrase]:
    if thing.checks.min_rows:
        yield say("rule.min_rows", n=f"{thing.checks.min_rows:,}")
    if isinstance(thing.checks, TableRules) and thing.checks.max_rows is not None:
        yield say("rule.max_rows", n=f"{thing.checks.max_rows:,}")


def _expectation(rule: Expectation) -> str:
    arguments = ", ".join(
        f"{k}={v}" for k, v in rule.arguments.items() if not (k == "column" and v == "value")
    )
    return f"{rule.expect.removeprefix('expect_')}({arguments})"


def column_rules(column: Column) -> Phrase:
    """What a column may hold, in words."""
    found = [say("rule.not_null")] if not column.nullable else []
    found += [say("rule.at_least", value=f"{column.min:,.12g}")] if column.min is not None else []
    found += [say("rule.at_most", value=f"{column.max:,.12g}")] if column.max is not None else []
    found += [say("rule.matches", pattern=column.matches)] if column.matches is not None else []
    if column.isin is not None:
        shown = ", ".join(map(str, column.isin[:12])) + (" …" if len(column.isin) > 12 else "")
        found.append(say("rule.isin", values=shown))
    return joined(found)
