"""Months as Dagster partitions (the key is the month, `2017-06`), and look-backs as partition mappings."""

from __future__ import annotations

import dagster as dg

from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.graph import Edge, Node
from metric_pipelines.dictionary.months import shift
from metric_pipelines.orchestration.names import Names

FORMAT = "%Y-%m"
LONGEST = 1_200


def monthly(center: Center) -> dg.MonthlyPartitionsDefinition:
    """The center's months; without an end in `center.yaml`, the open month is the last."""
    settings = center.settings
    start, end, zone = settings.partitions.start, settings.partitions.end, settings.time_zone
    if end is None:
        return dg.MonthlyPartitionsDefinition(start_date=start, timezone=zone, end_offset=1, fmt=FORMAT)
    return dg.MonthlyPartitionsDefinition(start_date=start, end_date=shift(end, 1), timezone=zone, fmt=FORMAT)


def dependency(edge: Edge, node: Node, inputs: dict[str, Node], names: Names) -> dg.AssetDep:
    """An input with the months it is read for."""
    key, partitioned = names.asset(edge.key), inputs[edge.key].partitioned
    if node.partitioned and partitioned and (edge.back or edge.ahead):
        mapping = dg.TimeWindowPartitionMapping(
            start_offset=-min(edge.back, LONGEST),
            end_offset=min(edge.ahead, LONGEST),
            allow_nonexistent_upstream_partitions=True,
        )
        return dg.AssetDep(key, partition_mapping=mapping)
    if partitioned and not node.partitioned:
        return dg.AssetDep(key, partition_mapping=dg.AllPartitionMapping())
    return dg.AssetDep(key)


def theirs(center: Center, node: Node) -> list[dg.AssetDep]:
    """The asset of somebody else that a source table is the copy of.

    A table that is read as a whole reads all of its partitions. A monthly one leaves the mapping to Dagster,
    which knows both definitions once all is loaded: time windows by time (the days of a month), what has no
    partitions as a whole.
    """
    spec = center.source_table(node.key)
    if spec is None or spec.asset is None:
        return []
    return [
        dg.AssetDep(
            dg.AssetKey(spec.asset), partition_mapping=None if node.partitioned else dg.AllPartitionMapping()
        )
    ]
