"""What an alert says, in both languages, and how it fits where it goes."""

from __future__ import annotations

import re
from dataclasses import replace
from string import Formatter

import pytest

from metric_pipelines.dictionary.yaml_types import Text
from metric_pipelines.notifications.alert import Alert, meant_for
from metric_pipelines.notifications.message import compose
from metric_pipelines.notifications.texts import TEXTS
from metric_pipelines_tests.notifications.conftest import LINK, OPERATIONS, SALES, cause, channel, metric

FAR = 100_000


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("key", [key for key in TEXTS if key not in ("comma", "colon", "semicolon")])
def test_a_text_is_there_in_both_languages(key: str) -> None:
    english, chinese = TEXTS[key]
    assert english
    assert re.search(r"[\u4e00-\u9fff]", chinese), chinese
    assert places(english) ^ places(chinese) <= {"n", "total"}


def test_titles_hold_a_word_that_robots_may_ask_for() -> None:
    for key, (english, chinese) in TEXTS.items():
        if key.startswith("title."):
            assert "metric" in english
            assert "指标" in chinese


def test_it_says_what_since_when_which_who_why_and_what_next(alert: Alert) -> None:
    message = compose(alert, "en", markdown=True, most_bytes=FAR)
    assert message.title == "Retail: 3 metric(s) not published"
    for part in (
        "**Net revenue** (metrics/net_revenue) 2024-02: withheld",
        "Since: 2024-03-01 02:00 (America/New_York), run dfeb9ea6",
        "Published before: 2024-02-29 02:00 (America/New_York); those values stay",
        "Likely cause: expectations failed: expect_column_max(max_value=500): observed 5,017",
        "Owners: sales@example.com (business), data@example.com (technical)",
        "Blocks 2 metric(s): Average basket, Revenue growth (2024-02 to 2024-03)",
        "owners: stores@example.com, sales@example.com",
        "**metric-pipelines show net_revenue**",
        "**metric-pipelines refresh**",
        f"[{LINK}]({LINK})",
    ):
        assert part in message.body


def test_chinese_speaks_chinese(alert: Alert) -> None:
    message = compose(alert, "zh", markdown=True, most_bytes=FAR)
    assert message.title == "零售：3 个指标未发布"
    assert "**净销售额** (metrics/net_revenue) 2024-02：暂缓发布" in message.body
    assert "影响 2 个指标：客单价、销售额增长率" in message.body


def test_plain_text_has_no_markup(alert: Alert) -> None:
    body = compose(alert, "en", markdown=False, most_bytes=FAR).body
    assert "**" not in body
    assert "](" not in body
    assert body.endswith(f"This run in Dagster: {LINK}")


def test_an_unreadable_source_that_blocks_nothing_names_what_may_be_out_of_date(alert: Alert) -> None:
    away = cause(
        asset="crm/households",
        state="unavailable",
        reasons=(("", Text(en="crm/households: the database is locked")),),
        own=None,
        blocked=(metric("households", months=()),),
        is_blocking=False,
    )
    message = compose(replace(alert, causes=(away,)), "en", markdown=True, most_bytes=FAR)
    assert message.title == "Retail: 1 metric(s) may be out of date"
    assert "could not be read" in message.body
    assert "1 metric(s) computed from it may be out of date: Households" in message.body
    assert "tries to read it again" in message.body


def test_an_error_of_the_run_is_told_by_its_text(alert: Alert) -> None:
    failed = replace(alert, causes=(), error="run 1: computing metrics/x failed: disk full")
    message = compose(failed, "en", markdown=True, most_bytes=FAR)
    assert message.title == "Retail: the refresh of the metrics failed"
    assert "disk full" in message.body


def test_reasons_of_several_months_are_told_once_each(alert: Alert) -> None:
    said = (Text(en="too high" if month < 3 else "too low") for month in range(1, 5))
    told = cause(reasons=tuple(zip(("2024-01", "2024-02", "2024-03", "2024-04"), said, strict=True)))
    body = compose(replace(alert, causes=(told,)), "en", markdown=True, most_bytes=FAR).body
    assert "2024-01 to 2024-04" in body
    assert [line for line in body.splitlines() if "cause" in line] == [
        "- Likely cause: 2024-01 too high",
        "- Likely cause: 2024-03 too low",
    ]


@pytest.mark.parametrize("room", [300, 1000, 3500])
def test_it_fits_and_says_what_it_leaves_out(alert: Alert, room: int) -> None:
    many = tuple(cause(asset=f"metrics/m{i}", reasons=(("2024-02", Text(en="很" * 500)),)) for i in range(30))
    message = compose(replace(alert, causes=many), "zh", markdown=True, most_bytes=room)
    assert len((message.title + message.body).encode()) <= room
    if room == 3500:
        assert "另有" in message.body
        assert LINK in message.body


def test_a_channel_is_told_of_what_it_asks_for(alert: Alert) -> None:
    assert meant_for(alert, channel("json://x")) == alert
    assert meant_for(alert, channel("json://x", on=["failed", "unavailable"])) is None
    failed = replace(alert, causes=(), error="disk full")
    assert meant_for(failed, channel("json://x", on=["failed"], departments=["finance"])) == failed
    assert meant_for(failed, channel("json://x", on=["withheld"])) is None


def test_a_channel_is_told_of_its_metrics_alone(alert: Alert) -> None:
    of = {
        "departments": ["operations"],
        "owners": [OPERATIONS.business],
    }
    for key, wanted in of.items():
        meant = meant_for(alert, channel("json://x", **{key: wanted}))
        assert meant is not None
        assert set(meant.metrics()) == {"average_basket"}
        assert meant.causes[0].label.en == "Net revenue"  # the cause is told whosever it is
    top = meant_for(alert, channel("json://x", tier=1))
    assert top is not None
    assert set(top.metrics()) == {"net_revenue"}
    assert meant_for(alert, channel("json://x", departments=["finance"])) is None


def test_who_owns_a_source_is_told_of_it(alert: Alert) -> None:
    source = replace(alert, causes=(cause(asset="crm/households", own=None, blocked=()),))
    assert meant_for(source, channel("json://x", owners=[SALES.technical])) == source
    assert meant_for(source, channel("json://x", owners=["other@example.com"])) is None
