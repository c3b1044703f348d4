"""Numbers, units and months as people read them, in English and Chinese; for every front door alike.

A Decimal is shown with its own digits. Stays out: colours and widths (`cli/`), where a number comes from.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from metric_pipelines.dictionary.months import spans

PERCENT = "%"
CURRENCY_LENGTH = 3

Number = Decimal | float | int

UNITS: dict[str, str] = {
    "baskets": "个购物篮",
    "coupons": "张券",
    "customers": "位客户",
    "days": "天",
    "gallons": "加仑",
    "hours": "小时",
    "households": "户",
    "mailings": "封邮寄",
    "orders": "单",
    "redemptions": "次核销",
    "store-days": "店日",
    "store-hours": "店时",
    "stores": "家门店",
    "tickets": "张工单",
    "units": "件",
}
"""Chinese words for counted things; currencies and what is not listed stay as the dictionary writes them.
"""


def number(value: Number, unit: str = "") -> str:
    """The digits of a value: percent for shares, a Decimal's own, two decimals or four digits for a float."""
    if unit == PERCENT:
        return f"{value * 100:,.2f} %"
    if isinstance(value, (Decimal, int)):
        return f"{value:,f}" if isinstance(value, Decimal) else f"{value:,}"
    return f"{value:,.2f}" if abs(value) >= 1 or value == 0 or is_currency(unit) else f"{value:.4g}"


def is_currency(unit: str) -> bool:
    """Whether a unit is written like a currency of ISO 4217."""
    return len(unit) == CURRENCY_LENGTH and unit.isupper()


def unit_in(lang: str, unit: str) -> str:
    """A unit in words."""
    return UNITS.get(unit, unit) if lang == "zh" else unit


def with_unit(lang: str, value: Number, unit: str) -> str:
    """A value and its unit."""
    digits = number(value, unit)
    return digits if unit == PERCENT else f"{digits} {unit_in(lang, unit)}"


def difference(lang: str, absolute: float, relative: float | None, unit: str) -> str:
    """The words of a change: percentage points for shares, else percent; absolute after zero."""
    if unit == PERCENT:
        points = f"{absolute * 100:+.2f}"
        return f"{points} 个百分点" if lang == "zh" else f"{points} pp"
    if relative is None:
        return f"{absolute:+,.2f}"
    return f"{relative * 100:+,.1f} %"


def gap(lang: str, absolute: float, unit: str) -> str:
    """A difference between two values of one unit, with its sign; percentage points for shares."""
    if unit == PERCENT:
        return difference(lang, absolute, None, unit)
    return f"{absolute:+,.2f} {unit_in(lang, unit)}"


def month_spans(lang: str, months: Iterable[str]) -> str:
    """Months in words: `2017-03 to 2017-05, 2017-08`; empty for the whole."""
    found = spans(sorted(month for month in set(months) if month))
    to = " 至 " if lang == "zh" else " to "
    return ", ".join(first if first == last else f"{first}{to}{last}" for first, last in found)
