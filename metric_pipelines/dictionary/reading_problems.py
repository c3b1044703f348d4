"""What is wrong with one file by itself, in our words: Pydantic's findings, each at its line, with what is
known there and what to do.

Belongs here: findings of types and keys. Stays out: YAML that does not parse (`yaml_file.py`), rules between
files (`validation.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import TypeAdapter, ValidationError

from metric_pipelines.dictionary.yaml_file import YamlFile
from metric_pipelines.errors import Problem, did_you_mean, listed

Location = tuple[str | int, ...]
Schema = dict[str, Any]

HOLDS_SECRETS = ("url", "connection")
"""Keys whose value is never repeated in a problem."""

_TYPES = {
    "string": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "list": "a list",
}
"""By the first word of the type of a finding."""

_LIMITS = {
    "less_than_equal": ("le", "at most"),
    "less_than": ("lt", "below"),
    "greater_than_equal": ("ge", "at least"),
    "greater_than": ("gt", "above"),
}


def reading_problems(file: YamlFile, error: ValidationError, kind: TypeAdapter[Any]) -> Iterator[Problem]:
    """Pydantic's findings on a file of a kind; what several forms of one value lack is one problem."""
    schema = kind.json_schema()
    findings: dict[Location, list[Any]] = {}
    for finding in error.errors():
        location = _in_file(file, finding["loc"])
        of_file = len(location) == 1 and location[0] in _tags(schema)  # the kind of the metric, not a key
        findings.setdefault(() if of_file else location, []).append(finding)
    for location, found in findings.items():
        problems = [_problem(file, finding, location, schema) for finding in found]
        first = problems[0]
        expected = " or ".join(dict.fromkeys(problem.expected for problem in problems))
        yield Problem(first.where, first.found, expected, first.remedy)


def _problem(file: YamlFile, finding: Any, location: Location, schema: Schema) -> Problem:
    kind, key, given = finding["type"], str(location[-1]) if location else "", finding["input"]
    where = file.where(location)
    if kind == "extra_forbidden":
        return _unknown_key(where, key, finding["loc"], schema)
    if kind == "missing":
        return Problem(where, f"missing key {key!r}", f"{key}: ... here", f"add {key}")
    if kind == "union_tag_not_found":
        return Problem(where, "missing key 'type'", f"type: one of {listed(_tags(schema))}", "add type")
    if kind == "union_tag_invalid":
        tag = finding["ctx"]["tag"]
        near = did_you_mean(tag, _tags(schema))
        return Problem(file.where(("type",)), f"type: {tag!r}", f"one of {listed(_tags(schema))}", near)
    dotted = ".".join(map(str, location))
    secret = dotted in HOLDS_SECRETS or (not dotted and isinstance(given, str))
    told, expected, remedy = _told(finding, key, schema)
    found = told or ("..." if secret else _shown(given))
    return Problem(where, f"{dotted}: {found}" if dotted else found[:80], expected, "" if secret else remedy)


def _shown(given: Any) -> str:
    if isinstance(given, dict):
        return f"keys {listed(map(str, given))}"
    return "nothing" if given is None else repr(given)[:120]


def _told(finding: Any, key: str, schema: Schema) -> tuple[str, str, str]:
    """What was found where the finding says it, what was expected, and what to do."""
    kind, given, context = finding["type"], finding["input"], finding.get("ctx", {})
    ours = finding["msg"].removeprefix("Value error, ")
    if ours != finding["msg"]:
        ours, _, remedy = ours.partition("; to do: ")
        found, both, expected = ours.partition("; expected ")
        return (found, expected, remedy) if both else ("", ours.removeprefix("expected "), remedy)
    if kind == "literal_error":
        options = [option.strip("'") for option in context["expected"].replace(" or ", ", ").split(", ")]
        return "", context["expected"], did_you_mean(str(given), options)
    if kind in _LIMITS:
        name, words = _LIMITS[kind]
        return "", f"{words} {context[name]:g}", f"write a number that is {words} {context[name]:g}"
    if kind == "too_short":
        return "", f"at least {context['min_length']} item", f"name one, or leave {key} out"
    if kind.startswith(("model", "dict")):
        return "", *_mapping(key, given, schema.get("$defs", {}).get(context.get("class_name"), {}))
    expected = _TYPES.get(kind.partition("_")[0], ours)
    return "", expected, _written(key, given, expected)


def _mapping(key: str, given: Any, model: Schema) -> tuple[str, str]:
    """What a mapping holds, and how it is written."""
    known = [*dict.fromkeys([*model.get("required", []), *model.get("properties", {})])][:6]
    expected = f"keys and values: {', '.join(known)}" if known else "keys and values"
    if {"en", "zh"} <= set(known):
        expected = "a text, or {en: ..., zh: ...}"
    needed = ", ".join(f"{name}: ..." for name in model.get("required", known)[:4])
    remedy = f"write {key}: {{{needed or 'key: value'}}}" if key else "write its keys and values"
    return expected, f"fill {key or 'it'} in" if given is None else "" if key.isdigit() else remedy


def _written(key: str, given: Any, expected: str) -> str:
    """How a value of another type is written as what is expected."""
    if given is None:
        return f"fill {key or 'it'} in"
    if key.endswith("window") and isinstance(given, int):
        return f"say of what: {given} days"
    if expected == "a text" and isinstance(given, (int, float)):
        return f'quote it: "{str(given).lower() if isinstance(given, bool) else given}"'
    if expected == "a text" and isinstance(given, list) and len(given) == 1 and isinstance(given[0], str):
        return f"write {given[0]}, without brackets"
    if expected == "a list" and isinstance(given, str):
        return f"write [{given}]"
    return {"a whole number": "write it in digits", "a number": "write it in digits"}.get(expected, "")


def _unknown_key(where: str, key: str, location: Location, schema: Schema) -> Problem:
    known = _known_keys(schema, location[:-1])
    others = [tag for tag in _tags(schema) if key in _known_keys(schema, (tag,))]
    elsewhere = f"it is a key of type {' and '.join(others)}" if others and len(location) <= 2 else ""
    expected = f"one of {listed(known)}" if known else "a known key"
    return Problem(where, f"unknown key {key!r}", expected, elsewhere or did_you_mean(key, known))


# Places in files and schemas


def _in_file(file: YamlFile, location: Location) -> Location:
    """Pydantic's location without the names of union members and `[key]`, which are not in the file; the last
    part of it only where it is a key that is missing.
    """
    kept: Location = ()
    for i, part in enumerate(location):
        last = i == len(location) - 1
        if (*kept, part) in file.lines or (last and isinstance(part, str) and part.isidentifier()):
            kept = (*kept, part)
    return kept


def _tags(schema: Schema) -> dict[str, str]:
    """The values of `type` that a file may have, with the schema of each."""
    found: dict[str, str] = schema.get("discriminator", {}).get("mapping", {})
    return found


def _known_keys(schema: Schema, location: Iterable[str | int]) -> list[str]:
    """The keys of the mapping at a place, as far as its type is known."""
    reached = _options(schema, schema)
    for part in location:
        reached = [
            option for one in reached for next_ in _next(one, part) for option in _options(next_, schema)
        ]
    return sorted({key for one in reached for key in one.get("properties", {})})


def _next(option: Schema, part: str | int) -> list[Schema]:
    """What stands at a key or in a list; the name of a union's member leads to it, or nowhere else."""
    mapping = option.get("discriminator", {}).get("mapping", {})
    if part in mapping:
        return [{"$ref": mapping[part]}]
    if isinstance(part, int):
        return [option["items"]] if "items" in option else []
    inside = option.get("properties", {}).get(part) or option.get("additionalProperties")
    if isinstance(inside, dict):
        return [inside]
    return [option] if not part.isidentifier() else []


def _options(part: Schema, schema: Schema) -> list[Schema]:
    if "$ref" in part:
        return _options(schema["$defs"][part["$ref"].rpartition("/")[2]], schema)
    if "discriminator" in part:
        return [part]
    several = part.get("anyOf") or part.get("oneOf") or part.get("allOf")
    return [option for one in several for option in _options(one, schema)] if several else [part]
