"""Models of the YAML: a channel of alerts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from metric_pipelines.dictionary.yaml_types import Email, Name, Strict, each_once

AlertEvent = Literal["withheld", "unavailable", "failed"]


class Channel(Strict):
    """Where alerts go: an Apprise URL whose secret parts are taken from the environment as `${NAME}`.

    `departments`, `owners` and `tier` narrow it to alerts about a metric that meets all of them.
    """

    name: Annotated[Name, Field(max_length=60)]
    url: Annotated[str, Field(min_length=1)]
    language: Literal["en", "zh"] | None = None
    on: Annotated[list[AlertEvent], AfterValidator(each_once), Field(min_length=1)] = Field(
        default_factory=lambda: list(ALERT_EVENTS)
    )
    departments: list[Name] = Field(default_factory=list)
    owners: list[Email] = Field(default_factory=list)
    tier: Annotated[int, Field(ge=1, le=3)] = 3
    allow_private: bool = False


ALERT_EVENTS: tuple[AlertEvent, ...] = ("withheld", "unavailable", "failed")
