"""Problems that many kinds of definition can have: what is caught, expectations, departments."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.expectation_names import COLUMN_ARGUMENTS, expectation_names
from metric_pipelines.dictionary.yaml_types import Expectation
from metric_pipelines.errors import DefinitionError, Problem, did_you_mean, listed


def caught(check: Callable[[], object]) -> Iterator[Problem]:
    try:
        check()
    except DefinitionError as error:
        yield Problem(error.where, error.found, error.expected, error.remedy)


def expectation_problems(
    center: Center, at: tuple[str, ...], expectations: Sequence[Expectation], columns: Iterable[str]
) -> Iterator[Problem]:
    """Names of rules and columns; whether a rule takes its other arguments is said when it is carried out."""
    known, have = expectation_names(), list(columns)
    for i, rule in enumerate(expectations):
        where = center.where(*at, "checks", "expectations", i)
        if rule.expect not in known:
            near = did_you_mean(rule.expect, known)
            yield Problem(
                where, f"unknown expectation {rule.expect!r}", "one of Great Expectations' own", near
            )
        for argument in COLUMN_ARGUMENTS:
            named = rule.arguments.get(argument) or []
            for column in [named] if isinstance(named, str) else list(named):
                if column not in have:
                    near = did_you_mean(str(column), have)
                    yield Problem(where, f"unknown column {column!r}", f"one of {listed(have)}", near)


def department_problems(center: Center, key: str, department: str) -> Iterator[Problem]:
    known = center.settings.departments
    if department not in known:
        where, near = center.where(key, "department"), did_you_mean(department, known)
        yield Problem(where, f"unknown department {department!r}", f"one of {listed(known)}", near)
