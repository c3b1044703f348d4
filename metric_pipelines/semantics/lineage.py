"""Column lineage: from columns of source tables through models to metrics, by the SQL and the dictionary.

Behind a metric are the columns its definition names, in their roles, and the row columns of its models.
Stays out: the SQL itself (`query_lineage.py`), data, and the graph of assets (`dictionary/graph.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import Literal

from sqlglot import exp
from sqlglot.errors import SqlglotError

from metric_pipelines.dictionary import shapes
from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.definitions import ConversionMetric, Metric, Model, SimpleMetric
from metric_pipelines.dictionary.dimensions import dimension_of, of_model
from metric_pipelines.dictionary.filters import expression_tree
from metric_pipelines.dictionary.graph import calendar_of
from metric_pipelines.dictionary.source_definitions import SourceTable
from metric_pipelines.errors import DefinitionError, EnvironmentBrokenError, UsageError
from metric_pipelines.semantics.query_lineage import Columns, Relations, TableColumn, query_lineage, union
from metric_pipelines.warehouse.tables import MONTH

Role = Literal["value", "filter", "time", "dimension", "row"]


@dataclass(frozen=True)
class ColumnUse:
    """A column and what it is for: what is aggregated, a filter, the time, a dimension, or deciding rows."""

    column: TableColumn
    roles: frozenset[Role]


def columns_behind(center: Center, key: str) -> frozenset[ColumnUse]:
    """All source columns behind `metrics/<name>` or `models/<name>` of a valid center, with their roles.

    A model's are `value` where they are behind one of its columns, and `row`.
    Raises: UsageError: no such asset; DefinitionError with the SQL file whose column cannot be resolved.
    """
    kind, _, name = key.partition("/")
    assets: dict[str, Iterable[str]] = {"metrics": center.metrics, "models": center.models}
    if name not in assets.get(kind, ()):
        known = [*(f"metrics/{m}" for m in center.metrics), *(f"models/{m}" for m in center.models)]
        raise UsageError.unknown_name("", "metric or model", key, known)
    return _by_column(_found(center).behind(key))


def model_columns(center: Center, model: str) -> dict[str, Columns]:
    """For each column of a model's contract, in its order, the columns of the model's inputs behind it.

    Raises: UsageError, DefinitionError as `columns_behind`.
    """
    return dict(_direct(center, model).columns)


def model_rows(center: Center, model: str) -> Columns:
    """The columns of a model's inputs that decide which rows it has.

    Raises: UsageError, DefinitionError as `columns_behind`.
    """
    return _direct(center, model).rows


def metric_inputs(center: Center, metric: str) -> frozenset[ColumnUse]:
    """The columns of models that a metric reads, itself or through its input metrics, with their roles.

    `row` are here a conversion's entity and constant properties, the days of the time spine where it is
    joined, and dimensions of input metrics that are added up on the way.
    Raises: UsageError, DefinitionError as `columns_behind`.
    """
    if metric not in center.metrics:
        raise UsageError.unknown_name("", "metric", metric, center.metrics)
    return _by_column(_found(center).inputs(metric))


def metrics_reading(center: Center, source: str) -> list[str]:
    """Names of the metrics that read a source column (`erp.products.brand`) in any role, or a source table.

    Raises: UsageError: no such column or table; DefinitionError as `columns_behind`.
    """
    found = _found(center)
    tables = {name: columns for name, columns in found.relations.items() if not name.startswith("models.")}
    columns = {str(column) for known in tables.values() for column in known.values()}
    if source in tables:
        return sorted(metric for metric in center.metrics if source in found.tables(metric))
    if source not in columns:
        raise UsageError.unknown_name("", "source table or column", source, [*tables, *columns])
    return sorted(m for m in center.metrics if source in {str(c) for c, _ in found.behind(f"metrics/{m}")})


Use = tuple[TableColumn, Role]


@dataclass(frozen=True)
class _Lineage:
    """What is behind each column of a model, what decides its rows, and the tables it reads."""

    columns: dict[str, Columns]
    rows: Columns
    tables: frozenset[str]


LEAST_SQLGLOT = 30
"""Older ones resolve fewer queries: what they say of a column is not to be relied on."""
_KEPT: dict[int, _Found] = {}


@cache  # it reads the package's metadata, and each column asks
def sqlglot_reads_enough() -> bool:
    """Whether the installed sqlglot resolves queries as columns are followed here."""
    return int(version("sqlglot").partition(".")[0]) >= LEAST_SQLGLOT


def _found(center: Center) -> _Found:
    """What was found for this very center; it is kept, with the center, until a few others were asked for."""
    if not sqlglot_reads_enough():
        found, expected = version("sqlglot"), f"{LEAST_SQLGLOT} or newer, to follow columns"
        raise EnvironmentBrokenError("sqlglot", found, expected, "pip install --upgrade sqlglot dagster-dbt")
    if id(center) not in _KEPT:
        if len(_KEPT) == 8:
            _KEPT.clear()
        _KEPT[id(center)] = _Found(center)
    return _KEPT[id(center)]


def _direct(center: Center, model: str) -> _Lineage:
    if model not in center.models:
        raise UsageError.unknown_name("", "model", model, center.models)
    return _found(center).direct(model)


def _by_column(uses: Iterable[Use]) -> frozenset[ColumnUse]:
    roles: dict[TableColumn, set[Role]] = {}
    for column, role in uses:
        roles.setdefault(column, set()).add(role)
    return frozenset(ColumnUse(column, frozenset(found)) for column, found in roles.items())


def _uses(columns: Iterable[TableColumn], role: Role) -> frozenset[Use]:
    return frozenset((column, role) for column in columns)


class _Found:
    """The lineage of one center, each part found once."""

    def __init__(self, center: Center) -> None:
        self.center = center
        self.relations = _relations(center)
        self.direct, self.traced = cache(self._direct), cache(self._traced)
        self.inputs, self.behind = cache(self._inputs), cache(self._behind)

    def tables(self, metric: str) -> frozenset[str]:
        """The source tables that a metric is computed from."""
        return frozenset(t for c, _ in self.inputs(metric) for t in self.traced(_model(c.table)).tables)

    def _direct(self, model: str) -> _Lineage:
        file = str(self.center.sql_file(model))
        query = query_lineage(self.center.sql[model], self.relations, file)
        columns = {}
        for name in self.center.models[model].columns:
            behind = query.behind(name.lower())
            if behind is None:
                raise DefinitionError.unknown_name(file, "column", name, query.names)
            columns[name] = behind
        return _Lineage(columns, query.rows, query.tables)

    def _traced(self, model: str) -> _Lineage:
        """From the model's columns to source columns, through models of models."""
        direct = self.direct(model)
        inputs = {table: self.traced(_model(table)) for table in direct.tables if table.startswith("models.")}

        def back(columns: Columns) -> Columns:
            return union(
                inputs[c.table].columns[c.column] if c.table in inputs else frozenset({c}) for c in columns
            )

        rows = union([back(direct.rows), *(lineage.rows for lineage in inputs.values())])
        tables = (direct.tables - inputs.keys()).union(*(lineage.tables for lineage in inputs.values()))
        return _Lineage({name: back(columns) for name, columns in direct.columns.items()}, rows, tables)

    def _behind(self, key: str) -> frozenset[Use]:
        kind, _, name = key.partition("/")
        if kind == "models":
            lineage = self.traced(name)
            return _uses(union(lineage.columns.values()), "value") | _uses(lineage.rows, "row")
        found: set[Use] = set()
        for column, role in self.inputs(name):
            lineage = self.traced(_model(column.table))
            found |= _uses(lineage.columns[column.column], role) | _uses(lineage.rows, "row")
        return frozenset(found)

    def _inputs(self, name: str) -> frozenset[Use]:
        metric = self.center.metrics[name]
        own = self._dimensions(metric)
        if isinstance(metric, SimpleMetric):
            return own | self._simple(metric)
        below = frozenset(use for part in shapes.input_names(metric) for use in self.inputs(part))
        added_up = frozenset(use for use in below if use[1] == "dimension") - own
        rows = _uses((c for c, _ in added_up), "row")
        return own | (below - added_up) | rows | self._matching(metric) | self._filters(metric)

    def _filters(self, metric: Metric) -> frozenset[Use]:
        """What a filter of the metric, or of one of its inputs, is a condition on."""
        where, found = self.center.where(f"metrics/{metric.name}"), frozenset[Use]()
        filters = [(metric.filter, metric)]
        filters += [(part.filter, self.center.metrics[part.name]) for part in shapes.inputs_of(metric)]
        for text, over in filters:
            for model in shapes.filtered_models(self.center, over) if text else ():
                found |= _uses(self._named(model, text or "", where), "filter")
        return found

    def _simple(self, metric: SimpleMetric) -> frozenset[Use]:
        time = metric.time or self.center.models[metric.model].time
        found: set[Use] = set()
        parts: list[tuple[str | None, Role]]
        parts = [(metric.expr, "value"), (metric.filter, "filter"), (time, "time")]
        for text, role in parts:
            where = self.center.where(f"metrics/{metric.name}", "expr" if role == "value" else role)
            found |= _uses(self._named(metric.model, text, where), role) if text else set()
        return frozenset(found)

    def _dimensions(self, metric: Metric) -> frozenset[Use]:
        models = shapes.models_of(self.center, metric)
        found = [self._dimension(model, name) for model in models for name in metric.dimensions]
        return _uses(union(found), "dimension")

    def _dimension(self, model: str, name: str) -> Columns:
        """Its columns; of one that is reached by a join, the other model's, and the keys of both."""
        reached = dimension_of(self.center, model, name)
        where = self.center.where(f"models/{model}", "dimensions", name)
        if reached is None:
            raise DefinitionError.unknown_name(where, "dimension", name, of_model(self.center, model))
        columns, join = self._named(reached.model, reached.expr, where), reached.join
        if join is None:
            return columns
        return union(
            [columns, self._named(model, join.near, where), self._named(join.model, join.key, where)]
        )

    def _matching(self, metric: Metric) -> frozenset[Use]:
        """What decides rows beside the input metrics: the spine's days, how conversions find their base."""
        found: list[Columns] = []
        if shapes.needs_calendar(metric):
            spine = calendar_of(self.center)
            found.append(self._named(spine, "date_day", self.center.where(f"models/{spine}")))
        if isinstance(metric, ConversionMetric):
            for model in shapes.models_of(self.center, metric):
                names = [metric.entity, *metric.constant_properties]
                found += [self._property(model, name) for name in names]
        return _uses(union(found), "row")

    def _property(self, model: str, name: str) -> Columns:
        entities = [e.expr for e in self.center.models[model].entities if e.name == name]
        where = self.center.where(f"models/{model}", "entities")
        return self._named(model, entities[0], where) if entities else self._dimension(model, name)

    def _named(self, model: str, expression: str, where: str) -> Columns:
        """The columns of a model that an expression of the dictionary names."""
        known = self.relations[f"models.{model}"]
        try:
            names = [c.name for c in expression_tree(expression).find_all(exp.Column)]
        except SqlglotError as error:
            raise DefinitionError(where, f"not an SQL expression: {expression!r}") from error
        for name in names:
            if name.lower() not in known:
                raise DefinitionError.unknown_name(where, "column", name, known)
        return frozenset(known[name.lower()] for name in names)


def _model(table: str) -> str:
    return table.removeprefix("models.")


def _relations(center: Center) -> Relations:
    """All that models read; the month of a stored row comes from the column its table is partitioned by."""
    tables: dict[str, SourceTable | Model] = {f"models.{m.name}": m for m in center.models.values()}
    tables |= {f"{s.name}.{name}": table for s in center.sources.values() for name, table in s.tables.items()}
    found = {}
    for name, table in tables.items():
        columns = {column.lower(): TableColumn(name, column) for column in table.columns}
        found[name] = columns | ({MONTH: columns[table.partition_by.lower()]} if table.partition_by else {})
    return found
