"""The audit trail on both databases, with several writers."""

import threading

from cloud_service.audit.actions import Action
from cloud_service.audit.trail import Actor, record
from cloud_service.audit.verify import verify
from cloud_service.database import make_engine, snapshot, transaction
from cloud_service.models import Base

WRITERS, EACH = 6, 20


def test_entries_of_many_writers_form_one_chain_that_can_be_verified_meanwhile(database_url: str) -> None:
    engine = make_engine(database_url)
    Base.metadata.create_all(engine)
    seen: list[int] = []

    def write(name: str) -> None:
        for number in range(EACH):
            with transaction(engine) as session:
                record(session, Actor(name), Action.IMAGE_SEEN, f"capture-{number}", number=number)

    writers = [threading.Thread(target=write, args=(f"writer-{number}",)) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        with snapshot(engine) as session:
            seen.append(verify(session).position)
    for writer in writers:
        writer.join()

    with snapshot(engine) as session:
        assert verify(session).position == WRITERS * EACH
    assert seen == sorted(seen)
    engine.dispose()
