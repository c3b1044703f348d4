"""Output into pipes: no colours, no frames, nothing cut; and quiet when nobody reads."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from metric_pipelines.cli.screen import aligned
from metric_pipelines_tests.cli.conftest import Terminal

ESCAPE = "\x1b"


@pytest.mark.parametrize(
    "words", [["metrics"], ["show", "revenue"], ["scorecard"], ["health"], ["--help"]], ids=" ".join
)
def test_piped_output_has_no_colours_and_no_blanks_at_line_ends(cli: Terminal, words: list[str]) -> None:
    out = cli(*words).out
    assert ESCAPE not in out
    assert "─" not in out.replace("└──", "").replace("├──", "")
    assert [line for line in out.splitlines() if line != line.rstrip()] == []


def test_piped_tables_are_as_wide_as_they_need_to_be(cli: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    line = next(line for line in cli("metrics").lines if line.strip().startswith("revenue "))
    assert line.split("  ")[1:] != []
    assert line.rstrip().endswith("Of the small shop.")


def test_no_color_is_honoured_on_a_terminal(cli: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    coloured = cli("metrics").out
    monkeypatch.setenv("NO_COLOR", "1")
    plain = cli("metrics").out
    assert f"{ESCAPE}[36m" in coloured
    assert f"{ESCAPE}[36m" not in plain


def test_chinese_columns_are_aligned_by_what_they_take_on_a_screen() -> None:
    text = aligned([["名称", "值"], ["净销售额", "1"], ["ab", "20"]], [False, True])
    assert text == "名称      值\n净销售额   1\nab        20\n"


def test_nobody_reading_is_no_error(cli: Terminal) -> None:
    code = "import sys; from metric_pipelines.cli.app import main; sys.exit(main(['metrics']))"
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **cli.environment},
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(write)
    assert done.stderr == ""
    assert done.returncode == 141
