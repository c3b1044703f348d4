"""Rules about expectations: names, arguments, their types, and the columns that they name; what Great
Expectations would refuse only when a table is refreshed.

What it takes for a value is taken here: `"5"` for a number, `yes` for true. What it takes and should not is
told: a whole number with digits after the point, which it cuts; true for a number; a list of nothing; bounds
that bound nothing, or are the wrong way round.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import date
from functools import partial
from typing import Any

from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.expectation_names import (
    COLUMN_ARGUMENTS,
    OF_DATABASES,
    Schema,
    expectation_names,
    expectation_schema,
)
from metric_pipelines.dictionary.yaml_types import Expectation
from metric_pipelines.errors import Problem, did_you_mean, listed

At = Callable[..., str]
"""`file:line` of a key of an expectation; of the expectation, where no key is given."""

BOUNDS = ("min_value", "max_value")
PATTERNS = ("regex", "regex_list")
WORDS_OF_TRUTH = ("0", "1", "f", "t", "n", "y", "no", "yes", "off", "on", "false", "true")
"""What Great Expectations reads as true or false, whatever its case."""

_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)")


def expectation_problems(
    center: Center,
    place: tuple[str, ...],
    expectations: Sequence[Expectation],
    columns: Iterable[str],
    *,
    of_value: bool = False,
) -> Iterator[Problem]:
    """What is wrong with the expectations in the definition at a place; `of_value` are those of a metric,
    which are about its value where they name no column.
    """
    have = list(columns)
    for i, rule in enumerate(expectations):
        at = partial(center.where, *place, "checks", "expectations", i)
        yield from _named(at, rule)
        if rule.expect in expectation_names() - OF_DATABASES:
            yield from _arguments(at, rule, of_value=of_value)
        yield from _columns(at, rule, have)


def _named(at: At, rule: Expectation) -> Iterator[Problem]:
    where, known = at("expect"), expectation_names() - OF_DATABASES
    if rule.expect in OF_DATABASES:
        found = f"expectation {rule.expect!r}, which only a database can be asked"
        remedy = "for a pattern, say expect_column_values_to_match_regex"
        yield Problem(where, found, "an expectation on rows", remedy if "like" in rule.expect else "")
    elif rule.expect not in known:
        found = f"unknown expectation {rule.expect!r}"
        yield Problem(where, found, "one of Great Expectations' own", did_you_mean(rule.expect, known))


def _columns(at: At, rule: Expectation, have: list[str]) -> Iterator[Problem]:
    for argument in COLUMN_ARGUMENTS:
        named = rule.arguments.get(argument) or []
        for column in [named] if isinstance(named, str) else named if isinstance(named, list) else []:
            if column not in have:
                near = did_you_mean(str(column), have)
                yield Problem(at(argument), f"unknown column {column!r}", f"one of {listed(have)}", near)


def _arguments(at: At, rule: Expectation, *, of_value: bool) -> Iterator[Problem]:
    schema, given = expectation_schema(rule.expect), rule.arguments
    known = schema["properties"].keys() - {"metadata", "severity"}
    needed = set(schema["required"]) - ({"column"} if of_value else set())
    for argument, value in given.items():
        where = at(argument)
        if argument not in known:
            yield Problem(
                where,
                f"unknown argument {argument!r} of {rule.expect}",
                f"one of {listed(_telling(schema))}",
                did_you_mean(argument, known),
            )
        elif not may_be(value, argument, schema):
            wanted = _wanted(schema["properties"][argument], schema["definitions"])
            yield Problem(where, f"{argument}: {value!r}"[:120], wanted, f"write {wanted}")
    for argument in sorted(needed - given.keys()):
        wanted = _wanted(schema["properties"][argument], schema["definitions"])
        found = f"{rule.expect} without {argument}"
        yield Problem(at(), found, f"{argument}: {wanted}", f"add {argument}")
    yield from _bounds(at, rule, known)
    yield from _patterns(at, rule)


def _telling(schema: Schema) -> list[str]:
    """An expectation's own arguments, without those that all have."""
    of_all = expectation_schema("expect_table_row_count_to_equal")["properties"].keys() - {"value"}
    return [key for key in schema["properties"] if key not in of_all]


def _bounds(at: At, rule: Expectation, known: Iterable[str]) -> Iterator[Problem]:
    """Bounds that bound nothing, or are the wrong way round."""
    low, high = (rule.arguments.get(bound) for bound in BOUNDS)
    between = rule.expect.endswith("_to_be_between") and set(BOUNDS) <= set(known)
    if between and low is None and high is None:
        found = f"{rule.expect} without min_value and max_value, which any value fulfils"
        yield Problem(at(), found, "one of them, or both", "add min_value or max_value")
    if between and isinstance(low, (int, float)) and isinstance(high, (int, float)) and low > high:
        where, found = at("max_value"), f"min_value {low} above max_value {high}"
        yield Problem(where, found, "them the other way round", "exchange them")


def _patterns(at: At, rule: Expectation) -> Iterator[Problem]:
    for argument in PATTERNS:
        given = rule.arguments.get(argument) or []
        for pattern in given if isinstance(given, list) else [given]:
            try:
                re.compile(str(pattern))
            except re.error as error:
                where, found = at(argument), f"{argument} {pattern!r}: {error}"
                yield Problem(where, found, "a regular expression", r"write \ before a sign that is meant")


# Values against schemas


def may_be(value: Any, argument: str, schema: Schema) -> bool:
    """Whether an argument can have a value; nothing is what an argument without a default may be."""
    part = schema["properties"][argument]
    if value is None:
        return argument not in schema["required"] and "default" not in part
    return any(_fits(value, option) for option in _options(part, schema["definitions"]))


def _options(part: Schema, definitions: Schema) -> list[Schema]:
    """What a value may be, one by one; mappings, which stand for parameters of suites, only where nothing
    else may.
    """
    if "$ref" in part:
        return _options(definitions[part["$ref"].rpartition("/")[2]], definitions)
    several = part.get("anyOf") or part.get("oneOf") or part.get("allOf")
    if several is None:
        return [part]
    found = [option for one in several for option in _options(one, definitions)]
    return [one for one in found if one != {"type": "object"}] or found


def _fits(value: Any, option: Schema) -> bool:
    if "enum" in option:
        return value in option["enum"]
    match option.get("type"):
        case "number":
            number = _number(value)
            low, high = option.get("minimum", float("-inf")), option.get("maximum", float("inf"))
            return number is not None and low <= number <= high
        case "integer":
            number = _number(value)
            return number is not None and number.is_integer()
        case "boolean":
            return str(value).lower() in WORDS_OF_TRUTH
        case "string" if "format" in option:
            return _is_day(value) and (option["format"] == "date" or len(value) > len("2017-06-30"))
        case "string" if "minLength" in option:
            length = len(value) if isinstance(value, str) else -1
            return bool(option["minLength"] <= length <= option.get("maxLength", length))
        case "string":
            return isinstance(value, (str, int, float)) and not isinstance(value, bool)
        case "array":
            items = option.get("items")
            several = isinstance(value, list) and len(value) >= option.get("minItems", 1)
            return several and all(_is_item(item, items) for item in value)
        case "object":
            return isinstance(value, dict) and value.keys() >= set(option.get("required", []))
        case _:
            return True


def _is_item(value: Any, items: Any) -> bool:
    """Whether a list may hold a value: of the types of what it holds, only the length of pairs is known."""
    pair = isinstance(items, dict) and isinstance(items.get("items"), list)
    return not pair or (isinstance(value, list) and len(value) == len(items["items"]))


def _number(value: Any) -> float | None:
    if isinstance(value, (int, float, str)) and not isinstance(value, bool):
        with suppress(ValueError, OverflowError):
            return float(value)
    return None


def _is_day(value: Any) -> bool:
    found = _DAY.match(value) if isinstance(value, str) else None
    with suppress(ValueError):
        return found is not None and bool(date(*map(int, found.groups())))
    return False


def _wanted(part: Schema, definitions: Schema) -> str:
    """What a schema asks for, in words."""
    words = dict.fromkeys(_in_words(option) for option in _options(part, definitions))
    return " or ".join(word for word in words if word)


def _in_words(option: Schema) -> str:
    if "enum" in option:
        return f"one of {', '.join(map(str, option['enum']))}"
    match option.get("type"):
        case "number" if "minimum" in option and "maximum" in option:
            return f"a number from {option['minimum']:g} to {option['maximum']:g}"
        case "number":
            return "a number"
        case "integer":
            return "a whole number"
        case "boolean":
            return "true or false"
        case "string" if option.get("maxLength") == 1:
            return "a sign"
        case "string" if "format" in option:
            return "a day such as 2017-06-30" if option["format"] == "date" else ""
        case "string":
            return "a text"
        case "array":
            pairs = isinstance(option.get("items", {}).get("items"), list)
            least = option.get("minItems", 1)
            return "a list of pairs" if pairs else "a list" if least == 1 else f"a list of {least} or more"
        case "object" if option.get("required"):
            return f"a mapping with {', '.join(option['required'])}"
        case _:
            return "a mapping"
