"""docs/reference says what the code says, and leaves nothing out."""

from __future__ import annotations

import inspect

from metric_pipelines import errors
from metric_pipelines.cli.app import build
from metric_pipelines.cli.help_page import commands_of
from metric_pipelines.cli.reference import FOLDER, YAML_FILES, pages
from metric_pipelines.cli.yaml_keys import KEYS
from metric_pipelines.dictionary import (
    channel_definitions,
    definitions,
    drafts,
    saved_queries,
    source_definitions,
    yaml_types,
)
from metric_pipelines.settings import Settings
from metric_pipelines_tests.cli.conftest import Terminal


def test_the_pages_are_up_to_date(cli: Terminal) -> None:
    said = cli("docs", "--check")
    assert said.code == 0, said.err
    assert {file.name for file in FOLDER.glob("*.md")} == set(pages())


def test_every_command_and_option_is_documented() -> None:
    text = pages()["commands.md"]
    for path, command in commands_of(build("en")):
        if command.hidden:
            assert f"## {path}" not in text
            continue
        assert not path or f"\n## {path}\n" in text
        assert all(name in text for option in command.params for name in option.opts if name.startswith("--"))


def test_every_setting_is_documented() -> None:
    assert all(f"METRIC_PIPELINES_{name.upper()}" in pages()["settings.md"] for name in Settings.model_fields)


def test_every_error_is_documented() -> None:
    kinds = [
        c
        for _, c in inspect.getmembers(errors, inspect.isclass)
        if issubclass(c, errors.MetricPipelinesError)
    ]
    text = pages()["errors.md"]
    assert all(f"`{kind.__name__}`" in text for kind in kinds if kind is not errors.MetricPipelinesError)


def test_every_kind_of_yaml_block_is_documented() -> None:
    shown = {model for models in YAML_FILES.values() for model in models}
    models = {
        model
        for module in (
            definitions,
            source_definitions,
            yaml_types,
            drafts,
            channel_definitions,
            saved_queries,
        )
        for _, model in inspect.getmembers(module, inspect.isclass)
        if issubclass(model, yaml_types.Strict) and model not in (yaml_types.Strict, yaml_types.Text)
    }
    assert models == shown
    assert set(KEYS) == {model.__name__ for model in shown}


def test_pages_do_not_change_from_run_to_run() -> None:
    assert pages() == pages()
    assert "0x" not in "".join(pages().values())
