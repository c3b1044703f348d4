"""A dbt project's files tried as a center: what does not hold is left out by name."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from metric_pipelines.dictionary.center_files import Center, load_center
from metric_pipelines.dictionary.quarrels import unmarked
from metric_pipelines.dictionary.validation import sound_metrics
from metric_pipelines.errors import InvalidCenterError, Problem, listed
from metric_pipelines.exchange.dbt.carry_over import CarriedOver
from metric_pipelines.exchange.dbt.notes import NOT_CARRIED, Note
from metric_pipelines.exchange.draft_files import laid_over
from metric_pipelines.publication.rehearsal import examined_and_rehearsed

QUARREL = "quarrel"
"""The kind of a note on metrics that quarrel."""
UNJUDGED = "So it is in the dbt project; nobody has judged it yet."

Files = Mapping[str, str]
"""Texts by their names below the center's folder."""


def valid_metrics(
    made: Files, metrics: Mapping[str, tuple[str, str]], carried: CarriedOver, into: Center | None
) -> tuple[dict[str, tuple[str, str]], list[Note]]:
    """The metrics (file and text by name) with which the center is valid and its SQL runs; the others as
    notes.

    Raises: InvalidCenterError where something else than a metric is wrong.
    """
    valid, notes = dict(metrics), list[Note]()
    while True:
        marked, intended = _marked(made, valid, into)
        wrong = _wrong(made, dict(marked.values()), into)
        if not wrong:
            return marked, notes + intended
        named = {file: metric for metric, (file, _) in valid.items()}
        for file, why in wrong.items():
            metric = named[file]
            notes.append(Note(NOT_CARRIED, f"metrics.{metric}", why))
            lost = f"its input {metric} is not carried over"
            for below in [metric, *_dependents(metric, carried)]:
                if valid.pop(below, None) and below != metric:
                    notes.append(Note(NOT_CARRIED, f"metrics.{below}", lost))


def _marked(
    made: Files, valid: Mapping[str, tuple[str, str]], into: Center | None
) -> tuple[dict[str, tuple[str, str]], list[Note]]:
    """The metrics, those that quarrel in the project marked as such, and a note on each pair: nothing is left
    out for what a person has yet to judge.
    """
    found, notes = dict(valid), list[Note]()
    with laid_over(into.folder if into else None, {**made, **dict(valid.values())}) as folder:
        try:
            center = load_center(folder)
        except InvalidCenterError:
            return found, notes  # told by the trial
        pairs = unmarked(center, sound_metrics(center))
    for name in valid:
        others = [_other(pair, name) for pair in pairs if name == _bearer(pair, valid)]
        if others:
            marks = "".join(f"  - {{with: {other}, reason: {UNJUDGED}}}\n" for other in others)
            file, text = valid[name]
            found[name] = file, f"{text.rstrip()}\nintended:\n{marks}"
            said = f"shares a word or its computation with {listed(others)}: marked as intended, to be judged"
            notes.append(Note(QUARREL, f"metrics.{name}", said))
    return found, notes


def _bearer(pair: tuple[str, str], valid: Collection[str]) -> str | None:
    """The metric of a pair that bears the mark: the second, unless it stood in the center before."""
    return next((name for name in pair[::-1] if name in valid), None)


def _other(pair: tuple[str, str], name: str) -> str:
    return pair[1] if pair[0] == name else pair[0]


def valid_queries(made: Files, queries: Files, into: Center | None) -> tuple[dict[str, str], list[Note]]:
    """The saved queries that the center can answer; the others as notes.

    Raises: InvalidCenterError where something else than a query is wrong.
    """
    wrong = _wrong(made, queries, into) if queries else {}
    notes = [Note(NOT_CARRIED, f"saved_queries.{Path(file).stem}", why) for file, why in wrong.items()]
    return {file: text for file, text in queries.items() if file not in wrong}, notes


def _wrong(made: Files, tried: Files, into: Center | None) -> dict[str, str]:
    """What is wrong with the files that are tried, by their names.

    Raises: InvalidCenterError where something else is wrong.
    """
    with laid_over(into.folder if into else None, {**made, **tried}) as folder:
        _, problems = examined_and_rehearsed(folder)
        files = {problem: _file_of(problem, folder) for problem in problems}
    if not set(files.values()) <= tried.keys():
        raise InvalidCenterError("the dbt project", problems)
    return {file: f"{p.found}; expected {p.expected}" for p, file in reversed(files.items())}


def _file_of(problem: Problem, folder: Path) -> str:
    file = Path(re.sub(r":\d+$", "", problem.where))
    return file.relative_to(folder).as_posix() if file.is_relative_to(folder) else str(file)


def _dependents(metric: str, carried: CarriedOver) -> list[str]:
    found: list[str] = []
    for other, computed in carried.metrics.items():
        if metric in _names(computed) and other not in found:
            found += [other, *_dependents(other, carried)]
    return found


def _names(computed: Mapping[str, Any]) -> set[str]:
    parts = [
        computed.get(k) for k in ("numerator", "denominator", "metric", "base_metric", "conversion_metric")
    ]
    parts += computed.get("metrics") or []
    return {part["name"] if isinstance(part, dict) else str(part) for part in parts if part}
