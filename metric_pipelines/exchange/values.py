"""Single values of a list, as the dictionary writes them: owners, frequencies, tiers, directions, formulas.

A value that cannot be read is None, and stays in the draft's notes as it was written.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from math import isinf

from metric_pipelines.exchange.wording import folded, is_chinese, plain

_FREQUENCIES = {
    "daily": "daily, day, every day, each day, d, t+1, 日, 每日, 每天, 天, 按日, 日度, 日更新",
    "weekly": "weekly, week, every week, w, 周, 每周, 按周, 周度, 每星期, 周更新",
    "monthly": "monthly, month, every month, m, 月, 每月, 按月, 月度, 月更新",
}
_TIERS = {
    "1": "1, 1.0, t1, tier 1, level 1, l1, p0, board, board level, 一级, 1级, 公司级, 一级指标, 集团级",
    "2": "2, t2, tier 2, level 2, l2, p1, department, department level, 二级, 2级, 部门级, 二级指标",
    "3": "3, t3, tier 3, level 3, l3, p2, team, team level, 三级, 3级, 团队级, 三级指标, 小组级",
}
_DIRECTIONS = {
    "up": "up, higher, higher is better, positive, 上升, 越高越好, 越大越好, 正向, 高优, 增加, 提升",
    "down": "down, lower, lower is better, negative, 下降, 越低越好, 越小越好, 负向, 逆向, 反向, 低优, 减少",
    "none": "none, neither, neutral, neither up nor down, 无, 无方向, 中性, 适度",
}
_MAIL = re.compile(r"[A-Za-z0-9._+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_BETWEEN = re.compile(r"[、,;/|&\n]|\band\b|(?<=\S\S)[和与及](?=\S\S)")
_NAMES_OF_PEOPLE = re.compile(r"[\u4e00-\u9fff·]{2,4}( [\u4e00-\u9fff·]{2,4})+")
_OPERATORS = re.compile(r"[-+*/()]")
_NUMBER = re.compile(r"[-+]?([1-9]\d{0,2}(,\d{3})+(\.\d*)?|(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?)", re.ASCII)
_CONTINENTAL = re.compile(r"[-+]?[1-9]\d{0,2}(\.\d{3})+,\d+", re.ASCII)
_AGGREGATES = re.compile(r"\b(sum|count|avg|average|min|max|median)\s*\(", re.IGNORECASE)


def _by_word(texts: dict[str, str]) -> dict[str, str]:
    return {folded(word): value for value, words in texts.items() for word in words.split(",")}


_WORDS = {
    "refresh_frequency": _by_word(_FREQUENCIES),
    "tier": _by_word(_TIERS),
    "direction": _by_word(_DIRECTIONS),
}


TAKEN = {
    "refresh_frequency": "daily, weekly, monthly",
    "tier": "1, 2, 3",
    "direction": "up, down, none",
    "target": "1,250, 95%",
    "reviewed_on": "2024-06-30",
}
"""What a field takes, or an example of it, where a cell could not be read."""


@dataclass(frozen=True)
class Owner:
    """What stands in an owner's cell: the one mail address, if it is one, and how many people it names."""

    mail: str | None
    people: int


def owner(text: str) -> Owner:
    """The owner that a cell names: `Jane Doe <jane@example.com>` is one, `张三、李四` are two."""
    lines = "\n".join(plain(line) for line in text.split("\n"))
    mails = _MAIL.findall(lines)
    parts = [part for part in _BETWEEN.split(lines) if part.strip()]
    side_by_side = len(lines.split()) if _NAMES_OF_PEOPLE.fullmatch(lines) else 0
    people = max(len(parts), len(mails), side_by_side)
    return Owner(mails[0] if people == 1 and mails else None, people)


def choice(field: str, text: str) -> str | int | None:
    """A frequency, tier or direction; None where the word is not known."""
    found = _WORDS[field].get(folded(text))
    return int(found) if found is not None and field == "tier" else found


def number(text: str) -> float | None:
    """A number such as `1,250`, `1.250,00`, `95%` (0.95); None for anything else, and where it could be two
    (`1,5`: a comma stands between thousands before just three digits).
    """
    bare = plain(text).removeprefix("¥").removeprefix("$").strip()
    share = bare.endswith("%")
    digits = bare.removesuffix("%").strip()
    if _CONTINENTAL.fullmatch(digits):
        digits = digits.replace(".", "").replace(",", ".")
    elif not _NUMBER.fullmatch(digits):
        return None
    value = float(digits.replace(",", ""))
    if isinf(value):
        return None
    return round(value / 100, 12) if share else value


def day(text: str) -> date | None:
    """A day such as `2024-06-30` or `2024/6/30`; None for anything else."""
    found = re.fullmatch(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", plain(text))
    try:
        return date(*map(int, found.groups())) if found else None
    except ValueError:
        return None


def several(text: str) -> list[str]:
    """Words separated by commas, semicolons, 、 or lines."""
    parts = (plain(part) for part in re.split(r"[、,，;；|\n]", text))
    return list(dict.fromkeys(part for part in parts if part))


def in_words_only(formula: str, names: Collection[str]) -> bool:
    """Whether a formula is prose: neither an aggregate nor an arithmetic of metrics that have a name.

    `names` are folded.
    """
    line = plain(formula).replace("×", "*").replace("÷", "/").rpartition("=")[2]
    if _AGGREGATES.search(line):
        return False
    operands = [part.strip() for part in _OPERATORS.split(line) if part.strip()]
    named = [part for part in operands if number(part) is None]
    whole = _OPERATORS.search(line) is not None
    return not (whole and named and all(folded(part) in names for part in named))


def slug(text: str) -> str:
    """A text as a name of the dictionary, or an empty text: Chinese says nothing here."""
    if is_chinese(text):
        return ""
    name = re.sub(r"[^a-z0-9]+", "_", plain(text).casefold()).strip("_")[:60].strip("_")
    return name if re.fullmatch(r"[a-z][a-z0-9_]*[a-z0-9]", name) else ""
