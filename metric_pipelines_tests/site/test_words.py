"""The texts of the pages: both languages, the same words as on the command line, reasons in words."""

from __future__ import annotations

import re
from string import Formatter
from typing import Any

import pytest

from metric_pipelines.cli import texts as cli
from metric_pipelines.dictionary.yaml_types import Text
from metric_pipelines.findings import in_words
from metric_pipelines.ledger.ledger import Verdict
from metric_pipelines.site.texts import KEYS, TEXTS
from metric_pipelines.site.timeline import differences
from metric_pipelines.site.words import Phrase, both

SAME = {"title", "colon"}


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("key", TEXTS)
def test_a_text_is_there_in_both_languages(key: str) -> None:
    english, chinese = TEXTS[key]
    assert places(english) == places(chinese)
    assert key in SAME or re.search(r"[\u4e00-\u9fff]", chinese) or key == "found.of"


@pytest.mark.parametrize("key", KEYS)
def test_a_key_of_a_definition_has_words(key: str) -> None:
    assert all(KEYS[key])


def test_words_that_the_command_line_has_too_are_the_same() -> None:
    for key, text in TEXTS.items():
        if key == "state.draft":
            assert cli.TEXTS["draft"] == text
        elif key.startswith("state."):
            assert cli.TEXTS[key] == text
        if key.startswith(("direction.", "tier.", "refresh.", "role.", "grain.")):
            assert cli.TEXTS[f"show.{key}"] == text


def test_a_text_that_is_the_same_in_both_languages_stands_once() -> None:
    assert both(Phrase("a < b", "a < b")) == "a &lt; b"
    assert both(Phrase("<a>", "甲")).count("&lt;a&gt;") == 1


def verdict(check: str, **failure: Any) -> Verdict:
    return Verdict(check, "", False, "error", {"failures": [failure]})


@pytest.mark.parametrize(
    ("given", "english", "chinese"),
    [
        (
            verdict(
                "expectations",
                rule="expect_column_mean_to_be_between",
                arguments={"column": "value", "min_value": 7, "max_value": 75},
                result={"observed_value": 228.784},
            ),
            "the mean is 228.78, expected 7 to 75",
            "均值为 228.78，应在 7 至 75 之间",
        ),
        (
            verdict(
                "expectations",
                rule="expect_table_row_count_to_be_between",
                arguments={"min_value": 100},
                result={"observed_value": 3},
            ),
            "the number of rows is 3, expected at least 100",
            "行数为 3，应不小于 100",
        ),
        (
            verdict("contract", rule="greater_than_or_equal_to(0)", column="amount", values=["-3", "-4"]),
            "amount is below 0 (-3, -4)",
            "amount 小于 0 (-3, -4)",
        ),
    ],
)
def test_a_finding_of_a_known_kind_is_said_in_both_languages(
    given: Verdict, english: str, chinese: str
) -> None:
    assert in_words([given], "as it was") == Text(en=english, zh=chinese)


def test_a_finding_of_another_kind_is_said_as_it_was() -> None:
    given = verdict("expectations", rule="expect_something_else", arguments={}, result={})
    assert in_words([given], "as it was") == Text(en="as it was")


def test_what_only_warned_is_no_reason() -> None:
    warned = {"rule": "not_nullable", "column": "a", "values": [], "severity": "warn"}
    severe = {"rule": "not_nullable", "column": "b", "values": [], "severity": "error"}
    given = Verdict("contract", "", False, "error", {"failures": [warned, severe]})
    assert in_words([given], "") == Text(en="b is empty", zh="b 为空")


def test_differences_name_each_key_that_changed() -> None:
    before = {"filter": "a < 1", "label": {"en": "A", "zh": "甲"}, "dimensions": ["x"], "sql": "a\nb\nc"}
    after = {"label": {"en": "B", "zh": "甲"}, "dimensions": ["x", "y"], "sql": "a\nd\nc"}
    found = {d.path: (d.before, d.after) for d in differences(before, after)}
    assert found["label.en"] == ("A", "B")
    assert found["dimensions"] == ("x", "x, y")
    assert found["filter"] == ("a < 1", None)
    assert next(d.lines for d in differences(before, after) if d.path == "sql")[1:] == (
        " a",
        "-b",
        "+d",
        " c",
    )
