"""Asset specs: what Dagster shows of a source table, model or metric. Texts; nothing is computed."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg

from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.definitions import Metric
from metric_pipelines.dictionary.formulas import formula
from metric_pipelines.dictionary.graph import Graph, Node
from metric_pipelines.dictionary.shapes import input_names
from metric_pipelines.dictionary.source_definitions import PLACEHOLDER
from metric_pipelines.dictionary.yaml_types import Column, Owners, Text
from metric_pipelines.errors import DefinitionError, EnvironmentBrokenError
from metric_pipelines.orchestration.names import Names
from metric_pipelines.orchestration.partitions import dependency, theirs
from metric_pipelines.quality.rules import checks_of
from metric_pipelines.semantics.lineage import metric_inputs, model_columns
from metric_pipelines.semantics.query_lineage import TableColumn
from metric_pipelines.site.writing import card_of


def asset_spec(
    center: Center, graph: Graph, node: Node, months: dg.PartitionsDefinition[Any], home: Path, names: Names
) -> dg.AssetSpec:
    """The spec of an asset: lineage, group, owners, kinds, tags, description, versions, a metric's card."""
    described = _described(center, node, names)
    if node.kind == "metric":
        described["metadata"]["card"] = dg.MetadataValue.path(str(card_of(home, node.name)))
    return dg.AssetSpec(
        key=names.asset(node.key),
        deps=[*(dependency(edge, node, graph.nodes, names) for edge in node.inputs), *theirs(center, node)],
        skippable=True,
        code_version=node.version,
        partitions_def=months if node.partitioned else None,
        **described,
    )


def check_specs(node: Node, months: dg.PartitionsDefinition[Any], names: Names) -> list[dg.AssetCheckSpec]:
    """The checks of an asset. Not blocking for Dagster: what fails is not published, which blocks."""
    words = {
        "contract": "Pandera: types, nullability, bounds, unique keys. Fails: the month is withheld.",
        "expectations": "Great Expectations: volume, content. Fails: the month is withheld.",
        "reconcile": "DuckDB: equal to a query of the models for it alone. Fails: the month is withheld.",
    }
    return [
        dg.AssetCheckSpec(
            name=check,
            asset=names.asset(node.key),
            description=words[check],
            blocking=False,
            partitions_def=months if node.partitioned else None,
        )
        for check in checks_of(node)
    ]


def _described(center: Center, node: Node, names: Names) -> dict[str, Any]:
    match node.kind:
        case "source":
            return _source(center, node)
        case "model":
            return _model(center, node, names)
        case _:
            return _metric(center, center.metrics[node.name], names)


def _owners(owners: Owners) -> list[str]:
    return list(dict.fromkeys([owners.business, owners.technical]))


def _both(text: Text) -> str:
    return text.en if text.en == text.zh or not text.zh else f"{text.en} · {text.zh}" if text.en else text.zh


def _paragraphs(text: Text) -> str:
    return "\n\n".join(part for part in (text.en, text.zh) if part)


def _source(center: Center, node: Node) -> dict[str, Any]:
    source = center.sources[node.key.split("/")[0]]
    table = source.tables[node.name]
    return {
        "group_name": source.name,
        "owners": _owners(source.owners),
        "kinds": {"source", _engine(source.connection), "duckdb"},
        "description": f"**{_both(table.label)}**\n\n{_paragraphs(table.description)}",
        "metadata": {"source system": _both(source.label), "dagster/column_schema": _schema(table.columns)},
        "tags": {"layer": "source"},
    }


def _engine(connection: str) -> str:
    """What kind of system it is: the scheme of its connection, as the environment has it now."""
    text = PLACEHOLDER.sub(lambda m: os.environ.get(m["name"]) or m["default"] or "", connection)
    return re.split(r"[:+]", text)[0] or "source"


def _model(center: Center, node: Node, names: Names) -> dict[str, Any]:
    model = center.models[node.name]
    sql = center.sql[node.name].strip()
    return {
        "group_name": "models",
        "owners": _owners(model.owners),
        "kinds": {"model", "sql", "duckdb"},
        "description": f"**{_both(model.label)}**\n\n{_paragraphs(model.description)}\n\n```sql\n{sql}\n```",
        "metadata": {
            "dagster/column_schema": _schema(model.columns),
            **_column_lineage(names, lambda: model_columns(center, model.name)),
        },
        "tags": {"layer": "model"},
    }


def _metric(center: Center, metric: Metric, names: Names) -> dict[str, Any]:
    card = [
        f"**{_both(metric.label)}** ({metric.code})",
        f"`{formula(center, metric)}`",
        _paragraphs(metric.description),
        f"**Counted** {metric.counted.en}\n\n**计入** {metric.counted.zh}",
        f"**Not counted** {metric.not_counted.en}\n\n**不计入** {metric.not_counted.zh}",
    ]
    if metric.caveats is not None:
        card.append(f"**Mind** {_paragraphs(metric.caveats)}")
    return {
        "freshness_policy": _freshness(center, metric),
        "group_name": metric.department,
        "owners": _owners(metric.owners),
        "kinds": {"metric", metric.type, "duckdb"},
        "description": "\n\n".join(card),
        "metadata": {
            "unit": metric.unit,
            "good direction": metric.direction,
            "grain": metric.grain,
            "dimensions": ", ".join(metric.dimensions) or "total only",
            **_column_lineage(names, lambda: _behind(center, metric)),
            "definition": str(center.files[f"metrics/{metric.name}"].path.relative_to(center.folder)),
        },
        "tags": {
            "layer": "metric",
            "tier": str(metric.tier),
            "department": metric.department,
            "type": metric.type,
        },
    }


def _freshness(center: Center, metric: Metric) -> dg.FreshnessPolicy | None:
    """Dagster compares with the machine's time: a policy says something only where the clock is real."""
    if center.settings.clock.today != "real":
        return None
    return dg.FreshnessPolicy.cron(
        deadline_cron=metric.freshness.deadline,
        lower_bound_delta=timedelta(days=metric.freshness.within_days),
        timezone=center.settings.time_zone,
    )


def _behind(center: Center, metric: Metric) -> dict[str, list[TableColumn]]:
    """What a metric's value comes from: the values of its input metrics, or columns of its model."""
    inputs = input_names(metric)
    if inputs:
        return {"value": [TableColumn(f"metrics.{name}", "value") for name in inputs]}
    used = metric_inputs(center, metric.name)
    return {"value": [use.column for use in used if use.roles & {"value", "filter"}]}


def _column_lineage(names: Names, find: Callable[[], Mapping[str, Iterable[TableColumn]]]) -> dict[str, Any]:
    """None for SQL that cannot be read (what it says is withheld, with its place, when it is computed), and
    none where the installed sqlglot is too old to follow columns.
    """
    try:
        return {"dagster/column_lineage": _lineage(names, find())}
    except (DefinitionError, EnvironmentBrokenError):
        return {}


def _lineage(names: Names, columns: Mapping[str, Iterable[TableColumn]]) -> dg.TableColumnLineage:
    def dependency_on(column: TableColumn) -> dg.TableColumnDep:
        return dg.TableColumnDep(names.asset(column.table.replace(".", "/", 1)), column.column)

    return dg.TableColumnLineage(
        {name: [dependency_on(c) for c in sorted(behind, key=str)] for name, behind in columns.items()}
    )


def _schema(columns: Mapping[str, Column]) -> dg.TableSchema:
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name,
                column.type,
                description=column.description.of("en") if column.description else None,
                constraints=dg.TableColumnConstraints(nullable=column.nullable),
            )
            for name, column in columns.items()
        ]
    )
