"""The one family of errors this project raises.

Each error says where it happened (file and line, or table and column), what was found, what was expected and
what to do. Two axes: *whose* it is, by class (a definition, the source data, access, the environment, or
ours), and whether trying again helps (`retry_helps`). What does not belong here: catching; a room raises, the
front doors print.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from metric_pipelines.nearest import nearest


class MetricPipelinesError(Exception):
    """Base of all errors of this project.

    Attributes: `where` (file:line, or table.column), `found`, `expected`, `remedy`; `exit_code` for the
    command line (1 the data is bad, 2 used wrongly, 3 the environment is broken).
    """

    retry_helps = False
    exit_code = 3

    def __init__(self, where: str, found: str, expected: str = "", remedy: str = "") -> None:
        self.where, self.found, self.expected, self.remedy = where, found, expected, remedy
        super().__init__(self.message())

    def message(self) -> str:
        """One paragraph: where, found, expected, remedy; empty parts are left out."""
        parts = [f"{self.where}: {self.found}" if self.where else self.found]
        if self.expected:
            parts.append(f"expected: {self.expected}")
        if self.remedy:
            parts.append(f"to do: {self.remedy}")
        return "; ".join(parts)


class DefinitionError(MetricPipelinesError):
    """A file of the center (YAML, SQL) says something that cannot be computed."""

    exit_code = 2

    @classmethod
    def unknown_name(cls, where: str, kind: str, name: str, known: Iterable[str]) -> DefinitionError:
        """A name that is not defined; the nearest one that is, is suggested."""
        return cls(where, f"unknown {kind} {name!r}", f"one of {listed(known)}", did_you_mean(name, known))


class UsageError(MetricPipelinesError):
    """A command, function or request was called with something that does not fit."""

    exit_code = 2

    @classmethod
    def unknown_name(cls, where: str, kind: str, name: str, known: Iterable[str]) -> UsageError:
        """A name that does not exist; the nearest one that does, is suggested."""
        return cls(where, f"unknown {kind} {name!r}", f"one of {listed(known)}", did_you_mean(name, known))


class SourceDataError(MetricPipelinesError):
    """A source table is not as its YAML says: missing table or column, or a value of the wrong type."""

    exit_code = 1


class SourceUnavailableError(MetricPipelinesError):
    """A source system cannot be read now: locked, gone, refused. Trying again may help."""

    retry_helps = True
    exit_code = 1


class SourceRefusedError(SourceUnavailableError):
    """A source system refuses the user: trying again helps only once somebody has mended that."""


class ComputationError(MetricPipelinesError):
    """The SQL of a model or metric failed on the data."""

    exit_code = 1


class EnvironmentBrokenError(MetricPipelinesError):
    """The machine, the installation or a setting is not as needed."""


class AccessDeniedError(MetricPipelinesError):
    """Something was asked for that is not allowed: a private address that nobody allowed."""

    exit_code = 2


class NotDeliveredError(MetricPipelinesError):
    """A channel did not take an alert. Trying again may help."""

    retry_helps = True
    exit_code = 1


UNWRITABLE = (
    "disk is full",
    "no space left",
    "readonly database",
    "read-only file system",
    "permission denied",
    "unable to open database file",
    "disk quota exceeded",
    "disk i/o error",
)
"""How databases and systems say that they cannot write."""


def unwritable(where: str, text: str) -> EnvironmentBrokenError | None:
    """The error for what a system said of a disk or folder; None where it said something else."""
    if not any(sign in text.lower() for sign in UNWRITABLE):
        return None
    said = next((line for line in text.splitlines() if line.strip()), text)[:200]
    remedy = "make room or mend the rights, and repeat: what was published stays"
    return EnvironmentBrokenError(where, said, "a folder and disk that can be written", remedy)


class BusyError(MetricPipelinesError):
    """Somebody else holds what this needs; trying again helps."""

    retry_helps = True


class InputsMovedError(BusyError):
    """What something is computed from is published anew each time it is computed. Trying again helps."""

    @classmethod
    def while_computed(cls, where: str, inputs: Sequence[str], times: int) -> InputsMovedError:
        """Others have published some of the inputs each of several times."""
        return cls(
            where,
            f"others published {listed(inputs)} while it was computed, {times} times one after another",
            "one state of all its inputs",
            "refresh again when they are done; what was published stays",
        )


class InternalError(MetricPipelinesError):
    """A fault of ours: a check that could not be carried out, a state that must not be."""


@dataclass(frozen=True)
class Problem:
    """One finding of validation, as a value: where, what was found, what was expected, what to do."""

    where: str
    found: str
    expected: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        return DefinitionError(self.where, self.found, self.expected, self.remedy).message()


class InvalidCenterError(DefinitionError):
    """All problems of a center, collected: `problems` has one value each."""

    def __init__(self, folder: str, problems: Sequence[Problem]) -> None:
        self.problems = list(problems)
        super().__init__(
            folder, f"{len(self.problems)} problem(s)\n" + "\n".join(f"  {p}" for p in self.problems)
        )


def database_said(error: Exception) -> tuple[str, str]:
    """What DuckDB said of SQL, in one line and without its drawing; and the place as `:<line>`, or an empty
    text.
    """
    words, drawn, place = str(error).partition("\nLINE ")
    line = re.match(r"\d+", place) if drawn else None
    lines = words.partition("Candidate functions:")[0].splitlines()
    said = "; ".join(line for line in lines if line.strip())[:300]
    return said, f":{line[0]}" if line else ""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The nearest known name as a hint, or an empty text."""
    near = nearest(name, known)
    return "" if near is None or near == name else f"did you mean {near!r}?"


def listed(names: Iterable[str], most: int = 12) -> str:
    """Names in order, cut after `most`."""
    ordered = sorted(names)
    return ", ".join(ordered[:most]) + (f" and {len(ordered) - most} more" if len(ordered) > most else "")
