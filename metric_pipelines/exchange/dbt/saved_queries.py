"""Saved queries of a semantic manifest in the keys of our YAML, or the reasons why they are not carried."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import TemplateError
from jinja2.sandbox import SandboxedEnvironment

from metric_pipelines.dictionary.definitions import GRAINS
from metric_pipelines.dictionary.dimensions import BY
from metric_pipelines.dictionary.filters import TIME as METRIC_TIME
from metric_pipelines.exchange.dbt.conditions import NotCarriedError, condition
from metric_pipelines.exchange.dbt.elements import GRANULARITIES
from metric_pipelines.exchange.dbt.flat_model import TIME, FlatModel
from metric_pipelines.exchange.dbt.metrics import Metrics, Plain
from metric_pipelines.exchange.dbt.notes import NOT_CARRIED, Note


def saved_queries(manifest: Mapping[str, Any], metrics: Metrics) -> tuple[dict[str, Plain], list[Note]]:
    """The queries by name (`metrics`, `by`, `grain`, `filter` ...), and what is not carried over."""
    found, notes = dict[str, Plain](), list[Note]()
    for query in manifest.get("saved_queries") or []:
        where = f"saved_queries.{query['name']}"
        try:
            found[query["name"]] = _carried(query["query_params"], metrics)
        except NotCarriedError as error:
            notes.append(Note(NOT_CARRIED, where, str(error)))
            continue
        if query.get("exports"):
            names = ", ".join(export["name"] for export in query["exports"])
            text = f"its exports ({names}) are not carried over: ask for its values"
            notes.append(Note("export", where, text))
    return found, notes


def _carried(params: Mapping[str, Any], metrics: Metrics) -> Plain:
    names = [name.lower() for name in params["metrics"]]
    if not names:
        raise NotCarriedError("it asks for no metric")
    for name in names:
        if name not in metrics.carried:
            raise NotCarriedError(f"its metric {name} is not carried over")
    models = {model.name: model for name in names for model in metrics.leaves(name)}
    by, grain = _grouping(params.get("group_by") or [], list(models.values()))
    found: Plain = {"metrics": names, "by": by, "grain": grain}
    filtered = condition(params.get("where"), list(models.values()))
    if filtered is not None:
        found["filter"] = re.sub(rf"\b{TIME}\b", METRIC_TIME, filtered)
    if params.get("order_by"):
        found["order_by"] = [_order(item, [METRIC_TIME, *by, *names]) for item in params["order_by"]]
    if params.get("limit") is not None:
        found["limit"] = params["limit"]
    return {key: value for key, value in found.items() if value}


def _grouping(written: Sequence[str], models: Sequence[FlatModel]) -> tuple[list[str], str | None]:
    """Dimensions of ours, and the grain of the metrics' time."""
    by, grains = list[str](), list[str | None]()
    for item in written:
        asked = _read(item)
        *path, last = asked.parts
        grain = asked.by or (last if path and last in GRANULARITIES else None)
        parts = path if grain == last and not asked.by else asked.parts
        if grain is not None and grain not in GRAINS:
            raise NotCarriedError(f"it asks for {item} by {grain}")
        columns = {model.column_of(parts) for model in models}
        if parts == [METRIC_TIME] or columns == {TIME}:
            grains.append(grain)
            continue
        name = "_".join(parts)
        if None in columns:
            raise NotCarriedError(f"it asks for {BY.join(parts)}, which is not carried over")
        by.append(f"{name}{BY}{grain}" if grain else name)
    if len(grains) != 1:
        raise NotCarriedError("it asks for no period" if not grains else "it asks for two periods")
    return by, grains[0]


class _Asked:
    """A name of MetricFlow in its parts, by a grain, or from the highest down."""

    def __init__(self, name: str, grain: str | None = None, path: Sequence[str] = ()) -> None:
        self.parts, self.by, self.down = [*path, *name.lower().split(BY)], grain and grain.lower(), False

    def grain(self, name: str) -> _Asked:
        """By a grain."""
        self.by = name.lower()
        return self

    def date_part(self, name: str) -> _Asked:
        """A part of a date is no dimension of ours."""
        raise NotCarriedError(f"it asks for the {name} of {BY.join(self.parts)}")

    def descending(self, down: bool) -> _Asked:
        """From the highest down."""
        self.down = down
        return self


def _dimension(name: str, entity_path: Sequence[str] = ()) -> _Asked:
    return _Asked(name, None, entity_path)


def _time(name: str, time_granularity_name: str | None = None, entity_path: Sequence[str] = ()) -> _Asked:
    return _Asked(name, time_granularity_name, entity_path)


def _metric(name: str, group_by: Sequence[str] = ()) -> _Asked:
    if group_by:
        raise NotCarriedError(f"it asks for the metric {name} by {', '.join(group_by)}")
    return _Asked(name)


def _read(item: str) -> _Asked:
    """`TimeDimension('metric_time', 'day')`, `Dimension('user__country').descending(True)` and the like."""
    try:
        asked = SandboxedEnvironment().compile_expression(item)(
            Dimension=_dimension, TimeDimension=_time, Entity=_dimension, Metric=_metric
        )
    except (TemplateError, TypeError) as error:
        raise NotCarriedError(f"it asks for {item}, which cannot be read: {error}") from error
    if not isinstance(asked, _Asked):
        raise NotCarriedError(f"it asks for {item}, which is no dimension")
    return asked


def _order(item: str, columns: Sequence[str]) -> str:
    asked = _read(item)
    parts = asked.parts[:-1] if asked.parts[-1] in GRANULARITIES and len(asked.parts) > 1 else asked.parts
    flat = "_".join(parts)
    column = next((c for c in columns if flat == c.partition(BY)[0]), None)
    if column is None:
        raise NotCarriedError(f"it is ordered by {item}, which it does not ask for")
    return f"-{column}" if asked.down else column
