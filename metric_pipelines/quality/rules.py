"""What is to be judged of an asset, made from the dictionary: one form for sources, models and metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from metric_pipelines.dictionary.definitions import Metric, Model
from metric_pipelines.dictionary.source_definitions import SourceTable
from metric_pipelines.dictionary.yaml_types import Column, Expectation
from metric_pipelines.warehouse.groups import TIME
from metric_pipelines.warehouse.staged import Staged

CONTRACT, EXPECTATIONS = "contract", "expectations"
CHECKS = (CONTRACT, EXPECTATIONS)
"""The checks of every asset."""


@dataclass(frozen=True)
class Rules:
    """Contract and expectations of a staged table; `rename` gives an expectation's column its name in the
    table.

    `some` names columns one of which must be filled for a row to belong to the asset (empty: all rows do).
    `month_by` is the column that tells a row's month, where one does.
    """

    columns: Mapping[str, Column]
    unique: list[list[str]] = field(default_factory=list)
    min_rows: int = 0
    max_rows: int | None = None
    expectations: list[Expectation] = field(default_factory=list)
    rename: dict[str, str] = field(default_factory=dict)
    some: list[str] = field(default_factory=list)
    month_by: str | None = None


def rules_of_table(table: SourceTable | Model) -> Rules:
    """The rules of a source table or model: as its YAML says."""
    checks = table.checks
    return Rules(
        table.columns,
        checks.unique,
        checks.min_rows,
        checks.max_rows,
        checks.expectations,
        month_by=table.partition_by,
    )


def rules_of_metric(metric: Metric, staged: Staged) -> Rules:
    """The rules of a metric: keys unique and filled, values in bounds, what its YAML says of `value`."""
    assert staged.columns is not None
    keys = {TIME: Column(type="date"), **{d: Column(type="any") for d in staged.dimensions}}
    checks, columns = metric.checks, staged.columns.all
    values = {columns["value"]: Column(type="any", nullable=True, min=checks.min, max=checks.max)}
    return Rules(
        columns=keys | values,
        unique=[[TIME, *staged.dimensions]],
        min_rows=checks.min_rows,
        expectations=checks.expectations,
        rename={part: column for part, column in columns.items()},
        some=list(columns.values()),
    )
