"""What the ledger remembers of attempts, groups and versions, and that several processes may write it."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from threading import Timer
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from metric_pipelines.dictionary.graph import GROUP_SIZE
from metric_pipelines.ledger.ledger import Attempt, Ledger, Verdict, now, sqlite_url
from metric_pipelines.ledger.tables import metadata

ROOT = Path(__file__).parents[2]


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(sqlite_url(tmp_path / "ledger.sqlite"))


def attempt(**changes: Any) -> Attempt:
    values: dict[str, Any] = {
        "asset": "metrics/revenue",
        "partition": "2024-01",
        "state": "published",
        "version": "v1",
        "inputs": {"models/order_lines@2024-01": "h1"},
        "run_id": "run",
        "publication": "p1",
        "started_at": now(),
    }
    return Attempt(**values | changes)


def add(ledger: Ledger, *attempts: Attempt) -> list[int]:
    return ledger.add((a, []) for a in attempts)


PAIR = ("metrics/revenue", "2024-01")


def test_the_history_of_a_pair_has_its_last_word_its_last_try_and_its_receipt(ledger: Ledger) -> None:
    ids = add(
        ledger,
        attempt(state="published"),
        attempt(state="withheld"),
        attempt(state="unavailable"),
        attempt(state="abandoned"),
        attempt(state="publishing"),
    )
    own = ledger.history()[PAIR]
    assert own.published is not None
    assert own.published.id == ids[0]
    assert own.last is not None
    assert own.last.id == ids[1]
    assert own.latest is not None
    assert own.latest.id == ids[2]


def test_pairs_have_histories_of_their_own(ledger: Ledger) -> None:
    add(
        ledger,
        attempt(),
        attempt(partition="2024-02", state="withheld"),
        attempt(asset="metrics/costs", partition=""),
    )
    history = ledger.history()
    assert set(history) == {PAIR, ("metrics/revenue", "2024-02"), ("metrics/costs", "")}
    assert history["metrics/revenue", "2024-02"].published is None


def test_an_attempt_comes_back_as_it_was_written(ledger: Ledger) -> None:
    written = attempt(
        data_version="h:8:1",
        column_version=3,
        rows=12,
        snapshot=7,
        reason="because",
        facts={"value": 1.5, "schema": {"a": "DATE"}},
    )
    [number] = add(ledger, written)
    [read] = ledger.attempts_of(["metrics/revenue"])
    same = {k: v for k, v in vars(read).items() if k not in ("id", "started_at")}
    assert same == {k: v for k, v in vars(written).items() if k not in ("id", "started_at")}
    assert read.id == number
    assert read.started_at.replace(tzinfo=UTC) == written.started_at


def test_the_newest_receipt_is_the_one_in_force(ledger: Ledger) -> None:
    add(ledger, attempt(data_version="old"), attempt(data_version="new"))
    published = ledger.history()[PAIR].published
    assert published is not None
    assert published.data_version == "new"


def test_a_publication_that_is_settled_is_published_at_its_snapshot(ledger: Ledger) -> None:
    add(
        ledger,
        attempt(state="publishing", publication="mine"),
        attempt(state="publishing", publication="other", partition="2024-02"),
    )
    assert set(ledger.in_flight()) == {"mine", "other"}
    ledger.settle("mine", 42)
    assert ledger.in_flight() == ["other"]
    published = ledger.history()[PAIR].published
    assert published is not None
    assert (published.state, published.snapshot) == ("published", 42)
    assert published.closed_at is not None


def test_a_publication_without_a_commit_is_abandoned_and_says_nothing(ledger: Ledger) -> None:
    add(ledger, attempt(state="publishing", publication="mine"))
    ledger.settle("mine", None)
    assert ledger.in_flight() == []
    assert ledger.history() == {}
    assert [a.state for a in ledger.attempts_of(["metrics/revenue"])] == ["abandoned"]


def test_settling_again_changes_nothing(ledger: Ledger) -> None:
    add(ledger, attempt(state="publishing", publication="mine"))
    ledger.settle("mine", 42)
    ledger.settle("mine", None)
    published = ledger.history()[PAIR].published
    assert published is not None
    assert published.snapshot == 42


def test_verdicts_come_back_by_attempt_in_their_order(ledger: Ledger) -> None:
    said = [
        Verdict("contract", "pandera", True, "error", {"columns": 3}),
        Verdict("expectations", "great_expectations", False, "warn", {"failures": [{"rule": "r"}]}),
    ]
    one, two = ledger.add([(attempt(), said), (attempt(), [])])
    assert ledger.verdicts([one, two]) == {one: said, two: []}


def test_only_a_failed_error_blocks() -> None:
    assert Verdict("c", "l", False).blocks
    assert not Verdict("c", "l", False, "warn").blocks
    assert not Verdict("c", "l", True).blocks


def test_attempts_of_a_run_and_of_assets_are_found_oldest_first(ledger: Ledger) -> None:
    ids = add(ledger, attempt(run_id="a"), attempt(run_id="b"), attempt(run_id="a", asset="shop/orders"))
    assert [a.id for a in ledger.attempts_of_run("a")] == [ids[0], ids[2]]
    assert [a.id for a in ledger.attempts_of(["metrics/revenue"])] == ids[:2]


def test_the_mark_moves_with_every_attempt(ledger: Ledger) -> None:
    before = ledger.mark()
    add(ledger, attempt(state="withheld"))
    assert ledger.mark() > before


def test_a_noted_value_is_replaced(ledger: Ledger) -> None:
    assert ledger.noted("today") is None
    ledger.note("today", "2024-01-01")
    ledger.note("today", "2024-01-02")
    assert ledger.noted("today") == "2024-01-02"


def test_a_ledger_opened_again_remembers(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "ledger.sqlite")
    add(Ledger(url), attempt())
    assert PAIR in Ledger(url).history()


# Versions and groups


def test_a_computation_keeps_its_column_and_a_new_one_gets_the_next(ledger: Ledger) -> None:
    numbers = [
        ledger.column_versions({"metrics/revenue": (c, {"c": c})})["metrics/revenue"]
        for c in ("one", "two", "one", "three", "two")
    ]
    assert numbers == [1, 2, 1, 3, 2]
    assert ledger.column_versions({"metrics/costs": ("three", {})}) == {"metrics/costs": 1}


def test_a_metric_stays_in_its_table_for_ever(ledger: Ledger) -> None:
    given = {f"m{i:02d}": ledger.tables_of({f"m{i:02d}": "shape"})[f"m{i:02d}"] for i in range(GROUP_SIZE)}
    assert set(given.values()) == {"shape__t1"}
    assert ledger.tables_of({"one_more": "shape"})["one_more"] == "shape__t2"
    assert {m: ledger.tables_of({m: "shape"})[m] for m in given} == given


def test_a_new_metric_fills_the_table_that_has_room_and_moves_no_neighbour(ledger: Ledger) -> None:
    before = [ledger.tables_of({f"m{i}": "shape"})[f"m{i}"] for i in range(3)]
    assert ledger.tables_of({"a_first_by_name": "shape"})["a_first_by_name"] == "shape__t1"
    assert [ledger.tables_of({f"m{i}": "shape"})[f"m{i}"] for i in range(3)] == before


def test_many_tables_of_a_shape_hold_no_more_than_they_may(ledger: Ledger) -> None:
    tables = [ledger.tables_of({f"m{i}": "shape"})[f"m{i}"] for i in range(11 * GROUP_SIZE)]
    assert all(tables.count(t) == GROUP_SIZE for t in set(tables))
    assert len(set(tables)) == 11


def test_a_metric_of_another_shape_gets_a_table_of_that_shape(ledger: Ledger) -> None:
    assert (
        ledger.tables_of({"revenue": "by_day"})["revenue"]
        != ledger.tables_of({"revenue": "by_month"})["revenue"]
    )
    assert ledger.tables_of({"revenue": "by_day"})["revenue"] == "by_day__t1"


# The database


def test_the_migrations_make_exactly_the_tables_that_the_code_reads(ledger: Ledger) -> None:
    with ledger.engine.connect() as con:
        assert compare_metadata(MigrationContext.configure(con, opts={"compare_type": True}), metadata) == []


def test_the_migrations_make_the_indexes_and_keys_that_the_code_names(ledger: Ledger) -> None:
    inspector = sa.inspect(ledger.engine)
    for table in metadata.tables.values():
        assert {i["name"] for i in inspector.get_indexes(table.name)} == {i.name for i in table.indexes}
        assert inspector.get_pk_constraint(table.name)["constrained_columns"] == [
            c.name for c in table.primary_key.columns
        ]


def test_foreign_keys_are_kept(ledger: Ledger) -> None:
    verdict = {
        "attempt_id": 99,
        "check": "c",
        "library": "l",
        "passed": True,
        "severity": "error",
        "detail": {},
    }
    with pytest.raises(sa.exc.IntegrityError), ledger.writing() as con:
        con.execute(sa.insert(metadata.tables["verdicts"]), [verdict])


def test_what_raises_within_a_transaction_is_not_written(ledger: Ledger) -> None:
    def broken() -> Any:
        yield attempt(), []
        raise RuntimeError("in the midst")

    with pytest.raises(RuntimeError):
        ledger.add(broken())
    assert ledger.history() == {}


WRITER = """
import sys
from metric_pipelines.ledger.ledger import Attempt, Ledger, Verdict, now

ledger, who = Ledger(sys.argv[1]), sys.argv[2]
for i in range(25):
    tried = Attempt(who, f"2024-{i % 12 + 1:02d}", "publishing", "v", {}, who, f"{who}-{i}", now())
    ledger.add([(tried, [Verdict("contract", "pandera", True)])])
    ledger.settle(f"{who}-{i}", i)
    ledger.tables_of({f"{who}_{i}": "shape"})[f"{who}_{i}"]
"""


def test_two_processes_write_one_new_ledger_and_nothing_is_lost(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "ledger.sqlite")
    begun = [
        subprocess.Popen([sys.executable, "-c", WRITER, url, who], cwd=ROOT, stderr=subprocess.PIPE)
        for who in ("left", "right")
    ]
    for process in begun:
        _, said = process.communicate(timeout=120)
        assert process.returncode == 0, said.decode()
    ledger = Ledger(url)
    attempts = ledger.attempts_of(["left", "right"])
    assert [
        sum(a.asset == who and a.state == "published" for a in attempts) for who in ("left", "right")
    ] == [25, 25]
    assert all(len(v) == 1 for v in ledger.verdicts(a.id for a in attempts).values())
    with ledger.engine.connect() as con:
        sizes = (
            con.execute(sa.text("select count(*) from groups group by table_name order by 1")).scalars().all()
        )
    assert list(sizes) == [10, GROUP_SIZE]


def test_the_mark_moves_with_what_was_decided_not_with_a_commit_that_failed(ledger: Ledger) -> None:
    before = ledger.mark()
    ledger.add([(attempt(state="publishing"), [])])
    assert ledger.mark() == before
    ledger.settle("p1", None)
    assert ledger.mark() == before, "abandoned"
    ledger.add([(attempt(state="withheld", publication="p2"), [])])
    assert ledger.mark() > before


def test_a_new_ledger_that_another_is_making_is_waited_for(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "ledger.sqlite")
    other = sqlite3.connect(tmp_path / "ledger.sqlite", isolation_level=None, check_same_thread=False)
    other.execute("begin immediate")  # not yet WAL: SQLite refuses the change at once, whatever the timeout
    other.execute("create table theirs (a)")
    made = Timer(0.5, other.execute, ["commit"])
    made.start()
    assert Ledger(url).history() == {}
    made.join()


def test_the_time_of_an_attempt_is_utc() -> None:
    assert now().tzinfo is UTC
    assert abs((now() - datetime.now(UTC)).total_seconds()) < 5
