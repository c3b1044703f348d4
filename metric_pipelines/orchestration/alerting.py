"""Tells people at the end of a refresh: once a run, whoever started it, and without a say in how it ends.

A run that read no sources is the sensor's, which finishes what was begun elsewhere: it tells only what nobody
was told of yet. So a materialization in the UI that withholds a month is told once, by the refresh that
follows it. What an alert says is composed in `publication/causes.py` and `notifications/`.
"""

import os
from dataclasses import dataclass

import dagster as dg

from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.errors import MetricPipelinesError
from metric_pipelines.ledger.ledger import Ledger
from metric_pipelines.notifications.alert import Alert, Cause
from metric_pipelines.notifications.sending import Delivery, send_once
from metric_pipelines.publication.causes import causes_of, newest_attempt
from metric_pipelines.publication.plan import Facts, Scope
from metric_pipelines.publication.workshop import Workshop
from metric_pipelines.settings import Settings

TOLD = "alerted_until"
"""Mark: the newest failed attempt that somebody was told of."""


@dataclass(frozen=True)
class Alarm:
    """The channels of a center, and the ledger that keeps what they were told."""

    center: Center
    ledger: Ledger

    def after(
        self,
        context: dg.OpExecutionContext,
        shop: Workshop,
        scope: Scope,
        error: Exception | None = None,
    ) -> None:
        """Tells what is not published after a refresh, and the error it ended with; never raises."""
        if not self.center.channels:
            return
        try:
            facts = shop.facts()
            causes = causes_of(facts, scope, self.ledger)
            if causes or error is not None:
                self._tell(context, facts, scope, causes, error)
        except Exception as fault:  # noqa: BLE001 (an alert must not change how the refresh ends)
            context.log.error(f"no alert could be sent: {type(fault).__name__}: {fault}")

    def without_shop(self, context: dg.OpExecutionContext, error: Exception) -> None:
        """Tells the error of a refresh that could not even look at what is due; never raises."""
        try:
            self._send(context, (), error)
        except Exception as fault:  # noqa: BLE001 (as above)
            context.log.error(f"no alert could be sent: {type(fault).__name__}: {fault}")

    def _tell(
        self,
        context: dg.OpExecutionContext,
        facts: Facts,
        scope: Scope,
        causes: tuple[Cause, ...],
        error: Exception | None,
    ) -> None:
        told = int(self.ledger.noted(TOLD) or 0)
        newest = newest_attempt(facts, causes)
        if error is None and scope.read_since is None and newest <= told:
            context.log.info("no alert: all of it was told before")
            return
        taken = [delivery for delivery in self._send(context, causes, error) if delivery.error is None]
        everything = causes_of(facts, Scope(), self.ledger)
        if taken and newest >= newest_attempt(facts, everything):
            self.ledger.note(TOLD, str(max(told, newest)))

    def _send(
        self, context: dg.OpExecutionContext, causes: tuple[Cause, ...], error: Exception | None
    ) -> list[Delivery]:
        alert = Alert(
            center=self.center.settings.label,
            run_id=context.run_id,
            link=f"{Settings().dagster_address}/runs/{context.run_id}",
            time_zone=self.center.settings.time_zone,
            causes=causes,
            error=_words(error) if error is not None else "",
        )
        channels, lang = self.center.channels.values(), self.center.settings.language
        deliveries = send_once(alert, channels, lang, dict(os.environ), self.ledger)
        for delivery in deliveries:
            if delivery.error is None:
                context.log.info(f"alert: channel {delivery.channel} ({delivery.service}) took it")
            else:
                context.log.warning(f"alert: channel {delivery.channel} did not take it: {delivery.error}")
        return deliveries


def _words(error: Exception) -> str:
    return str(error) if isinstance(error, MetricPipelinesError) else f"{type(error).__name__}: {error}"
