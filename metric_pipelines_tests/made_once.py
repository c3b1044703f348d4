"""What a test run makes once: by the first worker that asks for it, while the others wait."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from filelock import FileLock

Made = TypeVar("Made")


def once(folder: Path, make: Callable[[], Made]) -> Made:
    """Fills a folder that all workers share; returns what making it returned, to each who asks."""
    done = folder.with_suffix(".done")
    with FileLock(folder.with_suffix(".lock")):
        if not done.exists():
            assert not folder.exists(), f"{folder.name} failed before"
            done.write_bytes(pickle.dumps(make()))
        made: Made = pickle.loads(done.read_bytes())
        return made
