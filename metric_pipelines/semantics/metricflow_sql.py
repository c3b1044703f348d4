"""All contact with MetricFlow: a semantic manifest (plain values) and a question in, one SQL query out.

Source: MetricFlow 0.213 (Apache-2.0), its `MetricFlowEngine.explain`, with all dataflow optimizations: by
default it scans twice where a ratio stands beside its inputs.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from metric_pipelines.errors import DefinitionError
from metric_pipelines.semantics.kept_queries import keep, kept

_ITSELF = sha256(Path(__file__).read_bytes()).hexdigest()
"""What is kept was compiled by this very module."""


def compile_sql(
    manifest: dict[str, Any],
    metrics: Sequence[str],
    group_by: Sequence[str],
    constraints: Sequence[str] = (),
) -> str:
    """The query for some metrics by `metric_time__<grain>` and `<entity>__<dimension>` names, in DuckDB's
    SQL; `constraints` are conditions on rows in MetricFlow's form (`{{ Entity('channel') }} = 'web'`).

    Columns: the group-by names as given, then the metrics.
    Raises: DefinitionError where MetricFlow refuses the question.
    """
    return _compiled(
        json.dumps(manifest, sort_keys=True), tuple(metrics), tuple(group_by), tuple(constraints)
    )


@lru_cache(maxsize=512)
def _compiled(
    manifest: str, metrics: tuple[str, ...], group_by: tuple[str, ...], constraints: tuple[str, ...]
) -> str:
    asked = json.dumps([_ITSELF, manifest, metrics, group_by, constraints])
    found = kept(asked)
    if found is None:
        found = _explained(manifest, metrics, group_by, constraints)
        keep(asked, found)
    return found


def _explained(
    manifest: str, metrics: tuple[str, ...], group_by: tuple[str, ...], constraints: tuple[str, ...]
) -> str:
    # late: 0.5 s, where a question is compiled
    from metricflow.dataflow.optimizer.dataflow_optimizer_factory import DataflowPlanOptimization
    from metricflow.engine.metricflow_engine import MetricFlowQueryRequest
    from metricflow_semantics.errors.error_classes import InformativeUserError, InvalidManifestException

    request = MetricFlowQueryRequest.create(
        metric_names=list(metrics),
        group_by_names=list(group_by),
        where_constraints=list(constraints) or None,
        dataflow_plan_optimizations=set(DataflowPlanOptimization),
    )
    try:
        return str(_engine(manifest).explain(request).sql_statement.without_descriptions.sql)
    except (InformativeUserError, InvalidManifestException, AssertionError, RuntimeError) as error:
        told = next((line for line in str(error).splitlines() if line.strip()), "")
        found = f"MetricFlow cannot compute {', '.join(metrics)} by {', '.join(group_by)}: {told}"
        raise DefinitionError("metrics", found, "dimensions and grains the metrics have") from error


@lru_cache(maxsize=64)
def _engine(manifest: str) -> Any:
    from metricflow.engine.metricflow_engine import MetricFlowEngine
    from metricflow.protocols.sql_client import SqlEngine
    from metricflow.sql.render.duckdb_renderer import DuckDbSqlPlanRenderer
    from metricflow_semantic_interfaces.implementations.semantic_manifest import PydanticSemanticManifest
    from metricflow_semantic_interfaces.transformations.semantic_manifest_transformer import (
        PydanticSemanticManifestTransformer,
    )
    from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup

    class RenderOnly:
        """The client that `explain` asks for its dialect; it has no connection."""

        sql_engine_type = SqlEngine.DUCKDB
        sql_plan_renderer = DuckDbSqlPlanRenderer()

    logging.getLogger("metricflow").setLevel(logging.ERROR)
    logging.getLogger("metricflow_semantics").setLevel(logging.ERROR)
    parsed = PydanticSemanticManifest.parse_obj(json.loads(manifest))
    lookup = SemanticManifestLookup(PydanticSemanticManifestTransformer.transform(parsed))
    return MetricFlowEngine(lookup, RenderOnly())
