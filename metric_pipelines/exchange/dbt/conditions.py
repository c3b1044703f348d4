"""MetricFlow's filters (`{{ Dimension('listing__country') }} = 'US'`) as conditions over a flat model's
columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from metric_pipelines.exchange.dbt.elements import DAY, GRANULARITIES
from metric_pipelines.exchange.dbt.flat_model import TIME, FlatModel

DATE_PARTS = {
    "year": "year", "quarter": "quarter", "month": "month", "day": "day", "dow": "isodow", "doy": "doy",
}  # fmt: skip
"""Parts of a date as MetricFlow's renderer for DuckDB extracts them: Monday is 1."""


class NotCarriedError(Exception):
    """What a metric holds that our dictionary has no words for; never leaves this room."""


def condition(
    filter_: Mapping[str, Any] | None, models: Sequence[FlatModel], grain: str | None = None
) -> str | None:
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
    return " and ".join(f"({p.strip()})" for p in parts) if len(parts) > 1 else parts[0].strip()


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
        grain = self._grain if parts == ["metric_time"] else None
        if column is None and parts[-1] in GRANULARITIES:
            column, grain = self._model.column_of(parts[:-1]), parts[-1]
        if column is None:
            raise NotCarriedError(f"its filter asks for {'__'.join(parts)}, which is not carried over")
        reference = _Reference(column, self._model.granularity if column == TIME else None)
        return reference if grain is None else reference.grain(grain)


class _Reference:
    """A column in a filter. The metric's own time has a granularity: it is a day here where that is finer."""

    def __init__(self, sql: str, granularity: str | None = None) -> None:
        self._sql, self._granularity = sql, granularity

    def grain(self, name: str) -> _Reference:
        """The start of the period."""
        grain = name.lower()
        if grain not in GRANULARITIES:
            raise NotCarriedError(f"its filter asks for the grain {name}")
        if self._granularity is not None and _is_fine(grain):
            raise NotCarriedError(f"its filter asks for its time by {grain}: times are days here")
        return _Reference(f"date_trunc('{grain}', {self._sql})")

    def date_part(self, name: str) -> _Reference:
        """A part of the date, as a number."""
        part = DATE_PARTS.get(name.lower())
        if part is None:
            raise NotCarriedError(f"its filter asks for the {name} of a date")
        return _Reference(f"extract({part} from {self._sql})")

    def descending(self, _is_descending: bool) -> _Reference:
        """The order means nothing in a filter."""
        return self

    def __str__(self) -> str:
        if self._granularity is not None and _is_fine(self._granularity):
            raise NotCarriedError(f"its filter asks for its time by {self._granularity}: times are days here")
        return self._sql


def _is_fine(granularity: str) -> bool:
    return granularity in GRANULARITIES[:DAY]
