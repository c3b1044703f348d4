"""Drafts stand in the dictionary and are not computed: no asset, no version, nothing derives from them."""

from __future__ import annotations

from pathlib import Path

import pytest

from metric_pipelines.dictionary.effective import definitions_of
from metric_pipelines.dictionary.graph import build_graph
from metric_pipelines.dictionary.validation import load_valid_center
from metric_pipelines.errors import InvalidCenterError

LEAST = "name: churn\nlabel: {en: Churn, zh: 流失率}\ndepartment: service\ntype: draft\n"


def write(center: Path, text: str, name: str = "churn") -> Path:
    file = center / "metrics" / "service" / f"{name}.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def problems(center: Path) -> list[str]:
    with pytest.raises(InvalidCenterError) as caught:
        load_valid_center(center)
    return [str(problem) for problem in caught.value.problems]


def test_name_label_and_department_are_enough(small_center: Path) -> None:
    write(small_center, LEAST)
    center = load_valid_center(small_center)
    assert list(center.drafts) == ["churn"]
    assert "churn" not in center.metrics


def test_a_draft_says_what_is_missing(small_center: Path) -> None:
    write(small_center, LEAST + "code: SRV-9\nowners: {business: service@example.com}\n")
    missing = load_valid_center(small_center).drafts["churn"].missing()
    assert missing[0] == "type"
    assert {"description", "unit", "owners.technical", "reviewed_on"} <= set(missing)
    assert not {"code", "label", "owners.business"} & set(missing)


def test_a_draft_is_no_asset_and_changes_no_definition_in_force(small_center: Path) -> None:
    before = load_valid_center(small_center)
    write(small_center, LEAST)
    after = load_valid_center(small_center)
    assert definitions_of(after) == definitions_of(before)
    assert "metrics/churn" not in build_graph(after, "2024-03").nodes


def test_no_metric_derives_from_a_draft(small_center: Path) -> None:
    file = write(small_center, LEAST)
    average = small_center / "metrics" / "sales" / "average_order.yaml"
    average.write_text(average.read_text().replace("denominator: orders_placed", "denominator: churn"))
    [found] = problems(small_center)
    assert "metric 'churn' is a draft" in found
    assert f"{average}:" in found
    assert f"say how churn is computed, in {file}:4" in found


def test_the_code_of_a_draft_is_its_own(small_center: Path) -> None:
    write(small_center, LEAST + "code: SAL-001\n")
    assert "code 'SAL-001' is that of revenue too" in problems(small_center)[0]


def test_the_name_of_a_draft_is_its_own(small_center: Path) -> None:
    write(small_center, LEAST.replace("churn", "revenue"), "revenue")
    assert "'revenue' is defined twice" in problems(small_center)[0]


def test_the_department_of_a_draft_is_known(small_center: Path) -> None:
    write(small_center, LEAST.replace("department: service", "department: servce"))
    assert "did you mean 'service'" in problems(small_center)[0]


def test_an_unknown_key_of_a_draft_is_found_at_its_line(small_center: Path) -> None:
    file = write(small_center, LEAST + "formula_in_word: a / b\n")
    [problem] = problems(small_center)
    assert problem.startswith(f"{file}:5: unknown key 'formula_in_word'; expected: one of caveats, code,")
    assert problem.endswith("to do: did you mean 'formula_in_words'?")
