"""What every kind of YAML file shares: names, days, texts, owners, contracts of columns and tables."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date, datetime
from typing import Annotated, Any, Literal

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from metric_pipelines.dictionary.months import is_month

Severity = Literal["error", "warn"]


def _name(value: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]*[a-z0-9]", value) or "__" in value:
        plain = re.sub(r"[^a-z0-9]+", "_", value.lower()).strip("_")
        remedy = f"; to do: write {plain}" if re.match(r"[a-z].", plain) else ""
        raise ValueError(f"expected two or more of a-z, 0-9 and single _, starting with a letter{remedy}")
    return value


def _dimension(value: str) -> str:
    for part in value.split("__"):
        _name(part)
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
    try:
        return value if isinstance(value, date) else date.fromisoformat(str(value))
    except ValueError as error:
        raise ValueError(f"expected a day such as {_EXAMPLE}{_near_day(str(value))}") from error


_EXAMPLE = date(2017, 6, 30)
_OTHER_DAYS = (
    r"(?P<y>\d{4})[-./](?P<m>\d{1,2})[-./](?P<d>\d{1,2})",
    r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4})",
)
"""Days that are written otherwise, and can only be meant so."""


def _near_day(written: str) -> str:
    for pattern in _OTHER_DAYS:
        found = re.fullmatch(pattern, written)
        with suppress(ValueError):
            if found is not None:
                return f"; to do: write {date(*(int(found[part]) for part in 'ymd'))}"
    return ""


def each_once(values: list[str]) -> list[str]:
    """The same values, none of them twice."""
    twice = next((value for value in values if values.count(value) > 1), None)
    if twice is not None:
        raise ValueError(f"{twice!r} is named twice; expected each once")
    return values


Name = Annotated[str, AfterValidator(_name)]
DimensionName = Annotated[str, AfterValidator(_dimension)]
"""A dimension of a model, or `<entity>__<dimension>` of one that it joins to."""
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


_TYPES_ELSEWHERE = (
    dict.fromkeys(("int", "integer", "bigint", "smallint", "int32", "long"), "int64")
    | dict.fromkeys(("varchar", "text", "str", "char", "nvarchar"), "string")
    | dict.fromkeys(("datetime", "timestamptz"), "timestamp")
    | dict.fromkeys(("float", "float64", "real"), "double")
    | {"bool": "boolean", "number": "decimal(18,2)", "numeric": "decimal(18,2)", "decimal": "decimal(18,2)"}
)
"""Our names of types, by what databases and languages call them."""


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
            ours = _TYPES_ELSEWHERE.get(self.type.lower().partition("(")[0])
            raise ValueError(
                f"unknown type {self.type!r}; "
                "expected int64, string, date, timestamp, double, boolean or decimal(18,2)"
                + (f"; to do: write {ours}" if ours else "")
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


class TableRules(Strict):
    """Rules about a whole table: keys that are unique, and how many rows a partition holds."""

    unique: list[Annotated[list[str], Field(min_length=1)]] = Field(default_factory=list)
    min_rows: int = 0
    max_rows: int | None = None
    expectations: list[Expectation] = Field(default_factory=list)
