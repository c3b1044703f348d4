"""What became of a step, told to Dagster: materializations and check evaluations, per month.

Each good month is logged, and each evaluation. An output is yielded only where another step of the run waits
for a wholly good asset: Dagster's check of it and its copy of the metadata cost more than all the rest, and
of several months it makes materializations before the months' own, which win. What is blocked is one logged
warning. One module owns all events.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from functools import cache
from typing import Any

import dagster as dg
from dagster._core.definitions.data_version import (
    CODE_VERSION_TAG,
    DATA_VERSION_IS_USER_PROVIDED_TAG,
    DATA_VERSION_TAG,
    get_input_data_version_tag,
    get_input_event_pointer_tag,
)
from dagster._core.events import DagsterEvent, DagsterEventType

from metric_pipelines.dictionary.graph import Graph, Node, Pair
from metric_pipelines.ledger.ledger import Attempt, Verdict
from metric_pipelines.orchestration.names import Names
from metric_pipelines.publication.dated_outside import DATED_OUTSIDE
from metric_pipelines.publication.plan import READ
from metric_pipelines.publication.publishing import Outcome
from metric_pipelines.quality.rules import checks_of

GOOD = ("published", "unchanged")
LEFT_OUT = {
    "before": "rows dated before the first month",
    "after": "rows dated after today",
    "undated": "rows without a date",
}


def report(
    context: dg.AssetExecutionContext,
    names: Names,
    graph: Graph,
    outcomes: Iterable[Outcome],
    verdicts: dict[int, list[Verdict]],
) -> Iterator[dg.MaterializeResult[Any]]:
    """Tells Dagster what became of each asset of a step."""
    by_key: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        by_key.setdefault(outcome.pair[0], []).append(outcome)
    checks = set(context.selected_asset_check_keys)
    inputs, awaited = InputTags(context.instance, names, graph), _awaited(context)
    good = {key: [o for o in found if o.state in GOOD] for key, found in by_key.items()}
    # No step holds an asset and what it is made from, so that what is logged may follow all that is yielded.
    yielded = [key for key in by_key if good[key] == by_key[key] and names.asset(key) in awaited]
    for key in yielded:
        yield _result(names, by_key[key])
    with getattr(context.instance.event_log_storage, "together", nullcontext)():
        for key, found in by_key.items():
            if good[key] and not (key in yielded and len(found) == 1):
                pointers = inputs.of(key)
                for outcome in good[key]:
                    context.log_event(materialization(outcome, names, graph, pointers))
            for outcome in found:
                kept = tuple(verdicts.get(outcome.attempt.id, []) if outcome.attempt else [])
                asked = (outcome.pair, outcome.verdicts or kept, outcome.reason, outcome.state)
                for event in evaluations(names, graph.nodes[key], *asked):
                    if event.asset_check_key in checks:
                        context.log_event(event)


def _result(names: Names, outcomes: list[Outcome]) -> dg.MaterializeResult[Any]:
    """One result for an asset; over several months it only says that the step was good."""
    last = outcomes[-1]
    assert last.attempt is not None
    key = names.asset(last.pair[0])
    if len(outcomes) > 1:
        return dg.MaterializeResult(asset_key=key, metadata={"months": len(outcomes)})
    version = dg.DataVersion(last.attempt.data_version or "")
    return dg.MaterializeResult(asset_key=key, metadata=metadata(last), data_version=version)


def _awaited(context: dg.AssetExecutionContext) -> set[dg.AssetKey]:
    """The assets of this step that other steps of the run wait for: without an output these are skipped."""
    op = context.op_execution_context
    waiting = op.job_def.dependency_structure.output_to_downstream_inputs_for_node(op.node_handle.name)
    return {op.asset_key_for_output(output.output_name) for output, inputs in waiting.items() if inputs}


def evaluations(
    names: Names, node: Node, pair: Pair, verdicts: Iterable[Verdict], reason: str, state: str
) -> Iterator[dg.AssetCheckEvaluation]:
    """An evaluation a check: the verdict where there is one, else why it was not judged."""
    known = {verdict.check: verdict for verdict in verdicts}
    for check in checks_of(node):
        verdict = known.get(check)
        if verdict is not None:
            yield _evaluation(names, pair, check, verdict.passed, verdict.severity, _detail(verdict, reason))
        elif state in ("blocked", "unavailable"):
            yield _evaluation(names, pair, check, False, "warn", {"not evaluated": reason})
        elif state == "withheld":
            yield _evaluation(names, pair, check, False, "error", {"not evaluated": reason})


def _evaluation(
    names: Names, pair: Pair, check: str, passed: bool, severity: str, detail: dict[str, Any]
) -> dg.AssetCheckEvaluation:
    return dg.AssetCheckEvaluation(
        asset_key=names.asset(pair[0]),
        check_name=check,
        passed=passed,
        severity=dg.AssetCheckSeverity.WARN if severity == "warn" else dg.AssetCheckSeverity.ERROR,
        partition=pair[1] or None,
        metadata=detail,
        blocking=False,
    )


def _detail(verdict: Verdict, reason: str) -> dict[str, Any]:
    said: dict[str, Any] = {
        "library": verdict.library,
        "failed rules": len(verdict.detail.get("failures", [])),
        "result": dg.MetadataValue.json(verdict.detail),
    }
    return said if verdict.passed else said | {"reason": reason or "a warning; published"}


def say(instance: dg.DagsterInstance, run: dg.DagsterRun, events: Iterable[dg.AssetCheckEvaluation]) -> None:
    """Reports evaluations as a run's own; without a run, Dagster takes one a check and month, ever."""
    for event in events:
        kind = DagsterEventType.ASSET_CHECK_EVALUATION.value
        instance.report_dagster_event(
            DagsterEvent(kind, run.job_name, event_specific_data=event), run_id=run.run_id
        )


def metadata(outcome: Outcome) -> dict[str, Any]:
    """Row count and value as numbers (so that the asset's plot is the metric's curve), and what the receipt
    says.
    """
    attempt = outcome.attempt
    assert attempt is not None
    found: dict[str, Any] = {
        "dagster/row_count": attempt.rows,
        "lake snapshot": attempt.snapshot,
        "receipt": attempt.publication,
        "outcome": "unchanged since its last publication" if outcome.state == "unchanged" else "published",
    }
    if "value" in attempt.facts:
        found["value"] = float(attempt.facts["value"])
    if READ in attempt.facts:
        found["rows read of the source"] = attempt.facts[READ]["rows"]
    for where, rows in attempt.facts.get(DATED_OUTSIDE, {}).items():
        found[LEFT_OUT[where]] = rows
    if attempt.column_version is not None:
        found["definition version"] = attempt.column_version
    schema = attempt.facts.get("schema") or {}
    if schema:
        found["dagster/column_schema"] = dg.TableSchema(
            [dg.TableColumn(c, str(t)) for c, t in schema.items()]
        )
    return {k: v for k, v in found.items() if v is not None}


def materialization(
    outcome: Outcome, names: Names, graph: Graph, pointers: dict[str, str]
) -> dg.AssetMaterialization:
    """A month's materialization, with the tags by which Dagster sees what it was made from."""
    attempt = outcome.attempt
    assert attempt is not None
    return dg.AssetMaterialization(
        asset_key=names.asset(outcome.pair[0]),
        partition=outcome.pair[1] or None,
        metadata=metadata(outcome),
        tags=_tags(attempt, graph, pointers),
    )


def _tags(attempt: Attempt, graph: Graph, pointers: dict[str, str]) -> dict[str, str]:
    own = {
        DATA_VERSION_TAG: attempt.data_version or "",
        DATA_VERSION_IS_USER_PROVIDED_TAG: "true",
        CODE_VERSION_TAG: graph.nodes[attempt.asset].version,
    }
    return own | pointers


class InputTags:
    """The newest event of each input as of now: what an asset was made from, in Dagster's terms. Each input
    is asked for once.
    """

    def __init__(self, instance: dg.DagsterInstance, names: Names, graph: Graph) -> None:
        self._instance, self._names, self._graph = instance, names, graph
        self._of = cache(self._newest)

    def of(self, key: str) -> dict[str, str]:
        """The tags of all inputs of an asset."""
        tags: dict[str, str] = {}
        for edge in self._graph.nodes[key].inputs:
            tags |= self._of(edge.key)
        return tags

    def _newest(self, key: str) -> dict[str, str]:
        given = self._names.asset(key)
        record = self._instance.get_latest_data_version_record(given)
        if record is None:
            return {}
        version = (record.event_log_entry.tags or {}).get(DATA_VERSION_TAG, "")
        return {
            get_input_data_version_tag(given): version,
            get_input_event_pointer_tag(given): str(record.storage_id),
        }
