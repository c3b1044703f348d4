"""Verdicts in words: which rule failed, what was observed, what was expected."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from metric_pipelines.ledger.ledger import Verdict


def reason_of(verdicts: Iterable[Verdict]) -> str:
    """Why a pair is withheld, in one line: each failed blocking check with its first findings."""
    return "; ".join(f"{v.check} failed: {_findings(v)}" for v in verdicts if v.blocks)


def _findings(verdict: Verdict, most: int = 3) -> str:
    failures = verdict.detail.get("failures", [])
    said = [_expectation(x) if verdict.check == "expectations" else _rule(x) for x in failures]
    more = f" and {len(said) - most} more" if len(said) > most else ""
    return ", ".join(said[:most]) + more


def _rule(failure: dict[str, Any]) -> str:
    column = f"{failure['column']} " if failure["column"] else ""
    examples = ", ".join(failure["values"][:3])
    message = failure["message"].split(" failure cases:")[0]
    return f"{column}{failure['rule']}: {message}" + (f" (such as {examples})" if examples else "")


def _expectation(failure: dict[str, Any]) -> str:
    arguments = ", ".join(f"{k}={v}" for k, v in failure["arguments"].items() if v is not None)
    result = failure["result"]
    if "observed_value" in result:
        observed = f"observed {_number(result['observed_value'])}"
    else:
        count, values = result.get("unexpected_count"), result.get("partial_unexpected_list", [])
        observed = f"{count} value(s), such as {', '.join(str(v) for v in values[:3])}"
    return f"{failure['rule']}({arguments}): {observed}"


def _number(value: Any) -> str:
    return f"{value:,.4f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
