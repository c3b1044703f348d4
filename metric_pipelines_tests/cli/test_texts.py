"""Every text in both languages, with the same places to fill."""

from __future__ import annotations

import re
from string import Formatter

import pytest

from metric_pipelines.cli.help_texts import HELP, TYPERS_OWN
from metric_pipelines.cli.texts import TEXTS, Words
from metric_pipelines_tests.cli.conftest import Terminal

LATIN = re.compile(r"[A-Za-z]")
TABLES = [["metrics"], ["scorecard"], ["health"], ["refresh", "--dry-run"]]


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("key", TEXTS)
def test_a_text_is_there_in_both_languages(key: str) -> None:
    english, chinese = TEXTS[key]
    assert english
    assert re.search(r"[\u4e00-\u9fff]", chinese), chinese
    # `{n} more` counts the rest, its Chinese the whole.
    assert places(english) ^ places(chinese) <= {"n", "total"}


def test_help_is_there_in_both_languages() -> None:
    texts = [
        both for h in HELP.values() for both in (h.short, *h.parameters.values(), *(e[1] for e in h.examples))
    ]
    for english, chinese in [*texts, *TYPERS_OWN.values()]:
        assert english
        assert re.search(r"[\u4e00-\u9fff]", chinese), chinese


@pytest.mark.parametrize("words", TABLES, ids=" ".join)
def test_chinese_headers_hold_no_english(cli: Terminal, words: list[str]) -> None:
    title, header, *_ = [line for line in cli("--lang", "zh", *words).lines if line.strip()]
    assert not LATIN.search(title.split("   ")[0].replace("Small shop", "")), title
    assert not LATIN.search(header), header


def test_an_unknown_unit_stays_as_it_is() -> None:
    assert Words("zh").unit("households") == "户"
    assert Words("zh").unit("USD") == "USD"
    assert Words("en").unit("households") == "households"
