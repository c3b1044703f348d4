"""Why something was withheld, in words of both languages, from what the checks found.

The package's own reason is English; where a finding is of a known kind it is said again here, else it is
shown as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from metric_pipelines.ledger.ledger import Verdict
from metric_pipelines.publication.standing import NOTHING
from metric_pipelines.site.snapshot import Snapshot
from metric_pipelines.site.words import Phrase, say

MOST = 4
CONTRACT = {
    "not_nullable": "found.null",
    "greater_than_or_equal_to": "found.low",
    "less_than_or_equal_to": "found.high",
    "isin": "found.other",
    "str_matches": "found.pattern",
}
"""Pandera's names of what a contract says."""

STATISTICS = ("mean", "median", "max", "min", "sum", "stdev", "unique_value_count", "table_row_count")


def reason_in_words(verdicts: Iterable[Verdict], reason: str) -> Phrase:
    """The findings of the failed blocking checks; the reason as it is where one of them has no words here."""
    found = [_finding(v.check, f) for v in verdicts if v.blocks for f in _severe(v)]
    if not found or any(one is None for one in found):
        return Phrase(reason, reason)
    known = [one for one in found if one is not None]
    more = [say("attention.more", n=len(known) - MOST)] if len(known) > MOST else []
    shown = [*known[:MOST], *more]
    return Phrase("; ".join(p.en for p in shown), "；".join(p.zh for p in shown))


def reason_of(shot: Snapshot, asset: str, partition: str) -> Phrase:
    """Why a pair is not as of now; empty where it is published."""
    stand = shot.stands[asset, partition]
    own = shot.facts.history.get((asset, partition), NOTHING)
    if stand.state == "blocked" and stand.because is not None:
        return say("blocked_by", asset=" ".join(stand.because).strip())
    if stand.state == "missing":
        return say("state.missing")
    if own.latest is not None and own.latest.state == "unavailable":
        return say("found.away", reason=own.latest.reason or "")
    if own.last is None or own.last.state != "withheld":
        return Phrase("", "")
    return reason_in_words(shot.verdicts.get(own.last.id, []), own.last.reason or "")


def _severe(verdict: Verdict) -> list[dict[str, Any]]:
    """The findings that withheld it; those that only warn stand beside them."""
    found = verdict.detail.get("failures", [])
    return [one for one in found if one.get("severity", "error") == "error"]


def _finding(check: str, failure: dict[str, Any]) -> Phrase | None:
    return _contract(failure) if check == "contract" else _expectation(failure)


def _contract(failure: dict[str, Any]) -> Phrase | None:
    rule, column = str(failure.get("rule", "")), str(failure.get("column") or "")
    examples = ", ".join(map(str, failure.get("values", [])[:3]))
    matched = re.match(r"\w+", rule)
    key = CONTRACT.get(matched[0]) if matched is not None else None
    if key is None:
        return None
    limit = rule.partition("(")[2].removesuffix(")")
    return say(key, column=column, limit=limit, examples=f" ({examples})" if examples else "")


def _expectation(failure: dict[str, Any]) -> Phrase | None:
    rule, result = str(failure.get("rule", "")), failure.get("result", {})
    matched = re.fullmatch(r"expect_(?:column_)?(\w+?)_to_be_between", rule)
    if matched is None or matched[1] not in STATISTICS or "observed_value" not in result:
        return None
    arguments = failure.get("arguments", {})
    column = arguments.get("column")
    of = say("found.of", column=column) if column and column != "value" else Phrase("", "")
    statistic = say(f"found.{matched[1]}", of=of)
    return say("found", what=statistic, observed=_number(result["observed_value"]), bounds=_bounds(arguments))


def _bounds(arguments: dict[str, Any]) -> Phrase:
    low, high = arguments.get("min_value"), arguments.get("max_value")
    if low is not None and high is not None:
        return say("found.between", low=_number(low), high=_number(high))
    if low is not None:
        return say("rule.at_least", value=_number(low))
    return say("rule.at_most", value=_number(high))


def _number(value: Any) -> str:
    if not isinstance(value, (int, float)):
        return str(value)
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}" if abs(value) >= 1 else f"{value:.4g}"
