"""An alert as values: what is not published, since when, whose it is, and whom it concerns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from metric_pipelines.dictionary.channel_definitions import AlertEvent, Channel
from metric_pipelines.dictionary.yaml_types import Owners, Text

CauseState = Literal["withheld", "unavailable", "waiting", "missing"]


@dataclass(frozen=True)
class Affected:
    """A metric that an alert is about, and its months."""

    name: str
    label: Text
    department: str
    tier: int
    owners: Owners
    months: tuple[str, ...]


@dataclass(frozen=True)
class Cause:
    """A root cause: an asset that is withheld, could not be read, or was not computed.

    `reasons` by month; `since` is the first attempt that failed after the last good publication, `before`
    that publication. `own` is the asset itself where it is a metric; `blocked` are the metrics that wait for
    it, or, where an unreadable source blocks none, those that are computed from it.
    """

    asset: str
    label: Text
    state: CauseState
    reasons: tuple[tuple[str, Text], ...]
    owners: Owners
    since: datetime | None = None
    since_run: str = ""
    before: datetime | None = None
    own: Affected | None = None
    blocked: tuple[Affected, ...] = ()
    is_blocking: bool = True

    @property
    def metrics(self) -> tuple[Affected, ...]:
        """All metrics it concerns, its own first."""
        return ((self.own,) if self.own else ()) + self.blocked

    @property
    def event(self) -> AlertEvent:
        """What a channel calls it under `on`."""
        return self.state if self.state in ("withheld", "unavailable") else "failed"


@dataclass(frozen=True)
class Alert:
    """What one run has to tell: root causes, or the error it ended with, or both; `sample` marks a test."""

    center: Text
    run_id: str
    link: str
    time_zone: str
    causes: tuple[Cause, ...] = ()
    error: str = ""
    sample: bool = False

    def metrics(self) -> dict[str, Affected]:
        """The metrics it concerns, each once."""
        return {metric.name: metric for cause in self.causes for metric in cause.metrics}


def meant_for(alert: Alert, channel: Channel) -> Alert | None:
    """What a channel is told of an alert; None where nothing of it is for that channel."""
    if alert.sample:
        return alert
    causes = tuple(_chosen(alert, channel))
    error = alert.error if "failed" in channel.on else ""
    return replace(alert, causes=causes, error=error) if causes or error else None


def _chosen(alert: Alert, channel: Channel) -> Iterator[Cause]:
    narrow = bool(channel.departments or channel.owners or channel.tier < 3)
    for cause in alert.causes:
        if cause.event not in channel.on:
            continue
        if not narrow or _owned(cause, channel):
            yield cause
            continue
        mine = tuple(metric for metric in cause.blocked if _concerns(metric, channel))
        own = cause.own if cause.own is not None and _concerns(cause.own, channel) else None
        if mine or own is not None:
            yield replace(cause, own=own, blocked=mine)


def _owned(cause: Cause, channel: Channel) -> bool:
    """Whether a source or model that is no metric is one of the channel's owners'."""
    asked_more = bool(channel.departments) or channel.tier < 3
    return cause.own is None and not asked_more and _among(cause.owners, channel)


def _concerns(metric: Affected, channel: Channel) -> bool:
    return (
        (not channel.departments or metric.department in channel.departments)
        and (not channel.owners or _among(metric.owners, channel))
        and metric.tier <= channel.tier
    )


def _among(owners: Owners, channel: Channel) -> bool:
    return owners.business in channel.owners or owners.technical in channel.owners
