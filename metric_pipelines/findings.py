"""What checks found, in words of both languages, from the plain results that the ledger keeps.

A finding of a known kind is said in words; the package's own reason, which is English, stands for the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from metric_pipelines.dictionary.yaml_types import Text
from metric_pipelines.ledger.ledger import Verdict

MOST = 4
CONTRACT = {
    "not_nullable": ("{column} is empty{examples}", "{column} 为空{examples}"),
    "greater_than_or_equal_to": ("{column} is below {limit}{examples}", "{column} 小于 {limit}{examples}"),
    "less_than_or_equal_to": ("{column} is above {limit}{examples}", "{column} 大于 {limit}{examples}"),
    "isin": ("{column} is none of {limit}{examples}", "{column} 不在 {limit} 之内{examples}"),
    "str_matches": ("{column} does not match {limit}{examples}", "{column} 不匹配 {limit}{examples}"),
}
"""By Pandera's names of what a contract says."""

STATISTICS = {
    "mean": ("the mean", "均值"),
    "median": ("the median", "中位数"),
    "max": ("the maximum", "最大值"),
    "min": ("the minimum", "最小值"),
    "sum": ("the sum", "合计"),
    "stdev": ("the standard deviation", "标准差"),
    "unique_value_count": ("the number of different values", "不同值个数"),
    "table_row_count": ("the number of rows", "行数"),
}
"""By the middle of Great Expectations' names."""


def in_words(verdicts: Iterable[Verdict], reason: str) -> Text:
    """The findings of the failed blocking checks; the reason as it is where one of them has no words here."""
    found = [_finding(v.check, f) for v in verdicts if v.blocks for f in _severe(v)]
    known = [one for one in found if one is not None]
    if not known or len(known) < len(found):
        return Text(en=reason or "no reason is known")
    shown, more = known[:MOST], len(known) - MOST
    if more > 0:
        shown.append(Text(en=f"and {more} more", zh=f"另有 {more} 项"))
    return Text(en="; ".join(one.en for one in shown), zh="；".join(one.zh for one in shown))


def _severe(verdict: Verdict) -> list[dict[str, Any]]:
    """The findings that withheld it; those that only warn stand beside them."""
    found = verdict.detail.get("failures", [])
    return [one for one in found if one.get("severity", "error") == "error"]


def _finding(check: str, failure: dict[str, Any]) -> Text | None:
    if check == "reconcile":
        return _difference(failure)
    return _contract(failure) if check == "contract" else _expectation(failure)


def _difference(failure: dict[str, Any]) -> Text:
    values = {key: failure.get(key) for key in ("count", "example", "kept", "anew")}
    at = f" {failure['column']}" if failure.get("column") else ""
    return Text(
        en="{count} value(s){at} differ from the model ({example}: {kept}, not {anew})".format(
            **values, at=at
        ),
        zh="{at}有 {count} 个数值与模型不符（{example}：{kept}，应为 {anew}）".format(
            **values, at=at
        ).strip(),
    )


def _contract(failure: dict[str, Any]) -> Text | None:
    rule, column = str(failure.get("rule", "")), str(failure.get("column") or "")
    examples = ", ".join(map(str, failure.get("values", [])[:3]))
    matched = re.match(r"\w+", rule)
    words = CONTRACT.get(matched[0]) if matched is not None else None
    if words is None:
        return None
    values = {
        "column": column,
        "limit": rule.partition("(")[2].removesuffix(")"),
        "examples": f" ({examples})" if examples else "",
    }
    return Text(en=words[0].format(**values), zh=words[1].format(**values))


def _expectation(failure: dict[str, Any]) -> Text | None:
    rule, result = str(failure.get("rule", "")), failure.get("result", {})
    matched = re.fullmatch(r"expect_(?:column_)?(\w+?)_to_be_between", rule)
    if matched is None or matched[1] not in STATISTICS or "observed_value" not in result:
        return None
    english, chinese = STATISTICS[matched[1]]
    arguments, observed = failure.get("arguments", {}), _number(result["observed_value"])
    column, bounds = arguments.get("column"), _bounds(arguments)
    if column and column != "value":
        english, chinese = f"{english} of {column}", f"{chinese}（{column}）"
    return Text(
        en=f"{english} is {observed}, expected {bounds.en}", zh=f"{chinese}为 {observed}，应{bounds.zh}"
    )


def _bounds(arguments: dict[str, Any]) -> Text:
    low, high = arguments.get("min_value"), arguments.get("max_value")
    if low is not None and high is not None:
        first, last = _number(low), _number(high)
        return Text(en=f"{first} to {last}", zh=f"在 {first} 至 {last} 之间")
    if low is not None:
        return Text(en=f"at least {_number(low)}", zh=f"不小于 {_number(low)}")
    return Text(en=f"at most {_number(high)}", zh=f"不大于 {_number(high)}")


def _number(value: Any) -> str:
    if not isinstance(value, (int, float)):
        return str(value)
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}" if abs(value) >= 1 else f"{value:.4g}"
