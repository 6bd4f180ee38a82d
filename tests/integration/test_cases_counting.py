"""Counts that many pages share, on both databases."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from cloud_service.cases import worklist
from cloud_service.cases.counting import CaseCounter
from cloud_service.cases.worklist import Filters, Holder
from cloud_service.database import snapshot, transaction
from cloud_service.models import Case
from shared.vocabulary import WorkQueue
from tests.support.clock import HandClock
from tests.support.waiting import PATIENCE
from tests.support.web import ApiServer, add_analysed

ALL = Filters()
SUSPICIOUS, ORDINARY = 0.9, 0.1


@pytest.fixture
def server(server_on_both: ApiServer) -> ApiServer:
    """With two critical cases and a routine one."""
    for number, probability in enumerate((SUSPICIOUS, SUSPICIOUS, ORDINARY)):
        add_analysed(server_on_both, number * 10, probability)
    return server_on_both


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Filters]:
    """What the database was asked to count."""
    found: list[Filters] = []
    count = worklist.counts

    def noted(session: Session, filters: Filters) -> tuple[dict[WorkQueue, int], int]:
        found.append(filters)
        return count(session, filters)

    monkeypatch.setattr(worklist, "counts", noted)
    return found


def critical(server: ApiServer, counter: CaseCounter, filters: Filters) -> int:
    with snapshot(server.engine) as session:
        return counter.count(session, filters).queues[WorkQueue.CRITICAL]


def hold(server: ApiServer, number: int, user: str) -> None:
    with transaction(server.engine) as session:
        chosen = session.scalar(select(Case.id).order_by(Case.latest_at).offset(number).limit(1))
        session.execute(update(Case).where(Case.id == chosen).values(held_by=user, state="claimed"))


def test_all_who_ask_alike_within_a_second_share_one_count(server: ApiServer, asked: list[Filters]) -> None:
    clock = HandClock()
    counter = CaseCounter(clock)
    for user in ("h.meier", "k.osei"):
        assert critical(server, counter, Filters(user=user, states=[])) == 2
    assert len(asked) == 1
    clock.now += 1.1
    assert critical(server, counter, ALL) == 2
    assert len(asked) == 2


def test_a_shared_count_says_that_it_is_older_than_what_happened(server: ApiServer) -> None:
    clock = HandClock()
    counter = CaseCounter(clock)
    with snapshot(server.engine) as session:
        first = counter.count(session, ALL)
    add_analysed(server, 100, SUSPICIOUS)
    with snapshot(server.engine) as session:
        shared = counter.count(session, ALL)
    assert shared == first
    clock.now += 1.1
    with snapshot(server.engine) as session:
        new = counter.count(session, ALL)
    assert new.queues[WorkQueue.CRITICAL] == 3
    assert new.position > shared.position


def test_other_questions_are_counted_apart(server: ApiServer, asked: list[Filters]) -> None:
    counter = CaseCounter(HandClock())
    assert critical(server, counter, ALL) == 2
    assert critical(server, counter, Filters(within="south")) == 0
    assert critical(server, counter, Filters(search="ffff")) == 0
    assert len(asked) == 3


def test_what_somebody_holds_is_always_counted_anew_and_nobody_else_gets_it(server: ApiServer) -> None:
    counter = CaseCounter(HandClock())
    mine = Filters(holder=Holder.MINE, user="h.meier")
    assert critical(server, counter, mine) == 0
    hold(server, 0, "h.meier")
    assert critical(server, counter, mine) == 1
    assert critical(server, counter, Filters(holder=Holder.MINE, user="k.osei")) == 0


def test_mine_and_unclaimed_are_what_is_mine_and_what_nobody_holds(server: ApiServer, asked: list[Filters]) -> None:
    hold(server, 0, "h.meier")
    counter = CaseCounter(HandClock())
    found = {
        user: critical(server, counter, Filters(holder=Holder.MINE_OR_UNCLAIMED, user=user))
        for user in ("h.meier", "k.osei")
    }
    assert found == {"h.meier": 2, "k.osei": 1}
    assert [filters.holder for filters in asked].count(Holder.UNCLAIMED) == 1


def test_who_finds_another_one_counting_takes_the_last_answer(
    server: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = HandClock()
    counter = CaseCounter(clock)
    assert critical(server, counter, ALL) == 2
    add_analysed(server, 100, SUSPICIOUS)
    clock.now += 1.1
    counting, go_on = threading.Event(), threading.Event()
    count = worklist.counts

    def slow(session: Session, filters: Filters) -> tuple[dict[WorkQueue, int], int]:
        counting.set()
        assert go_on.wait(PATIENCE)
        return count(session, filters)

    monkeypatch.setattr(worklist, "counts", slow)
    with ThreadPoolExecutor(1) as other:
        anew = other.submit(critical, server, counter, ALL)
        assert counting.wait(PATIENCE)
        assert critical(server, counter, ALL) == 2
        go_on.set()
        assert anew.result(PATIENCE) == 3


def test_an_answer_that_took_long_is_kept_for_ten_times_as_long(
    server: ApiServer, monkeypatch: pytest.MonkeyPatch, asked: list[Filters]
) -> None:
    clock = HandClock()
    counter = CaseCounter(clock)
    count = worklist.counts

    def takes_a_second(session: Session, filters: Filters) -> tuple[dict[WorkQueue, int], int]:
        clock.now += 1.0
        return count(session, filters)

    monkeypatch.setattr(worklist, "counts", takes_a_second)
    critical(server, counter, ALL)
    clock.now += 9.0
    critical(server, counter, ALL)
    assert len(asked) == 1
    clock.now += 2.0
    critical(server, counter, ALL)
    assert len(asked) == 2


def test_a_question_that_failed_is_asked_again(server: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    counter = CaseCounter(HandClock())

    def fails(_session: Session, _filters: Filters) -> None:
        raise OSError("the database is away")

    with monkeypatch.context() as patched:
        patched.setattr(worklist, "counts", fails)
        with pytest.raises(OSError, match="away"):
            critical(server, counter, ALL)
    assert critical(server, counter, ALL) == 2
