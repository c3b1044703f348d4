"""What a refresh does about a fault of ours in one of its parts."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from metric_pipelines.errors import InternalError
from metric_pipelines.ledger.tables import leases
from metric_pipelines.orchestration import refresh_job
from metric_pipelines.orchestration.refresh_job import LAST_REFRESH
from metric_pipelines.publication import steps
from metric_pipelines_tests.end_to_end.center_at_work import CenterAtWork
from metric_pipelines_tests.small_shop import Shop


def test_a_fault_in_one_part_keeps_no_other_from_being_published(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, asked = steps.stage, list[list[str]]()

    def faulty(con: Any, opened: Any, keys: list[str], *rest: Any) -> Any:
        if "metrics/revenue" in keys:
            asked.append(keys)
            raise RuntimeError("a fault of ours")
        return stage(con, opened, keys, *rest)

    at_work = CenterAtWork(shop.home, shop.center)
    monkeypatch.setattr(steps, "stage", faulty)
    before = shop.ledger.mark()
    with pytest.raises(InternalError) as told:
        at_work.refresh(forced=True)
    monkeypatch.undo()
    assert "a fault of ours" in told.value.message()
    assert "metrics/revenue" in told.value.message()
    graph = shop.open().graph
    [together] = {tuple(keys) for keys in asked}
    below = {key for key in graph.nodes if set(together) & set(graph.upstream(key))}
    published = _published(shop, before)
    assert not published & set(together)
    assert set(graph.nodes) - set(together) - below <= published
    assert any(key.startswith("metrics/") for key in published)
    assert at_work.refresh(forced=True).success
    assert _published(shop, before) == set(graph.nodes)


def _published(shop: Shop, since: int) -> set[str]:
    """The assets that were computed and are in force since a mark of the ledger."""
    tried = shop.ledger.attempts_of(shop.open().graph.nodes)
    return {attempt.asset for attempt in tried if attempt.id > since and attempt.state == "published"}


def test_a_refresh_that_has_lost_its_lease_does_nothing_more(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, asked, built = steps.stage, list[list[str]](), list[str]()

    def taken_over(con: Any, opened: Any, keys: list[str], *rest: Any) -> Any:
        if not asked:
            with shop.ledger.writing() as writing:
                writing.execute(sa.update(leases).values(epoch=99, holder="another", host="elsewhere"))
        asked.append(keys)
        return stage(con, opened, keys, *rest)

    noted = shop.ledger.noted(LAST_REFRESH)
    monkeypatch.setattr(steps, "stage", taken_over)
    monkeypatch.setattr(refresh_job, "build_after_refresh", lambda *_: built.append("site"))
    with pytest.raises(InternalError, match="the lease moved on to epoch 99"):
        CenterAtWork(shop.home, shop.center).refresh(forced=True)
    assert len(asked) == 1
    assert built == []
    assert shop.ledger.noted(LAST_REFRESH) == noted
