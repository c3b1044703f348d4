"""Drafts: metrics that stand in the dictionary with their words, before anybody said how they are computed.

A draft is a metric's file with `type: draft`. It is listed, searched and shown; it is no asset, and nothing
derives from it. Belongs here: its keys, and what it still lacks. Stays out: where drafts come from
(`exchange/`).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from metric_pipelines.dictionary.definitions import Direction, Metric, MetricCard
from metric_pipelines.dictionary.yaml_types import Day, Email, Name, Strict, Text
from metric_pipelines.errors import UsageError

COMPUTATION = "type"
"""What every draft lacks: `type: simple`, `ratio` ... and its keys."""


class DraftOwners(Strict):
    """Who answers for a draft, as far as it is known."""

    business: Email | None = None
    technical: Email | None = None


class DraftOrigin(Strict):
    """Where a draft was read from: a row of a company's list."""

    file: str
    sheet: str | None = None
    row: Annotated[int, Field(ge=1)]


class DraftMetric(Strict):
    """A metric that is not computed yet: only name, label and department are needed."""

    name: Name
    label: Text
    department: Name
    type: Literal["draft"]
    code: str | None = None
    description: Text | None = None
    purpose: Text | None = None
    counted: Text | None = None
    not_counted: Text | None = None
    caveats: Text | None = None
    scenario: Text | None = None
    synonyms: list[str] = Field(default_factory=list)
    owners: DraftOwners = DraftOwners()
    tier: Annotated[int, Field(ge=1, le=3)] | None = None
    unit: str | None = None
    direction: Direction | None = None
    target: float | None = None
    refresh_frequency: Literal["daily", "weekly", "monthly"] | None = None
    reviewed_on: Day | None = None
    formula_in_words: Text | None = None
    notes: dict[str, str] = Field(default_factory=dict)
    origin: DraftOrigin | None = None

    def missing(self) -> list[str]:
        """The keys that are to be written until it can be computed, the computation first."""
        needed = [name for name, field in MetricCard.model_fields.items() if field.is_required()]
        lacking = [name for name in needed if name != "owners" and not getattr(self, name)]
        owners = [f"owners.{role}" for role in DraftOwners.model_fields if getattr(self.owners, role) is None]
        return [COMPUTATION, *lacking, *owners]

    def not_computed(self) -> UsageError:
        """The answer to whoever asks for its values: what is missing."""
        missing = f"these keys in its file: {', '.join(self.missing())}"
        remedy = f"metric-pipelines show {self.name}"
        return UsageError(f"metrics/{self.name}", "a draft: it is not computed yet", missing, remedy)


MetricFile = Annotated[Metric | DraftMetric, Field(discriminator="type")]
"""What may stand in `metrics/<department>/<name>.yaml`."""
