"""Models of the YAML: a center, its source systems, its models and its metrics; one class a kind of file.

Belongs here: keys, types, defaults, and rules that one file can be judged by alone. Stays out: rules between
files (`validation.py`) and reading (`center_files.py`). `computation()` of each is what its values depend on:
a changed label moves no number, a changed filter does.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any, Literal

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from metric_pipelines.dictionary.months import is_month

Grain = Literal["day", "week", "month", "quarter", "year"]
Severity = Literal["error", "warn"]
Direction = Literal["up", "down", "none"]
Aggregation = Literal["sum", "count", "count_distinct", "average", "min", "max", "median", "percentile"]

GRAINS: tuple[Grain, ...] = ("day", "week", "month", "quarter", "year")


PLACEHOLDER = re.compile(r"\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\}")
"""A variable of the environment in a connection: `${NAME}` or `${NAME:-default}`."""


def _name(value: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]*[a-z0-9]", value) or "__" in value:
        raise ValueError("expected two or more of a-z, 0-9 and single _, starting with a letter")
    return value


def _month(value: Any) -> str:
    if not isinstance(value, str) or not is_month(value):
        raise ValueError("expected a month such as 2017-06")
    return value


def _email(value: str) -> str:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", value):
        raise ValueError("expected a mail address, best of a role: sales-analytics@example.com")
    return value


def _cron(value: str) -> str:
    try:
        CronSim(value, datetime(2000, 1, 1))
    except CronSimError as error:
        raise ValueError("expected a cron line of five fields, such as 0 2 * * *") from error
    if len(value.split()) != 5:
        raise ValueError("expected a cron line of five fields, such as 0 2 * * *")
    return value


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"expected a regular expression: {error}") from error
    if re.search(r"\(\?(=|!|<|>|#)|\\[1-9]", value):
        raise ValueError("expected a regular expression without look-around or back reference (RE2's)")
    return value


def _day(value: Any) -> date:
    return value if isinstance(value, date) else date.fromisoformat(str(value))


def each_once(values: list[str]) -> list[str]:
    """The same values, none of them twice."""
    twice = next((value for value in values if values.count(value) > 1), None)
    if twice is not None:
        raise ValueError(f"{twice!r} is named twice; expected each once")
    return values


Name = Annotated[str, AfterValidator(_name)]
Month = Annotated[str, BeforeValidator(_month)]
Email = Annotated[str, AfterValidator(_email)]
Day = Annotated[date, BeforeValidator(_day)]
Cron = Annotated[str, AfterValidator(_cron)]
Pattern = Annotated[str, AfterValidator(_pattern)]


class Strict(BaseModel):
    """No unknown keys, no change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Text(Strict):
    """A text in English and Chinese; where one is missing the other serves."""

    en: str = ""
    zh: str = ""

    @model_validator(mode="before")
    @classmethod
    def _plain(cls, value: Any) -> Any:
        return {"en": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _some(self) -> Text:
        if not (self.en or self.zh):
            raise ValueError("expected a text, or {en: ..., zh: ...}")
        return self

    def of(self, lang: str) -> str:
        """The text in `lang` (`en`, `zh`), or the other one."""
        return (self.zh or self.en) if lang == "zh" else (self.en or self.zh)


class Owners(Strict):
    """Who answers for it: for its meaning (business) and for its computation (technical)."""

    business: Email
    technical: Email


class Expectation(Strict):
    """One Great Expectations rule: `expect` is its name, the other keys are its arguments."""

    model_config = ConfigDict(extra="allow", frozen=True)

    expect: str
    severity: Severity = "error"

    @property
    def arguments(self) -> dict[str, Any]:
        """The rule's keyword arguments."""
        return dict(self.model_extra or {})


class Column(Strict):
    """The contract of one column: type, nullability, bounds, allowed values, pattern."""

    type: str
    nullable: bool = False
    min: float | None = None
    max: float | None = None
    isin: list[str | int] | None = None
    matches: Pattern | None = None
    description: Text | None = None

    @model_validator(mode="after")
    def _known_type(self) -> Column:
        found = re.fullmatch(
            r"any|int64|string|date|timestamp|double|boolean|decimal\((\d+), ?(\d+)\)", self.type
        )
        if found is None:
            raise ValueError(
                f"unknown type {self.type!r}; "
                "expected int64, string, date, timestamp, double, boolean or decimal(18,2)"
            )
        if found[1] and not (1 <= int(found[1]) <= 38 and int(found[2]) <= int(found[1])):
            raise ValueError(f"{self.type}; expected at most 38 digits, and no more of them after the point")
        return self

    @model_validator(mode="after")
    def _rules_of_the_type(self) -> Column:
        number, text = self.type.startswith(("int64", "double", "decimal")), self.type == "string"
        if (self.min is not None or self.max is not None) and not number and self.type != "any":
            raise ValueError(f"min or max of a {self.type}; expected them of a number")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min} above max {self.max}; expected them the other way round")
        if self.matches is not None and not text and self.type != "any":
            raise ValueError(f"matches of a {self.type}; expected it of a string")
        fitting = str if text else int
        if self.isin is not None and self.type != "any":
            if not text and self.type != "int64":
                raise ValueError(f"isin of a {self.type}; expected it of a string or int64")
            if not all(isinstance(value, fitting) for value in self.isin):
                raise ValueError(f"isin {self.isin} of a {self.type}; expected values of that type")
        return self


class SourceColumn(Column):
    """A column of a source table: its contract, and how it is read where the source has it otherwise.

    `from` is its name there; `format` (of `strptime`) is how it writes dates or times.
    """

    source_name: str | None = Field(default=None, alias="from")
    format: str | None = None

    @model_validator(mode="after")
    def _of_a_time(self) -> SourceColumn:
        if self.format is not None and self.type not in ("date", "timestamp"):
            raise ValueError(f"format of a {self.type}; expected it of a date or timestamp")
        return self


class Reading(Strict):
    """How a file is read: of CSV its encoding, delimiter and signs of numbers, of Excel its sheet, of both
    the row of the header (of several rows, `header_rows` of them, the names are joined).
    """

    encoding: str = "utf-8"
    delimiter: str | None = None
    decimal: Literal[".", ","] = "."
    thousands: Literal[",", ".", " ", "'"] | None = None
    sheet: str | None = None
    header_row: Annotated[int, Field(ge=1)] = 1
    header_rows: Annotated[int, Field(ge=1, le=5)] = 1

    @model_validator(mode="after")
    def _two_signs(self) -> Reading:
        if self.decimal == self.thousands:
            raise ValueError("decimal and thousands are the same sign; expected two")
        return self


class TableRules(Strict):
    """Rules about a whole table: keys that are unique, and how many rows a partition holds."""

    unique: list[Annotated[list[str], Field(min_length=1)]] = Field(default_factory=list)
    min_rows: int = 0
    max_rows: int | None = None
    expectations: list[Expectation] = Field(default_factory=list)


class SourceTable(Strict):
    """One table of a source system: where it stands, its contract, how it is read.

    `table` is its name there (default: ours); in a folder of files a file name or a pattern such as
    `orders_*.csv`.
    """

    table: str | None = None
    label: Text
    description: Text
    partition_by: str | None = None
    reread: Annotated[int, Field(ge=1)] | Literal["all"] = 3
    columns: dict[str, SourceColumn]
    read: Reading = Reading()
    checks: TableRules = TableRules()

    def computation(self) -> dict[str, Any]:
        """What the stored rows depend on."""
        types = {name: column.type for name, column in self.columns.items()}
        there = {
            name: [column.source_name, column.format]
            for name, column in self.columns.items()
            if column.source_name or column.format
        }
        read = self.read.model_dump(exclude_defaults=True)
        found = {"table": self.table, "partition_by": self.partition_by, "columns": types}
        return found | ({"there": there} if there else {}) | ({"read": read} if read else {})


class Source(Strict):
    """A source system: a connection and its tables.

    `connection` is a SQLAlchemy URL (`postgresql://reader:${OMS_PASSWORD}@host/db`), a database file
    (`sqlite:///sources/crm.sqlite`, `duckdb:///...`) or a folder of files (`file:exports`); files are
    relative to the home folder. `${NAME}` and `${NAME:-default}` come from the environment, as every secret
    must.
    `time_zone` is that of its time stamps without a zone.
    """

    name: Name
    label: Text
    description: Text
    owners: Owners
    connection: str
    time_zone: str = "UTC"
    tables: dict[Name, SourceTable]


class Entity(Strict):
    """What a row, or a column of it, identifies; models join on entities of one name."""

    name: Name
    type: Literal["primary", "foreign", "unique"] = "foreign"
    expr: str


class Dimension(Strict):
    """Something to group or filter by: a column of the model, or an expression over its columns."""

    type: Literal["categorical", "time"] = "categorical"
    expr: str | None = None
    label: Text | None = None


class Model(Strict):
    """A model: one SQL file beside it, its contract, and its semantics (entities, dimensions, time)."""

    name: Name
    label: Text
    description: Text
    owners: Owners
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

    @property
    def primary_entity(self) -> str:
        """The name of the primary entity, by which MetricFlow names the dimensions."""
        return next((e.name for e in self.entities if e.type == "primary"), f"{self.name}_row")

    def computation(self) -> dict[str, Any]:
        """What the model's rows, and aggregates of them, depend on, beside the SQL."""
        monthly = {} if self.time_granularity == "day" else {"time_granularity": self.time_granularity}
        return self.model_dump(include={"partition_by", "look_back", "look_ahead", "time", "entities"}) | {
            "dimensions": {name: d.expr or name for name, d in self.dimensions.items()},
            "columns": {name: column.type for name, column in self.columns.items()},
            **monthly,
        }


class MetricChecks(Strict):
    """Rules on a metric's published values: bounds of `value`, rows a month, Great Expectations rules on
    `value`.
    """

    min: float | None = None
    max: float | None = None
    min_rows: int = 1
    expectations: list[Expectation] = Field(default_factory=list)


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
    dimensions: Annotated[list[Name], AfterValidator(each_once)] = Field(default_factory=list)
    filter: str | None = None
    checks: MetricChecks = MetricChecks()
    freshness: Freshness = Freshness()

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
    additive: list[Name] | None = None
    non_additive_dimension: NonAdditiveDimension | None = None
    fill_nulls_with: int | None = None
    join_to_timespine: bool = False


class RatioMetric(MetricCard):
    """Numerator over denominator, both metrics; no value where the denominator is zero or missing."""

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
            raise ValueError("window and grain_to_date; expected one of them, or none for all time")
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
