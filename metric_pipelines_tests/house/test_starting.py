"""Parts of libraries that are loaded when they are used."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from metric_pipelines.starting import when_used

LOADED: list[str] = []
TELLS = f"import {__name__} as told\ntold.LOADED.append(__name__)\nANSWER = 42\n"


@pytest.fixture(autouse=True)
def on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "slow_one.py").write_text(TELLS)
    (tmp_path / "slow_package").mkdir()
    (tmp_path / "slow_package" / "__init__.py").write_text("")
    (tmp_path / "slow_package" / "part.py").write_text(TELLS)
    (tmp_path / "broken_one.py").write_text("raise ImportError('no such library')\n")
    LOADED.clear()
    yield
    for name in [name for name in sys.modules if name.startswith(("slow_", "broken_"))]:
        del sys.modules[name]


def test_an_import_does_not_load_it_and_the_first_use_does() -> None:
    when_used("slow_one")
    module = importlib.import_module("slow_one")
    assert LOADED == []
    assert (module.ANSWER, module.ANSWER) == (42, 42)
    assert LOADED == ["slow_one"]
    assert sys.modules["slow_one"].__dict__["ANSWER"] == 42


def test_a_part_of_a_package_is_loaded_by_its_own_use_alone() -> None:
    when_used("slow_package.part")
    package = importlib.import_module("slow_package")
    assert LOADED == []
    assert package.part.ANSWER == 42
    assert LOADED == ["slow_package.part"]


def test_what_is_loaded_already_or_not_installed_stays_as_it_is() -> None:
    before = importlib.import_module("slow_one")
    when_used("slow_one", "no_such_library")
    assert sys.modules["slow_one"] is before
    assert "no_such_library" not in sys.modules


def test_what_cannot_be_loaded_says_so_at_each_use() -> None:
    when_used("broken_one")
    module = importlib.import_module("broken_one")
    for _ in range(2):
        with pytest.raises(ImportError, match="no such library"):
            _ = module.ANSWER
