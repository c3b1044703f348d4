"""MetricFlow's own fixture manifests, as its parser reads them and as the JSON that dbt would write."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import metricflow_semantics.test_helpers.semantic_manifest_yamls as fixtures
from metricflow_semantic_interfaces.parsing.dir_to_model import (
    parse_directory_of_yaml_files_to_semantic_manifest,
)

FOLDER = Path(fixtures.__file__).parent
NAMES = sorted(p.parent.name for p in FOLDER.glob("*/project_configuration.yaml"))
INVALID = {"config_linter_manifest": "does not define a primary entity", "shared": "No semantic models"}
VALID = [name for name in NAMES if name not in INVALID]
VARIABLES = {"source_schema": "demo"}


@cache
def json_of(name: str) -> str:
    """The fixture as MetricFlow parses and completes it, in the form of `semantic_manifest.json`."""
    built = parse_directory_of_yaml_files_to_semantic_manifest(
        str(FOLDER / name), VARIABLES, raise_issues_as_exceptions=False
    )
    return str(built.semantic_manifest.json())
