"""The house: sizes, names, docstrings, confined libraries, and documents that cannot rot."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "metric_pipelines"
MODULES = sorted(PACKAGE.rglob("*.py"))
WRITTEN = [m for m in MODULES if "migrations/versions" not in m.as_posix()]
CONFINED = {
    "dagster": ("orchestration/", "definitions.py"),
    "dagster_duckdb": ("orchestration/",),
    "metricflow": ("semantics/metricflow_sql.py",),
    "metricflow_semantics": ("semantics/metricflow_sql.py",),
    "metricflow_semantic_interfaces": ("semantics/metricflow_sql.py", "exchange/dbt/semantic_manifest.py"),
    "great_expectations": ("quality/expectations.py",),
    "jinja2": ("site/", "exchange/dbt/conditions.py", "exchange/dbt/saved_queries.py"),
    "vl_convert": ("site/",),
    "pandera": ("quality/contract.py",),
    "apprise": ("notifications/apprise_channel.py",),
    "requests": ("notifications/apprise_channel.py",),
    "sqlalchemy": (
        "ledger/",
        "ingest/",
        "demo/",
        "orchestration/event_log.py",
        "orchestration/event_log_files.py",
        "orchestration/event_log_rows.py",
        "orchestration/their_assets.py",
    ),
}


def named(module: Path) -> str:
    return module.relative_to(PACKAGE).as_posix()


def imported(module: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("module", WRITTEN, ids=named)
def test_a_module_has_a_docstring_and_one_subject(module: Path) -> None:
    text = module.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text)), "a docstring that says what belongs here"
    assert text.count("\n") <= 500
    assert not re.search(r"util|helper|common|misc|manager", module.stem)


@pytest.mark.parametrize("module", WRITTEN, ids=named)
def test_a_function_fits_on_a_screen(module: Path) -> None:
    tree = ast.parse(module.read_text(encoding="utf-8"))
    long = [
        f"{node.name} ({(node.end_lineno or 0) - node.lineno})"
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno > 55
    ]
    assert not long


@pytest.mark.parametrize("library", CONFINED)
def test_a_library_is_known_in_its_room_alone(library: str) -> None:
    allowed = CONFINED[library]
    found = [named(m) for m in MODULES if library in set(imported(m)) and not named(m).startswith(allowed)]
    assert not found


def test_importing_the_package_imports_nothing_heavy() -> None:
    heavy = "{'dagster', 'pandas', 'duckdb', 'great_expectations', 'metricflow', 'pandera', 'sqlalchemy'}"
    code = f"import sys, metric_pipelines; found = {heavy} & set(sys.modules); assert not found, found"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_layers_hold() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_the_readme_counts_the_metrics_of_the_shipped_center() -> None:
    told = re.search(r"^\| (\d+) metrics of every kind", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert told
    assert int(told[1]) == len(list((PACKAGE / "centers/retail/metrics").rglob("*.yaml")))


def test_the_project_names_no_machine_and_no_registry() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    place = re.compile(r"/(?:home|root)/\w|pythonhosted\.org|registry\.npmjs|deb\.debian")
    mine = Path(__file__).relative_to(ROOT).as_posix()
    for name in listed.stdout.split():
        file = ROOT / name
        if name == mine or not file.exists() or file.suffix in {".png", ".lock"}:
            continue
        assert not place.search(file.read_text(encoding="utf-8")), name


def test_the_lock_has_hashes_and_no_addresses() -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert not re.search(r"https?://|file:", text)
    pins = [line for line in text.splitlines() if re.match(r"[A-Za-z0-9]", line)]
    assert pins
    assert all("==" in line for line in pins)
    assert text.count("--hash=sha256:") >= len(pins)
