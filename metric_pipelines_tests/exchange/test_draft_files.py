"""Drafts as files: read back as they are, all or none, never over another; comments stay in `center.yaml`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metric_pipelines.dictionary.center_files import load_center
from metric_pipelines.dictionary.drafts import DraftMetric
from metric_pipelines.dictionary.validation import load_valid_center
from metric_pipelines.dictionary.yaml_file import read_yaml
from metric_pipelines.dictionary.yaml_types import Text
from metric_pipelines.errors import InvalidCenterError, UsageError
from metric_pipelines.exchange.draft_files import draft_yaml, plain_yaml, to_write, with_departments, write


def draft(name: str = "churn", **more: Any) -> DraftMetric:
    given_: dict[str, Any] = {
        "name": name,
        "label": {"zh": "流失率"},
        "department": "service",
        "type": "draft",
    }
    return DraftMetric.model_validate({**given_, **more})


def files_of(center: Path) -> dict[str, bytes]:
    return {str(p.relative_to(center)): p.read_bytes() for p in sorted(center.rglob("*")) if p.is_file()}


def test_a_draft_is_read_back_as_it_was_written(small_center: Path) -> None:
    made = draft(
        code="1e5",
        description={"en": "Lost: 12:30, #1\nand more", "zh": "流失"},
        synonyms=["no", "~", "007", "@x", "=1+1"],
        owners={"business": "a@b.cn"},
        target=0.05,
        notes={"备注": "是: 否", "column H": "- x"},
        origin={"file": "清单.xlsx", "sheet": "指标", "row": 7},
    )
    write(small_center, to_write(small_center, [made], {}, "zh"))
    assert load_center(small_center).drafts == {"churn": made}


TEXTS = st.text(
    st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="\u2028\u2029\ufeff"), max_size=30
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.dictionaries(TEXTS.filter(bool), TEXTS, max_size=4), st.lists(TEXTS, max_size=4))
def test_any_text_is_read_back(tmp_path: Path, notes: dict[str, str], words: list[str]) -> None:
    file = tmp_path / "any.yaml"
    file.write_text(plain_yaml({"notes": notes, "words": words}), encoding="utf-8")
    assert read_yaml(file).value == {"notes": notes, "words": words}


def test_a_draft_is_readable() -> None:
    text = draft_yaml(draft(formula_in_words={"zh": "流失客户数除以期初客户数"}, unit="%"), "zh")
    assert text.splitlines() == [
        "# 草稿：尚未计算。`metric-pipelines show churn` 会列出所缺内容。",
        "name: churn",
        "label: {zh: 流失率}",
        "department: service",
        "type: draft",
        "unit: '%'",
        "formula_in_words: {zh: 流失客户数除以期初客户数}",
    ]


def test_new_departments_are_added_and_all_else_stays(small_center: Path) -> None:
    file = small_center / "center.yaml"
    before = file.read_text(encoding="utf-8")
    added = draft(department="people")
    write(small_center, to_write(small_center, [added], {"people": Text(zh="人力: 资源部")}, "zh"))
    after = file.read_text(encoding="utf-8")
    assert after.startswith(before.rstrip("\n"))
    assert load_valid_center(small_center).settings.departments["people"].label.zh == "人力: 资源部"


@pytest.mark.parametrize(
    "text",
    [
        "departments: {sales: {label: Sales}}  # ours\nname: x\n",
        "departments: {}\nname: x\n",
        "departments:\n    sales: {label: Sales}  # ours\n\n# later\nname: x\n",
        "departments:\n  sales:\n    label:\n      en: Sales\nname: x",
        "name: x\ndepartments:\n  sales:\n    label: Sales",
    ],
)
def test_departments_are_added_in_every_style(text: str, tmp_path: Path) -> None:
    file = tmp_path / "center.yaml"
    file.write_text(with_departments(text, {"people": Text(en="People", zh="人力")}), encoding="utf-8")
    found = read_yaml(file).value
    assert found["name"] == "x"
    assert list(found["departments"])[-1] == "people"
    assert found["departments"]["people"] == {"label": {"en": "People", "zh": "人力"}}
    for comment in ("# ours", "# later"):
        assert (comment in text) == (comment in file.read_text())


def test_no_file_is_ever_overwritten(small_center: Path) -> None:
    files = to_write(small_center, [draft("alpha"), draft("omega")], {}, "en")
    (small_center / "metrics" / "service" / "omega.yaml").write_text("mine", encoding="utf-8")
    before = files_of(small_center)
    with pytest.raises(UsageError, match="has come to be there"):
        write(small_center, files)
    assert files_of(small_center) == before  # alpha is taken away again


def test_what_is_there_is_said_before_anything_is_written(small_center: Path) -> None:
    write(small_center, to_write(small_center, [draft()], {}, "en"))
    with pytest.raises(UsageError, match="there already"):
        to_write(small_center, [draft()], {}, "en")


def test_all_are_written_or_none(small_center: Path) -> None:
    made = [draft("alpha"), draft("omega", department="people")]
    files = to_write(small_center, made, {"people": Text(en="People")}, "en")
    (small_center / "metrics" / "people").write_text("a file where a folder should be")
    before = files_of(small_center)
    with pytest.raises(UsageError, match="cannot be written"):
        write(small_center, files)
    assert files_of(small_center) == before


def test_folders_made_for_what_failed_are_taken_away(small_center: Path) -> None:
    made = [draft("alpha", department="people"), draft("omega")]
    files = to_write(small_center, made, {"people": Text(en="People")}, "en")
    (small_center / "metrics" / "service" / "omega.yaml").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError):
        write(small_center, files)
    assert not (small_center / "metrics" / "people").exists()
    assert "people" not in (small_center / "center.yaml").read_text(encoding="utf-8")


def test_a_center_is_never_made_invalid(small_center: Path) -> None:
    before = files_of(small_center)
    with pytest.raises(InvalidCenterError, match="unknown department"):
        to_write(small_center, [draft(department="nowhere")], {}, "en")
    assert files_of(small_center) == before
