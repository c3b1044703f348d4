"""What an error of theirs comes to in one line: dagster-dbt names the command first, the cause far below."""

from __future__ import annotations

import re
from itertools import pairwise

LONGEST = 300
LINES = 3
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
PARSED = "Errors parsed from dbt logs:"
OF_A_NODE = re.compile(r"\w+ Error in \w+ (\w+)")
"""How dbt begins the error of a model, seed, snapshot or test: `Database Error in model orders (...)`."""


def telling(message: str, asset: str) -> str:
    """The cause in a message, in one line: of what dbt says, the error of the model that is called like the
    asset, else its first one.
    """
    lines = [line.strip() for line in COLOUR.sub("", message).splitlines() if line.strip()]
    if PARSED in lines:
        found = [
            (m[1], f"{line}: {below}") for line, below in pairwise(lines) if (m := OF_A_NODE.match(line))
        ]
        own = next((text for name, text in found if name == asset), None)
        if found:
            return (own or found[0][1])[:LONGEST]
    return " ".join(lines[:LINES])[:LONGEST]
