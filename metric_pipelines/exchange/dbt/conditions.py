"""MetricFlow's filters (`{{ Dimension('listing__country') }} = 'US'`) as conditions over a flat model's
columns.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from metric_pipelines.exchange.dbt.elements import GRANULARITIES
from metric_pipelines.exchange.dbt.flat_model import TIME, FlatModel

Column = Callable[[Sequence[str]], str | None]


class NotCarriedError(Exception):
    """What a metric holds that our dictionary has no words for; never leaves this room."""


@dataclass(frozen=True)
class Condition:
    """A condition in SQL, and whether it asks for the metric's own time, or for what changes with it."""

    sql: str
    of_time: bool


def condition(
    filter_: Mapping[str, Any] | None, models: Sequence[FlatModel], grain: str | None = None
) -> Condition | None:
    """A filter over the columns that all these models have; None for no filter. `grain` is what the metric's
    time is shown by where nothing else is said (`time_granularity`): it holds in a filter, too.

    Raises: NotCarriedError.
    """
    templates = [f["where_sql_template"] for f in (filter_ or {}).get("where_filters", [])]
    if not templates:
        return None
    rendered = {tuple(_rendered(t, model, grain) for t in templates) for model in models}
    if len(rendered) != 1:
        raise NotCarriedError(f"its filter {'; '.join(templates)} means other columns in each model")
    parts = rendered.pop()
    sql = " and ".join(f"({p.strip()})" for p in parts) if len(parts) > 1 else parts[0].strip()
    of_day = {TIME}.union(*(model.changing for model in models))
    return Condition(sql, any(re.search(rf"\b{re.escape(column)}\b", sql) for column in of_day))


def _rendered(template: str, model: FlatModel, grain: str | None) -> str:
    environment = SandboxedEnvironment(undefined=StrictUndefined)
    names = _Names(model, grain)
    try:
        return environment.from_string(template).render(
            Dimension=names.dimension,
            TimeDimension=names.time,
            Entity=names.entity,
            Metric=names.metric,
        )
    except TemplateError as error:
        raise NotCarriedError(f"its filter cannot be read: {error}") from error


class _Names:
    """What a filter may call."""

    def __init__(self, model: FlatModel, grain: str | None) -> None:
        self._model, self._grain = model, grain

    def dimension(self, name: str, entity_path: Sequence[str] = ()) -> _Reference:
        return self._reference(name, entity_path)

    def entity(self, name: str, entity_path: Sequence[str] = ()) -> _Reference:
        return self._reference(name, entity_path)

    def time(
        self, name: str, time_granularity_name: str | None = None, entity_path: Sequence[str] = ()
    ) -> _Reference:
        if time_granularity_name is None:
            return self._reference(name, entity_path)
        return self._reference(f"{name}__{time_granularity_name}", entity_path)

    def metric(self, name: str, group_by: Sequence[str] = ()) -> str:
        raise NotCarriedError(f"its filter asks for the metric {name} by {', '.join(group_by)}")

    def _reference(self, name: str, entity_path: Sequence[str]) -> _Reference:
        parts = [*entity_path, *name.lower().split("__")]
        column = self._model.column_of(parts)
        if column is None and parts[-1] in GRANULARITIES:
            column = self._model.column_of(parts[:-1])
            if column is not None:
                return _Reference(column).grain(parts[-1])
        if column is None:
            raise NotCarriedError(f"its filter asks for {'__'.join(parts)}, which is not carried over")
        reference = _Reference(column)
        return reference.grain(self._grain) if self._grain and parts == ["metric_time"] else reference


class _Reference:
    """A column in a filter."""

    def __init__(self, sql: str) -> None:
        self._sql = sql

    def grain(self, name: str) -> _Reference:
        """The start of the period."""
        if name.lower() not in GRANULARITIES:
            raise NotCarriedError(f"its filter asks for the grain {name}")
        return _Reference(f"date_trunc('{name.lower()}', {self._sql})")

    def date_part(self, name: str) -> _Reference:
        """A part of the date, as a number."""
        return _Reference(f"extract({name} from {self._sql})")

    def descending(self, _is_descending: bool) -> _Reference:
        """The order means nothing in a filter."""
        return self

    def __str__(self) -> str:
        return self._sql
