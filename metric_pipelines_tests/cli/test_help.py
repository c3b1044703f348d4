"""Help: quick, in two languages, with examples that work."""

from __future__ import annotations

import subprocess
import sys

import pytest

from metric_pipelines.cli.app import build
from metric_pipelines.cli.help_page import commands_of
from metric_pipelines.cli.help_texts import HELP
from metric_pipelines_tests.cli.conftest import Terminal

HEAVY = {
    "dagster",
    "pandas",
    "duckdb",
    "great_expectations",
    "metricflow",
    "pandera",
    "sqlalchemy",
    "sqlglot",
}
PATHS = [path for path, _ in commands_of(build("en"))]


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from metric_pipelines.cli.app import main; main(['--help']); main(['values', '--help']);"
        f"found = {HEAVY} & set(sys.modules); sys.exit(', '.join(sorted(found)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", PATHS)
def test_every_command_teaches_in_both_languages(cli: Terminal, path: str) -> None:
    english = cli(*path.split(), "--help")
    chinese = cli("--lang", "zh", *path.split(), "--help")
    assert (english.code, chinese.code) == (0, 0)
    assert HELP[path].short[0] in english.out
    assert HELP[path].short[1] in chinese.out
    assert "Examples" in english.out
    assert "示例" in chinese.out
    assert not [word for word in ("Usage", "Options", "Show", "default") if word in chinese.out]


@pytest.mark.parametrize("path", PATHS)
def test_examples_use_options_that_exist(path: str) -> None:
    commands = dict(commands_of(build("en")))
    everywhere = {name for option in commands[""].params for name in option.opts}
    for line, _ in HELP[path].examples:
        words = line.split("&&")[0].split(">")[0].split()[1:]
        named = next(p for p in sorted(commands, key=len, reverse=True) if f" {p} " in f" {' '.join(words)} ")
        known = {name for option in commands[named].params for name in option.opts} | everywhere
        assert {word for word in words if word.startswith("--")} <= known


def test_the_package_runs_as_a_module_too() -> None:
    words = [sys.executable, "-m", "metric_pipelines", "values", "--help", "--lang", "en"]
    done = subprocess.run(words, capture_output=True, text=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "metric-pipelines values METRIC [OPTIONS]" in done.stdout


def test_nothing_typed_shows_the_help(cli: Terminal) -> None:
    assert cli().out == cli("--help").out
    assert cli("demo").out == cli("demo", "--help").out


def test_the_language_may_stand_anywhere(cli: Terminal) -> None:
    assert cli("--lang", "zh", "values", "--help").out == cli("values", "--help", "--lang=zh").out


def test_the_language_is_the_centers_where_none_is_asked_for(
    cli: Terminal, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from metric_pipelines.cli.app import main

    monkeypatch.delenv("METRIC_PIPELINES_LANG", raising=False)
    monkeypatch.setenv("METRIC_PIPELINES_CENTER", str(cli.shop.center))
    center = cli.shop.center / "center.yaml"
    assert "language" not in center.read_text()
    assert main(["--help"]) == 0
    assert "Usage" in capsys.readouterr().out
    monkeypatch.setenv("METRIC_PIPELINES_LANG", "zh")
    assert main(["--help"]) == 0
    assert "用法" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words", [["vales"], ["values"], ["values", "revenue", "--grains", "day"], ["up", "--port", "x"]]
)
def test_used_wrongly_is_exit_2_on_stderr(cli: Terminal, words: list[str]) -> None:
    said = cli(*words)
    assert said.code == 2
    assert said.out == ""
    assert "Used wrongly" in said.err
    assert "--help" in said.err


def test_a_language_that_is_not_spoken_is_refused(cli: Terminal) -> None:
    said = cli("metrics", "--lang", "fr")
    assert said.code == 2
    assert "en or zh" in said.err


def test_a_broken_setting_is_named(cli: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METRIC_PIPELINES_PORT", "many")
    said = cli("metrics")
    assert said.code == 3
    assert "METRIC_PIPELINES_PORT" in said.err
    assert "Traceback" not in said.err
