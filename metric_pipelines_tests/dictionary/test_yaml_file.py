"""What damages silently in YAML is read as written, or refused with its line."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from metric_pipelines.dictionary.yaml_file import MAX_BYTES, MAX_DEPTH, read_yaml
from metric_pipelines.errors import DefinitionError


def read(folder: Path, text: str | bytes) -> Any:
    file = folder / "a.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_yaml(file).value


def refusal(folder: Path, text: str | bytes) -> str:
    with pytest.raises(DefinitionError) as caught:
        read(folder, text)
    return str(caught.value).replace(str(folder) + "/", "")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("no", "no"),
        ("Off", "Off"),
        ("y", "y"),
        ("012", 12),
        ("0o14", "0o14"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("12:30:00", "12:30:00"),
        ("2024-01-05", "2024-01-05"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("true", True),
        ("False", False),
        ("tRUE", "tRUE"),
        ("null", None),
        ("~", None),
        ("", None),
        ("-12.50", -12.5),
        ("1e3", 1000.0),
        ("'12'", "12"),
        ("|\n  12\n", "12\n"),
        ("销售额", "销售额"),
    ],
)
def test_a_plain_scalar_is_what_yaml_1_2_says(tmp_path: Path, written: str, meant: Any) -> None:
    value = read(tmp_path, f"a: {written}")["a"]
    assert value == meant
    assert type(value) is type(meant)


def test_a_key_given_twice_is_refused_with_both_lines(tmp_path: Path) -> None:
    assert refusal(tmp_path, "a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n").startswith(
        "a.yaml:5: key 'c' given twice (first in line 3)"
    )


def test_a_key_given_twice_inside_a_list_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, "a:\n  - {b: 1}\n  - b: 1\n    b: 2").startswith("a.yaml:4: key 'b' given twice")


def test_a_quoted_and_a_plain_key_are_the_same_key(tmp_path: Path) -> None:
    assert "given twice (first in line 1)" in refusal(tmp_path, "'a': 1\na: 2")


@pytest.mark.parametrize(
    "text", ["a: 1\nb: &x 1\n", "a: 1\nb: *x\n", "a: 1\nb: &x {c: *x}\n", "a: 1\nb: &x [*x]\n"]
)
def test_anchors_aliases_and_self_references_are_refused_with_their_line(tmp_path: Path, text: str) -> None:
    assert refusal(tmp_path, text).startswith("a.yaml:2: an anchor or alias")


def test_a_bomb_is_refused_at_once(tmp_path: Path) -> None:
    layers = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    layers += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 10)]
    began = time.monotonic()
    assert "an anchor or alias" in refusal(tmp_path, "\n".join(layers))
    assert time.monotonic() - began < 1


@pytest.mark.parametrize(
    "value",
    ["!x 1", "! x", "!x {b: 1}", "!x [1]", "!!int '5'", "!!set {b}", "!!python/object/apply:os.system [ls]"],
)
def test_tags_are_refused(tmp_path: Path, value: str) -> None:
    assert refusal(tmp_path, f"a: 1\nb: {value}").startswith("a.yaml:2: tag ")


@pytest.mark.parametrize("number", ["1e999", "-1e999", "9" * 5_000, "0." + "1" * 5_000])
def test_a_number_that_no_computer_holds_is_refused_with_its_line(tmp_path: Path, number: str) -> None:
    assert refusal(tmp_path, f"a: 1\nb: {number}").startswith("a.yaml:2: number ")


def test_more_than_a_megabyte_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    began = time.monotonic()
    assert f"at most {MAX_BYTES:,} bytes" in refusal(tmp_path, "a: " + "x" * MAX_BYTES)
    assert time.monotonic() - began < 1


@pytest.mark.parametrize("opening", ["[", "{a: "])
def test_nesting_beyond_the_limit_is_refused_however_deep(tmp_path: Path, opening: str) -> None:
    began = time.monotonic()
    assert "nested deeper than 50" in refusal(tmp_path, "a:\n " + opening * 100_000)
    assert time.monotonic() - began < 1


def test_nesting_within_the_limit_is_read(tmp_path: Path) -> None:
    assert read(tmp_path, "[" * MAX_DEPTH + "]" * MAX_DEPTH) is not None


@pytest.mark.parametrize("raw", [b"a: \xe9\n", "a: é".encode("utf-16"), b"a: \x80"])
def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path, raw: bytes) -> None:
    assert "not UTF-8" in refusal(tmp_path, raw)


@pytest.mark.parametrize(
    ("text", "line"),
    [("a: [1\nb: 2", 1), ("a: 1\n b: 2", 2), ("a: 1\n---\nb: 2", 2), ("a: 1\nb: 'x", 2), ("? [1]\n: 2", 1)],
)
def test_what_is_not_one_document_of_yaml_is_refused_with_its_line(
    tmp_path: Path, text: str, line: int
) -> None:
    assert refusal(tmp_path, text).startswith(f"a.yaml:{line}: ")


def test_a_control_character_is_refused(tmp_path: Path) -> None:
    assert "not YAML" in refusal(tmp_path, "a: \x00")


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    assert read(tmp_path, "\ufeffa: 1") == {"a": 1}


@pytest.mark.parametrize("text", ["", "\n", "# nothing but a comment\n"])
def test_an_empty_file_has_no_value(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text) is None


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match=r"gone\.yaml: cannot be read: No such file"):
        read_yaml(tmp_path / "gone.yaml")


def test_where_names_the_line_of_the_nearest_key_on_the_way(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: 1\nb:\n  - c: 1\n  - c: 2\n")
    file = read_yaml(tmp_path / "a.yaml")
    assert file.where(("b", 1, "c")).endswith("a.yaml:4")
    assert file.where(("b", 1, "missing")).endswith("a.yaml:4")
    assert file.where(("nowhere",)).endswith("a.yaml:1")
