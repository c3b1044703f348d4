"""Models of the YAML: a center, its models and its metrics; one class a kind of file.

Belongs here: keys, types, defaults, and rules that one file can be judged by alone. Stays out: sources
(`source_definitions.py`), rules between files (`validation.py`) and reading (`center_files.py`).
`computation()` of each is what its values depend on: a changed label moves no number, a changed filter does.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from metric_pipelines.dictionary.yaml_types import (
    Column,
    Cron,
    Day,
    DimensionName,
    Expectation,
    Month,
    Name,
    Owners,
    Strict,
    TableRules,
    Text,
    each_once,
)

Grain = Literal["day", "week", "month", "quarter", "year"]
Direction = Literal["up", "down", "none"]
Aggregation = Literal["sum", "count", "count_distinct", "average", "min", "max", "median", "percentile"]

GRAINS: tuple[Grain, ...] = ("day", "week", "month", "quarter", "year")

Rollup = Annotated[list[DimensionName], Field(min_length=1), AfterValidator(each_once)]
"""A grain and dimensions, as they are written: `[month, department]`."""


class Entity(Strict):
    """What a row, or a column of it, identifies; models join on entities of one name."""

    name: Name
    type: Literal["primary", "foreign", "unique"] = "foreign"
    expr: str


class Dimension(Strict):
    """Something to group or filter by: a column of the model, or an expression over its columns.

    `values` are its members (as texts) with their labels; with `ordinal`, in the order that they have.
    """

    type: Literal["categorical", "time"] = "categorical"
    expr: str | None = None
    label: Text | None = None
    changing: bool = False
    values: dict[str, Text] = Field(default_factory=dict)
    ordinal: bool = False


class Model(Strict):
    """A model: one SQL file beside it, its contract, and its semantics (entities, dimensions, time).

    `materialized: view` keeps its query instead of its rows.
    """

    name: Name
    label: Text
    description: Text
    owners: Owners
    materialized: Literal["table", "view"] = "table"
    partition_by: str | None = None
    look_back: Annotated[int, Field(ge=0)] | Literal["all"] = 0
    look_ahead: Annotated[int, Field(ge=0)] = 0
    time: str | None = None
    time_granularity: Literal["day", "month"] = "day"
    time_spine: bool = False
    entities: list[Entity] = Field(default_factory=list)
    dimensions: dict[Name, Dimension] = Field(default_factory=dict)
    columns: dict[str, Column]
    checks: TableRules = TableRules()

    @model_validator(mode="after")
    def _a_view_has_no_months(self) -> Model:
        if self.materialized == "view" and self.partition_by is not None:
            raise ValueError(
                "a view with partition_by; expected materialized: table, since a view has no months"
            )
        return self

    @property
    def primary_entity(self) -> str:
        """The name of the primary entity, by which MetricFlow names the dimensions."""
        return next((e.name for e in self.entities if e.type == "primary"), f"{self.name}_row")

    def computation(self) -> dict[str, Any]:
        """What the model's rows, and aggregates of them, depend on, beside the SQL."""
        monthly: dict[str, str] = (
            {} if self.time_granularity == "day" else {"time_granularity": self.time_granularity}
        )
        monthly |= {} if self.materialized == "table" else {"materialized": self.materialized}
        return self.model_dump(include={"partition_by", "look_back", "look_ahead", "time", "entities"}) | {
            "dimensions": {name: d.expr or name for name, d in self.dimensions.items()},
            "columns": {name: column.type for name, column in self.columns.items()},
            **monthly,
        }


class MetricChecks(Strict):
    """Rules on a metric's published values: bounds of `value`, rows a month, Great Expectations rules on
    `value`, and whether they are computed a second time.
    """

    min: float | None = None
    max: float | None = None
    min_rows: int = 1
    expectations: list[Expectation] = Field(default_factory=list)
    reconcile: bool = False

    @model_validator(mode="after")
    def _in_order(self) -> MetricChecks:
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min} above max {self.max}; expected them the other way round")
        return self


class Freshness(Strict):
    """By when a metric should be there: a cron deadline in the center's zone, and how old its newest day may
    be.
    """

    deadline: Cron = "0 7 * * *"
    within_days: Annotated[int, Field(ge=0)] = 1


class MetricInput(Strict):
    """One input of a metric: which, filtered by a condition over the columns of its models."""

    name: Name
    filter: str | None = None

    @property
    def text(self) -> str:
        """The input in words of a formula."""
        return f"{self.name} [{self.filter}]" if self.filter else self.name

    @model_validator(mode="before")
    @classmethod
    def _plain(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value


class DerivedInput(MetricInput):
    """One input of a derived metric: under what name, how far shifted."""

    alias: Name | None = None
    offset_window: str | None = None
    offset_to_grain: Grain | None = None


class NonAdditiveDimension(Strict):
    """A time over which values do not add up, such as balances: of each period, and of each of `group_by`
    (entities), only the rows of its first (`min`) or last (`max`) day count.
    """

    name: Name
    window_agg: Literal["min", "max"] = "min"
    group_by: list[Name] = Field(default_factory=list)


class Intended(Strict):
    """A mark of a steward: this metric and another quarrel (one word for two computations, or two names for
    one), and that is meant so. It stands in either metric of the pair.
    """

    with_: Annotated[Name, Field(alias="with")]
    reason: Text

    @field_validator("reason")
    @classmethod
    def _said(cls, value: Text) -> Text:
        return _with_words(value)


def _with_words(value: Text) -> Text:
    """A reason in words: `x`, `TODO` or `intended` say nothing that the mark does not say."""
    if not (_is_said(value.en) or _is_said(value.zh)):
        raise ValueError("expected a reason in words")
    return value


def _is_said(text: str) -> bool:
    letters = sum(map(str.isalpha, text))
    return letters > 3 if not text.isascii() else letters > 8 and len(text.split()) > 1


class MetricCard(Strict):
    """What every metric says of itself, whatever its type: the card (指标卡).

    `filter` is a condition over the columns of all models the metric is computed from.
    """

    name: Name
    code: str
    label: Text
    description: Text
    purpose: Text
    counted: Text
    not_counted: Text
    caveats: Text | None = None
    scenario: Text
    synonyms: list[str] = Field(default_factory=list)
    intended: list[Intended] = Field(default_factory=list)
    department: Name
    owners: Owners
    tier: Annotated[int, Field(ge=1, le=3)] = 2
    unit: str
    direction: Direction
    target: float | None = None
    refresh_frequency: Literal["daily", "weekly", "monthly"] = "daily"
    reviewed_on: Day
    review_every: Literal["quarter", "half_year", "year"] = "year"
    grain: Literal["day", "month"] = "day"
    coarsest_grain: Grain | None = None
    dimensions: Annotated[list[DimensionName], AfterValidator(each_once)] = Field(default_factory=list)
    rollups: list[Rollup] = Field(default_factory=list)
    filter: str | None = None
    checks: MetricChecks = MetricChecks()
    freshness: Freshness = Freshness()

    @model_validator(mode="after")
    def _coarsest_holds_grain(self) -> MetricCard:
        if self.coarsest_grain and GRAINS.index(self.coarsest_grain) < GRAINS.index(self.grain):
            raise ValueError(
                f"coarsest_grain {self.coarsest_grain}; expected {self.grain}, its grain, or longer"
            )
        return self

    def computation(self) -> dict[str, Any]:
        """What the metric's values depend on, beside its inputs; what is left at its default says nothing."""
        cards = set(MetricCard.model_fields) - {"grain", "dimensions", "filter"}
        return self.model_dump(exclude=cards, exclude_defaults=True, mode="json")


class SimpleMetric(MetricCard):
    """An aggregate over a model's rows.

    `additive` names the dimensions (and `time`) over which values of this metric may be added up; absent: all
    for sum and count, none for the other aggregations.
    `fill_nulls_with` is the value where there is none; with `join_to_timespine`, on each day of the calendar.
    """

    type: Literal["simple"]
    model: Name
    agg: Aggregation
    expr: str = "1"
    percentile: Annotated[float, Field(gt=0, lt=1)] | None = None
    percentile_type: Literal["continuous", "discrete"] = "continuous"
    time: str | None = None
    additive: list[DimensionName] | None = None
    non_additive_dimension: NonAdditiveDimension | None = None
    fill_nulls_with: int | None = None
    join_to_timespine: bool = False


class RatioMetric(MetricCard):
    """Numerator over denominator, both metrics; no value where either is missing or the denominator is zero:
    a group without any numerator has no share, not one of 0 %.
    """

    type: Literal["ratio"]
    numerator: MetricInput
    denominator: MetricInput


class DerivedMetric(MetricCard):
    """An expression over metrics, each possibly shifted in time (`offset_window: 1 month`)."""

    type: Literal["derived"]
    expr: str
    metrics: list[DerivedInput]


class CumulativeMetric(MetricCard):
    """A metric added up over a rolling `window` (`28 days`), since the start of a grain (`grain_to_date:
    month`), or since the first month.

    Of a coarser period, `period_agg` tells which of its days is read; absent: its last day with values.
    """

    type: Literal["cumulative"]
    metric: MetricInput
    window: str | None = None
    grain_to_date: Grain | None = None
    period_agg: Literal["first", "last", "average"] | None = None

    @model_validator(mode="after")
    def _one_span(self) -> CumulativeMetric:
        if self.window is not None and self.grain_to_date is not None:
            raise ValueError("window and grain_to_date; expected one of them, or neither for all time")
        return self


class ConversionMetric(MetricCard):
    """The share (or number) of base events that a conversion of the same entity follows within `window`.

    Base events that nothing followed count as `fill_nulls_with` conversions.
    """

    type: Literal["conversion"]
    entity: Name
    base_metric: MetricInput
    conversion_metric: MetricInput
    window: str | None = None
    calculation: Literal["conversion_rate", "conversions"] = "conversion_rate"
    constant_properties: list[Name] = Field(default_factory=list)
    fill_nulls_with: int | None = 0


Metric = SimpleMetric | RatioMetric | DerivedMetric | CumulativeMetric | ConversionMetric


class Clock(Strict):
    """What day it is for the center: the machine's (`real`), a fixed date, or the newest day its sources
    hold.
    """

    today: Literal["real", "newest_source_day"] | Day = "real"


class PartitionRange(Strict):
    """The months the center covers; without `end`, up to the clock's month."""

    start: Month
    end: Month | None = None


class Department(Strict):
    """A department that owns metrics."""

    label: Text


class Retired(Strict):
    """A name that no metric may have again, in whatever place: numbers that were called so are still about.
    The metric that replaces it may keep it as a synonym.
    """

    name: Annotated[str, Field(min_length=1)]
    on: Day
    reason: Text
    replaced_by: Name | None = None

    @field_validator("reason")
    @classmethod
    def _said(cls, value: Text) -> Text:
        return _with_words(value)


class CenterFile(Strict):
    """`center.yaml`: what holds for the whole center. `refresh_at` is a cron line in its time zone."""

    name: Name
    label: Text
    description: Text
    language: Literal["en", "zh"] = "en"
    time_zone: str
    week_start: Literal["monday"] = "monday"
    partitions: PartitionRange
    clock: Clock = Clock()
    refresh_at: Cron = "0 2 * * *"
    departments: dict[Name, Department]
    retired: list[Retired] = Field(default_factory=list)
