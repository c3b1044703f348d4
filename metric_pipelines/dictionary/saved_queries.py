"""Models of the YAML: a saved query. Rules on it are in `query_rules.py`."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from metric_pipelines.dictionary.definitions import Grain
from metric_pipelines.dictionary.yaml_types import Name, Strict, Text, each_once

DOWN = "-"
"""Before a name of `order_by`: from the highest to the lowest."""


class SavedQuery(Strict):
    """A question kept as code: metrics side by side, by dimensions and period, answered by its name.

    `grain` is the coarsest grain of its metrics where it is not said. `filter` is a condition over dimensions
    that all the metrics have, and over `metric_time`.
    """

    name: Name
    label: Text
    description: Text | None = None
    metrics: Annotated[list[Name], AfterValidator(each_once), Field(min_length=1)]
    by: Annotated[list[str], AfterValidator(each_once)] = Field(default_factory=list)
    grain: Grain | None = None
    filter: str | None = None
    order_by: Annotated[list[str], AfterValidator(each_once)] = Field(default_factory=list)
    limit: Annotated[int, Field(ge=1)] | None = None
