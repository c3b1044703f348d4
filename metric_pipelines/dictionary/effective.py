"""The definitions in force as one immutable, content-addressed file: what a run computes by, kept for ever.

The code location writes it when it loads; runs carry its hash as a tag, and refuse to compute by another.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.graph import digest


def definitions_of(center: Center) -> dict[str, Any]:
    """All definitions of a center as plain values: settings, sources, models with their SQL, metrics."""
    return {
        "center": center.settings.model_dump(mode="json"),
        "sources": {name: source.model_dump(mode="json") for name, source in center.sources.items()},
        "models": {name: model.model_dump(mode="json") for name, model in center.models.items()},
        "sql": center.sql,
        "metrics": {name: metric.model_dump(mode="json") for name, metric in center.metrics.items()},
    }


def write_effective(center: Center, home: Path) -> str:
    """Writes `effective/<hash>.json` below the home folder, unless it is there, and returns the hash."""
    definitions = definitions_of(center)
    name = digest(definitions)
    folder = home / "effective"
    target = folder / f"{name}.json"
    if not target.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=folder, delete=False, encoding="utf-8") as file:
            json.dump(definitions, file, ensure_ascii=False, indent=1, sort_keys=True)
        os.replace(file.name, target)  # whole or not at all
    return name
