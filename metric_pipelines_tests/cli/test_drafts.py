"""Drafts on the command line: listed and shown as drafts, and never answered with a number."""

from __future__ import annotations

import pytest

import metric_pipelines
from metric_pipelines.errors import UsageError
from metric_pipelines_tests.cli.conftest import Sit, Terminal
from metric_pipelines_tests.small_shop import Shop

DRAFT = """name: churn
label: {en: Churn, zh: 流失率}
department: service
type: draft
code: SRV-9
formula_in_words: {zh: 流失客户数除以期初客户数}
synonyms: [attrition]
notes: {备注: 每月 5 日报送}
origin: {file: 清单.xlsx, sheet: 指标, row: 7}
"""


@pytest.fixture
def drafting(at: Sit, shop: Shop) -> Terminal:
    """A terminal at the published shop, with a draft beside its metrics."""
    (shop.center / "metrics" / "service" / "churn.yaml").write_text(DRAFT, encoding="utf-8")
    return at(shop)


def test_drafts_are_listed_and_found_as_drafts(drafting: Terminal) -> None:
    said = drafting("metrics", "--json").json["metrics"]
    assert [m["name"] for m in said if m["type"] == "draft"] == ["churn"]
    assert drafting("metrics", "attrition", "--json").json["metrics"][0]["name"] == "churn"
    assert "草稿" in drafting("metrics", "流失", "--lang", "zh").out
    assert "1 of them drafts" in drafting("metrics").out


def test_the_card_of_a_draft_says_what_is_missing(drafting: Terminal) -> None:
    said = drafting("show", "流失率")
    assert said.code == 0
    for part in (
        "Churn",
        "draft",
        "流失客户数除以期初客户数",
        "每月 5 日报送",
        "sheet 指标, row 7",
        "`unit`",
    ):
        assert part in said.out
    card = drafting("show", "SRV-9", "--json").json
    assert (card["type"], card["missing"][0]) == ("draft", "type")


@pytest.mark.parametrize("words", [["values"], ["health"], ["show", "--sql"], ["compare", "revenue"]])
def test_a_draft_has_no_numbers_and_says_why(drafting: Terminal, words: list[str]) -> None:
    said = drafting(*words, "churn")
    assert (said.code, said.out) == (2, "")
    assert "a draft: it is not computed yet" in said.err
    assert "owners.technical" in said.err


def test_a_draft_has_no_numbers_in_python_either(drafting: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in drafting.environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match="a draft"):
        metric_pipelines.values("churn")


def test_drafts_are_counted_apart_and_are_on_no_scorecard(drafting: Terminal) -> None:
    counts = drafting("validate", "--json").json["counts"]
    assert (counts["metrics"], counts["drafts"]) == (11, 1)
    assert "churn" not in drafting("scorecard").out
    assert "churn" not in drafting("health").out
    assert "churn" not in drafting("refresh", "--dry-run").out
