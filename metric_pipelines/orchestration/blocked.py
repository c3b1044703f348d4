"""Says in Dagster which pairs are blocked, and takes it back.

Staleness does not travel in Dagster, and no run is made for what is blocked: its checks would stay as green
as they were. Stays out: what is blocked (`publication/standing.py`), what a run itself reports (`reports`).
"""

from __future__ import annotations

import dagster as dg
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus

from metric_pipelines.dictionary.graph import Graph, Pair
from metric_pipelines.dictionary.months import WHOLE
from metric_pipelines.orchestration.names import Names
from metric_pipelines.orchestration.reports import evaluations, say
from metric_pipelines.publication.standing import NOTHING, root_reason, standing
from metric_pipelines.publication.workshop import Workshop
from metric_pipelines.quality.rules import checks_of

SAID = "blocked_was_said"


def say_blocked(instance: dg.DagsterInstance, run: dg.DagsterRun, shop: Workshop, names: Names) -> None:
    """In a run's name: warns of each blocked pair whose checks do not warn yet; where a pair is blocked no
    longer, says its last verdicts again.
    """
    facts = shop.facts()
    stands = standing(facts.graph, facts.history)
    blocked = [pair for pair, stand in stands.items() if stand.state == "blocked"]
    if not blocked and not shop.ledger.noted(SAID):
        return
    failing = _failing(instance, facts.graph, names)
    for pair in blocked:
        if pair not in failing:
            say(
                instance,
                run,
                evaluations(
                    names, facts.graph.nodes[pair[0]], pair, (), root_reason(stands, pair), "blocked"
                ),
            )
    for pair in sorted(failing):
        receipt = facts.history.get(pair, NOTHING).published
        if receipt is not None and pair in stands and stands[pair].state == "published":
            verdicts = shop.ledger.verdicts([receipt.id])[receipt.id]
            say(
                instance, run, evaluations(names, facts.graph.nodes[pair[0]], pair, verdicts, "", "published")
            )
    shop.ledger.note(SAID, "yes" if blocked else "")


def _failing(instance: dg.DagsterInstance, graph: Graph, names: Names) -> set[Pair]:
    """The pairs with a check that Dagster does not show as passed."""
    assets = {names.asset(key): key for key in graph.nodes}
    keys = [
        dg.AssetCheckKey(key, check) for key, own in assets.items() for check in checks_of(graph.nodes[own])
    ]
    found = instance.event_log_storage.get_asset_check_partition_info(keys)
    return {
        (assets[info.check_key.asset_key], info.partition_key or WHOLE)
        for info in found
        if info.latest_execution_status is not AssetCheckExecutionRecordStatus.SUCCEEDED
    }
