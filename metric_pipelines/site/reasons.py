"""Why a pair is not as of now, in words of both languages."""

from __future__ import annotations

from metric_pipelines.findings import in_words
from metric_pipelines.publication.standing import NOTHING
from metric_pipelines.site.snapshot import Snapshot
from metric_pipelines.site.words import Bilingual, Phrase, say


def reason_of(shot: Snapshot, asset: str, partition: str) -> Bilingual:
    """Why a pair is not as of now; empty where it is published."""
    stand = shot.stands[asset, partition]
    own = shot.facts.history.get((asset, partition), NOTHING)
    if stand.state == "blocked" and stand.because is not None:
        return say("blocked_by", asset=" ".join(stand.because).strip())
    if stand.state == "missing":
        return say("state.missing")
    if own.latest is not None and own.latest.state == "unavailable":
        return say("found.away", reason=own.latest.reason or "")
    if own.last is None or own.last.state != "withheld":
        return Phrase("", "")
    return in_words(shot.verdicts.get(own.last.id, []), own.last.reason or "")
