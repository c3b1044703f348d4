"""Asset bodies: one multi-asset for each group that is computed together; each body is one call into
`publication/`.

A body asks the ledger, not the run, which inputs are published; it audits whether or not a check was
selected; without a partition it is refused, with a check alone it re-stages and judges and publishes nothing.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any, Protocol

import dagster as dg
from dagster._core.storage.tags import PARENT_RUN_ID_TAG

from metric_pipelines.dictionary.graph import Node
from metric_pipelines.dictionary.months import WHOLE
from metric_pipelines.ledger.ledger import Verdict
from metric_pipelines.orchestration.names import Names
from metric_pipelines.orchestration.partitions import monthly
from metric_pipelines.orchestration.reaper import POOL, tag_process
from metric_pipelines.orchestration.reports import evaluations, report
from metric_pipelines.orchestration.specs import asset_spec, check_specs
from metric_pipelines.publication.inspection import inspect
from metric_pipelines.publication.publishing import Outcome
from metric_pipelines.publication.steps import carry_out
from metric_pipelines.publication.workshop import Workshop

LAKE = "lake"
"""The resource."""
EPOCH_TAG = "metric_pipelines/epoch"
TODAY_TAG = "metric_pipelines/today"
FORCED_TAG = "metric_pipelines/forced"

DEFINITIONS_TAG = "metric_pipelines/definitions"


class OpenWorkshop(Protocol):
    """Opens the workshop: whether the clock asks the sources, whom to ask of assets that are not ours (and in
    which run), and the epoch of the lease and the day of the refresh it works for.
    """

    def __call__(
        self,
        *,
        ask_sources: bool,
        instance: dg.DagsterInstance | None = None,
        run_id: str = "",
        epoch: str | None = None,
        today: date | None = None,
    ) -> Workshop: ...


def assets_of(
    workshop: Workshop, open_shop: OpenWorkshop, definitions: str, names: Names
) -> list[dg.AssetsDefinition]:
    """All assets of a center, one definition a group; `definitions` is the hash of what is loaded."""
    months = monthly(workshop.center)
    return [
        _step(workshop, step, nodes, months, open_shop, definitions, names)
        for step, nodes in workshop.graph.steps().items()
    ]


def _step(
    workshop: Workshop,
    step: str,
    nodes: list[Node],
    months: dg.PartitionsDefinition[Any],
    open_shop: OpenWorkshop,
    definitions: str,
    names: Names,
) -> dg.AssetsDefinition:
    partitioned, lake = nodes[0].partitioned, names.name(LAKE)

    @dg.multi_asset(
        name=names.name(step),
        specs=[
            asset_spec(workshop.center, workshop.graph, node, months, workshop.home, names) for node in nodes
        ],
        check_specs=[spec for node in nodes for spec in check_specs(node, months, names)],
        can_subset=True,
        backfill_policy=dg.BackfillPolicy.single_run() if partitioned else None,
        partitions_def=months if partitioned else None,
        pool=POOL,
        op_tags={"step": step[:60]},
        required_resource_keys={lake},
    )
    def body(context: dg.AssetExecutionContext) -> Iterator[Any]:
        tag_process(context.op_execution_context)
        keys = sorted(key for at in context.selected_asset_keys if (key := names.own(at)) is not None)
        asked = _months(context, partitioned)
        _same_definitions(context, definitions)
        epoch = _epoch(context.run)
        today = date.fromisoformat(context.run.tags[TODAY_TAG]) if epoch is not None else None
        shop = open_shop(
            ask_sources=epoch is None,
            instance=context.instance,
            run_id=context.run.run_id,
            epoch=epoch,
            today=today,
        )
        with getattr(context.resources, lake).open() as con:
            if not keys:
                yield from _checks_alone(context, names, shop, con, asked)
                return
            if asked is None:
                raise dg.Failure("choose months: these assets are partitioned by month", allow_retries=False)
            ordered = [key for key in shop.graph.nodes if key in keys]
            forced = FORCED_TAG in context.run.tags
            outcomes = carry_out(con, shop, ordered, asked, context.run.run_id, forced=forced)
        _say(context, outcomes)
        yield from report(context, names, shop.graph, outcomes, _known(shop, outcomes))

    return body


def _epoch(run: dg.DagsterRun) -> str | None:
    """The epoch of the refresh this is a part of; a child launched again by itself carries it in vain."""
    epoch, _, refresh = run.tags.get(EPOCH_TAG, "").partition(" of ")
    return epoch if epoch and run.tags.get(PARENT_RUN_ID_TAG) == refresh else None


def _same_definitions(context: dg.AssetExecutionContext, loaded: str) -> None:
    """A run computes by the definitions it was launched with, or not at all."""
    launched = context.run.tags.get(DEFINITIONS_TAG, loaded)
    if launched != loaded:
        raise dg.Failure(
            f"launched with definitions {launched}, but {loaded} are loaded: reload and launch again",
            allow_retries=False,
        )


def _months(context: dg.AssetExecutionContext, partitioned: bool) -> list[str] | None:
    """The months of the run; [''] where the assets have none; None where the run names none."""
    if not partitioned:
        return [WHOLE]
    return (
        list(context.partition_keys) if context.has_partition_key or context.has_partition_key_range else None
    )


def _checks_alone(
    context: dg.AssetExecutionContext, names: Names, shop: Workshop, con: Any, asked: list[str] | None
) -> Iterator[Any]:
    """A check by itself: stages and judges, publishes nothing. Without a month, the open one."""
    checked = {names.own(check.asset_key) for check in context.selected_asset_check_keys}
    keys = sorted(key for key in checked if key is not None)
    partitioned = shop.graph.nodes[keys[0]].partitioned
    months = asked if asked is not None else [shop.graph.months[-1] if partitioned else WHOLE]
    for pair, verdicts, reason in inspect(con, shop, keys, months):
        for event in evaluations(names, shop.graph.nodes[pair[0]], pair, verdicts, reason, "blocked"):
            if event.asset_check_key not in context.selected_asset_check_keys:
                continue
            if asked is None:
                yield _of_no_month(event, pair[1])
            else:
                context.log_event(event)


def _of_no_month(event: dg.AssetCheckEvaluation, month: str) -> dg.AssetCheckResult:
    """The result of a check that was run without a month: Dagster keeps it beside the months' own."""
    judged = {"judged": month or "the whole", "published": "nothing: a check alone publishes nothing"}
    return dg.AssetCheckResult(
        asset_key=event.asset_key,
        check_name=event.check_name,
        passed=event.passed,
        severity=event.severity,
        metadata={**event.metadata, **judged},
    )


def _say(context: dg.AssetExecutionContext, outcomes: list[Outcome]) -> None:
    counts: dict[str, int] = {}
    for outcome in outcomes:
        counts[outcome.state] = counts.get(outcome.state, 0) + 1
    context.log.info(", ".join(f"{n} {state}" for state, n in sorted(counts.items())) or "nothing to do")
    for outcome in outcomes:
        if outcome.state in ("withheld", "blocked", "unavailable"):
            context.log.warning(f"{outcome.pair[0]} {outcome.pair[1]} {outcome.state}: {outcome.reason}")


def _known(shop: Workshop, outcomes: list[Outcome]) -> dict[int, list[Verdict]]:
    """The verdicts of attempts that were not made in this step, to say them again."""
    ids = [o.attempt.id for o in outcomes if o.attempt is not None and o.attempt.id and not o.verdicts]
    return shop.ledger.verdicts(ids)
