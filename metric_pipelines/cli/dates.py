"""Days and months as they are typed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from metric_pipelines.dictionary.months import is_month, months_between
from metric_pipelines.errors import UsageError

RANGE = ".."


def day_of(option: str, text: str | None) -> date | None:
    """`2017-11-30` as a date; None for None.

    Raises: UsageError that names the option.
    """
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(option, repr(text), "a day such as 2017-11-30") from None


def months_of(option: str, texts: Iterable[str], known: Sequence[str]) -> list[str]:
    """Months from `2017-06`, `2017-03..2017-06` and lists of them separated by commas; in order, each once.

    `known` are the months there are. Raises: UsageError that names the option.
    """
    given = list(texts)
    parts = [part.strip() for text in given for part in text.split(",") if part.strip()]
    if given and not parts:
        raise UsageError(option, "nothing", "a month, such as 2017-06", "or leave it out for all")
    found = sorted({month for part in parts for month in _stretch(option, part)})
    for month in found:
        if month not in known:
            remedy = "later months are not yet due" if month > known[-1] else ""
            raise UsageError(option, month, f"a month from {known[0]} to {known[-1]}", remedy)
    return found


def _stretch(option: str, part: str) -> list[str]:
    first, dots, last = part.partition(RANGE)
    ends = [first, last if dots else first]
    if not all(is_month(month) for month in ends):
        raise UsageError(option, repr(part), "months such as 2017-06 or 2017-03..2017-06")
    if ends[0] > ends[1]:
        raise UsageError(option, repr(part), "the earlier month first", f"{ends[1]}{RANGE}{ends[0]}")
    return months_between(ends[0], ends[1])
