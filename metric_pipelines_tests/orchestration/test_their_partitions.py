"""Which months a partition of somebody else's asset is about, told by its key."""

from __future__ import annotations

import pytest

from metric_pipelines.orchestration.their_partitions import months_of


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (["2024-01", "2024-02"], {"2024-01": ["2024-01"], "2024-02": ["2024-02"]}),
        (["2024-01-01", "2024-02-01"], {"2024-01-01": ["2024-01"], "2024-02-01": ["2024-02"]}),
        (["2024-01-30", "2024-01-31"], {"2024-01-30": ["2024-01"], "2024-01-31": ["2024-01"]}),
        (["2024-01-22", "2024-01-29"], {"2024-01-22": ["2024-01"], "2024-01-29": ["2024-01", "2024-02"]}),
        (["2024-01-31-23:00", "2024-01-31-22:00"], {"2024-01-31-23:00": ["2024-01"]}),
        (["", "emea", "2024-13-01"], {"": [""], "emea": [""], "2024-13-01": [""]}),
        (["emea|2024-02-14", "emea|2024-02-15"], {"emea|2024-02-14": ["2024-02"]}),
    ],
    ids=["months", "first days", "days", "weeks", "hours of one day", "no date", "two dimensions"],
)
def test_months_of_a_key(keys: list[str], expected: dict[str, list[str]]) -> None:
    assert expected.items() <= months_of(keys).items()


def test_years_are_all_on_the_first_of_january() -> None:
    found = months_of(["2023-01-01", "2024-01-01"])
    assert found["2024-01-01"] == [f"2024-{month:02d}" for month in range(1, 13)]


@pytest.mark.parametrize(
    ("keys", "key", "last"),
    [
        (["2024-01-01", "2024-04-01", "2024-07-01"], "2024-07-01", "2024-09"),
        (["2023-04-01", "2024-04-01"], "2023-04-01", "2024-03"),
        (["2024-01-08", "2024-01-22", "2024-02-19"], "2024-01-22", "2024-02"),
        (["2024-01-30", "2024-01-31", "2024-02-05"], "2024-01-31", "2024-01"),
    ],
    ids=["quarters", "years of a business", "fortnights", "days with a gap"],
)
def test_a_partition_lasts_as_long_as_from_one_to_the_next(keys: list[str], key: str, last: str) -> None:
    assert months_of(keys)[key][-1] == last


def test_a_month_in_another_zone_begins_in_the_month_before_here() -> None:
    found = months_of(["2024-01-01", "2024-02-01"], ("UTC", "America/New_York"))
    assert found["2024-02-01"] == ["2024-01", "2024-02"]
