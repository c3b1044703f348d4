"""Bad definitions and what is said of them: each case of `bad_definitions/` is a change of the small center
and the problem it must lead to, with file, line, what was found, what was expected and what to do.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from metric_pipelines.dictionary.validation import load_valid_center
from metric_pipelines.errors import InvalidCenterError, Problem
from metric_pipelines_tests.small_shop import Shop

FOLDER = Path(__file__).parent / "bad_definitions"
KEYS = {"case", "edits", "problems", "any", "at", "found", "expected", "remedy"}
CASES: dict[str, dict[str, Any]] = {
    f"{file.stem}: {case['case']}": case
    for file in sorted(FOLDER.glob("*.yaml"))
    for case in yaml.safe_load(file.read_text(encoding="utf-8"))
}


def problems(shop: Shop, case: dict[str, Any]) -> list[Problem]:
    for edit in case["edits"]:
        shop.edit(**edit)
    with pytest.raises(InvalidCenterError) as caught:
        load_valid_center(shop.center)
    return caught.value.problems


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_bad_definition_is_told_with_place_and_remedy(small_center: Path, case: dict[str, Any]) -> None:
    assert case.keys() <= KEYS
    found = problems(Shop(small_center, small_center), case)
    shown = "\n".join(map(str, found)).replace(f"{small_center}/", "")
    if not case.get("any"):
        assert len(found) == case.get("problems", 1), shown
    for problem in found:
        said = {
            "at": problem.where,
            "found": problem.found,
            "expected": problem.expected,
            "remedy": problem.remedy,
        }
        plain = {key: text.replace(f"{small_center}/", "") for key, text in said.items()}
        if plain["at"] == case["at"] and all(case.get(key, "") in text for key, text in plain.items()):
            return
    raise AssertionError(shown)


def test_there_are_enough_cases_of_each_kind() -> None:
    counts = {file.stem: sum(name.startswith(f"{file.stem}:") for name in CASES) for file in FOLDER.iterdir()}
    assert counts["metrics"] + counts["quarrels"] >= 20
    assert counts["sources"] >= 6


@pytest.mark.parametrize("marked", ["revenue", "small_revenue"])
def test_a_mark_in_either_metric_of_a_pair_lets_it_be(small_center: Path, marked: str) -> None:
    shop = Shop(small_center, small_center)
    other = "small_revenue" if marked == "revenue" else "revenue"
    for name in ("revenue", "small_revenue"):
        shop.edit(
            f"metrics/sales/{name}.yaml", "department: sales", "synonyms: [turnover]\ndepartment: sales"
        )
    shop.edit(
        f"metrics/sales/{marked}.yaml",
        "department: sales",
        f"intended: [{{with: {other}, reason: {{zh: 两种口径都叫营业额}}}}]\ndepartment: sales",
    )
    assert len(load_valid_center(small_center).metrics) == 11


def test_metrics_of_one_computation_are_told_one_by_one_and_not_pair_by_pair(small_center: Path) -> None:
    shop = Shop(small_center, small_center)
    for name in ("rows_one", "rows_two", "rows_three"):
        shop.add_metric(name, "orders_placed")
    with pytest.raises(InvalidCenterError) as caught:
        load_valid_center(small_center)
    found = [problem.found for problem in caught.value.problems]
    assert len(found) == 3
    assert found[-1].endswith("; it is computed as rows_one, rows_three too")


def test_a_draft_quarrels_with_nobody(small_center: Path) -> None:
    draft = "name: takings\nlabel: Revenue\ndepartment: sales\ntype: draft\nsynonyms: [revenue]\n"
    (small_center / "metrics/sales/takings.yaml").write_text(draft)
    assert list(load_valid_center(small_center).drafts) == ["takings"]
