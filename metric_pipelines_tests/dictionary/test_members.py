"""Labels and order of members, and what is wrong with a list of them."""

from __future__ import annotations

from typing import Any

import pytest

from metric_pipelines.dictionary.definitions import Dimension
from metric_pipelines.dictionary.members import in_order, label_of, rank_of

SIZES = Dimension.model_validate(
    {"ordinal": True, "values": {"small": {"en": "Small", "zh": "小"}, "large": {"en": "Large", "zh": "大"}}}
)
DAYS = Dimension.model_validate({"ordinal": True, "values": {"7": "Sunday", "1": "Monday"}})
OPEN = Dimension.model_validate({"values": {"true": {"en": "Open", "zh": "开"}}})


@pytest.mark.parametrize(
    ("spec", "members", "ordered"),
    [
        (SIZES, ["UNKNOWN", "large", "medium", "small", None], ["small", "large", "medium", "UNKNOWN", None]),
        (DAYS, [3, 1, None, 7, 2], [7, 1, 2, 3, None]),
        (OPEN, ["b", "UNKNOWN", "a"], ["UNKNOWN", "a", "b"]),
        (None, ["b", None, "a"], ["a", "b", None]),
    ],
    ids=["texts", "numbers", "without an order", "nothing said"],
)
def test_members_have_the_order_that_is_listed(
    spec: Dimension | None, members: list[Any], ordered: list[Any]
) -> None:
    assert sorted(members, key=rank_of(spec)) == ordered


def test_unknown_is_last_though_it_is_listed_first() -> None:
    spec = Dimension.model_validate({"ordinal": True, "values": {"UNKNOWN": "No answer", "a": "A"}})
    assert sorted(["UNKNOWN", "a", "z"], key=rank_of(spec)) == ["a", "z", "UNKNOWN"]


@pytest.mark.parametrize(
    ("spec", "member", "label"),
    [
        (SIZES, "small", "小"),
        (SIZES, "medium", None),
        (SIZES, "UNKNOWN", "未知"),
        (None, "UNKNOWN", "未知"),
        (DAYS, 7, "Sunday"),
        (OPEN, True, "开"),
        (OPEN, None, None),
    ],
)
def test_a_member_is_called_by_its_label(spec: Dimension | None, member: Any, label: str | None) -> None:
    found = label_of(spec, member)
    assert (found.of("zh") if found is not None else None) == label


def test_rows_keep_their_order_where_no_dimension_has_one() -> None:
    rows = [(1, "b", 10), (1, "a", 20)]
    assert in_order(rows, [OPEN]) == rows
    assert in_order(rows, [None]) == rows


def test_rows_are_ordered_by_time_first() -> None:
    rows = [(2, "small", 1), (1, "large", 2), (1, "small", 3)]
    assert in_order(rows, [SIZES]) == [(1, "small", 3), (1, "large", 2), (2, "small", 1)]
