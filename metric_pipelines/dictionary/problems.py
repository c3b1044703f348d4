"""Problems that many kinds of definition can have: what is caught, departments."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.errors import DefinitionError, Problem, did_you_mean, listed


def caught(check: Callable[[], object]) -> Iterator[Problem]:
    try:
        check()
    except DefinitionError as error:
        yield Problem(error.where, error.found, error.expected, error.remedy)


def department_problems(center: Center, key: str, department: str) -> Iterator[Problem]:
    known = center.settings.departments
    if department not in known:
        where, near = center.where(key, "department"), did_you_mean(department, known)
        yield Problem(where, f"unknown department {department!r}", f"one of {listed(known)}", near)
