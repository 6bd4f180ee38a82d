"""The migrations on both databases: they give exactly the tables of the models, and two at a time do no harm."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from cloud_service import migrations
from cloud_service.captures.summary import capture_summary
from cloud_service.cases.aggregate import refresh_cases
from cloud_service.cases.summary import case_summary
from cloud_service.database import make_engine, snapshot, table_of, transaction
from cloud_service.models import KEPT, Capture, Case, Device, EventCounter, Prediction, Site
from shared.vocabulary import CaptureState, Label
from tests.support.web import MODEL_DIGEST, add_answer, capture_fields

PROCESSES = 4


def test_they_give_exactly_the_models_tables(database_url: str) -> None:
    migrations.upgrade(database_url)
    engine = make_engine(database_url)
    with engine.connect() as connection:
        assert migrations.differences(connection) == []
    engine.dispose()


def test_a_table_that_is_missing_is_a_difference(database_url: str) -> None:
    migrations.upgrade(database_url)
    engine = make_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE prediction"))
        assert migrations.differences(connection) != []
    engine.dispose()


def test_several_at_a_time_do_it_once(database_url: str) -> None:
    with ThreadPoolExecutor(PROCESSES) as pool:
        for done in [pool.submit(migrations.upgrade, database_url) for _ in range(PROCESSES)]:
            done.result()
    engine = make_engine(database_url)
    with transaction(engine) as session:
        assert [(row.id, row.value) for row in session.scalars(select(EventCounter))] == [(1, 0)]
        assert session.execute(text("SELECT version_num FROM alembic_version")).scalars().all() == ["0012"]
    engine.dispose()


def test_answers_that_were_given_before_doubts_were_kept_have_none(database_url: str) -> None:
    migrations.upgrade(database_url, "0002")
    engine = make_engine(database_url)
    answer = {
        "model_digest": MODEL_DIGEST,
        "runtime": "fake",
        "probability": 0.25,
        "label": Label.NO_BLAST_FEATURES,
    }
    with transaction(engine) as session:
        capture = old_capture(session, 0)
        add_old_model(session)
        session.execute(insert(table_of(Prediction)).values(id=uuid4(), capture_id=capture.id, **answer))

    migrations.upgrade(database_url)

    with snapshot(engine) as session:
        prediction = capture_summary(session, session.get_one(Capture, capture.id)).prediction
    engine.dispose()
    assert prediction is not None
    assert (prediction.probability, prediction.doubts) == (0.25, [])


def add_old_model(session: Session) -> None:
    """A model as it was kept before there was a registry."""
    columns = "digest, name, version, card, first_used_at"
    session.execute(
        text(f"INSERT INTO model_version ({columns}) VALUES (:digest, 'old', '1', '{{}}', '2026-01-01')"),  # noqa: S608
        {"digest": MODEL_DIGEST},
    )


def old_capture(session: Session, number: int, **changes: Any) -> Capture:
    """A capture, its device and site, written without the columns that came later."""
    fields = capture_fields(number, **changes)
    site = {"id": fields["site_id"]}
    for table, row in ((table_of(Site), site), (table_of(Device), {"id": fields["device_id"], "site_id": site["id"]})):
        if session.execute(select(table.c.id).where(table.c.id == row["id"])).first() is None:
            session.execute(insert(table).values(row))
    session.execute(insert(table_of(Capture)).values(fields))
    return Capture(**fields)


def test_captures_that_are_there_get_their_cases_as_if_they_came_today(database_url: str) -> None:
    migrations.upgrade(database_url, "0003")
    engine = make_engine(database_url)
    with transaction(engine) as session:
        add_old_model(session)
        for number, (case, probability, *doubts) in enumerate(BEFORE):
            site = {"site_id": "south", "device_id": "scope-2"} if case == "d" else {}
            state = CaptureState.STORED if probability is None else CaptureState.ANALYSED
            capture = old_capture(session, number, case_pseudonym=case * 32, state=state, **site)
            if probability is not None:
                add_answer(session, capture, probability, *doubts)
        failed = old_capture(session, 50, case_pseudonym="b" * 32, state=CaptureState.FAILED)
        add_answer(session, failed, 0.9)  # before it was analysed again
        for number, state in enumerate((CaptureState.ANNOUNCED, CaptureState.REFUSED), start=60):
            old_capture(session, number, case_pseudonym="e" * 32, state=state)

    migrations.upgrade(database_url)

    with transaction(engine) as session:
        migrated = {case.pseudonym[0]: case_summary(case) for case in session.scalars(select(Case))}
        captures = session.scalars(select(Capture).where(Capture.state.in_(KEPT))).all()
        today = {case.pseudonym[0]: case for case in refresh_cases(session, captures)}
    engine.dispose()
    assert migrated == today
    assert {name: case.answer for name, case in migrated.items()} == {
        "a": "suspicious",
        "b": "no_blast_features",
        "c": "cannot_say",
        "d": None,
    }


BEFORE: list[tuple[Any, ...]] = [
    ("a", 0.2),
    ("a", 0.9),
    ("b", 0.1),
    ("c", 0.1, "Undecided."),
    ("d", None),
    ("d", 0.3),
]
"""Case, probability and doubts of captures before there were cases."""


def test_a_second_time_changes_nothing(database_url: str) -> None:
    migrations.upgrade(database_url)
    engine = make_engine(database_url)
    with transaction(engine) as session:
        session.get_one(EventCounter, 1).value = 7
    migrations.upgrade(database_url)
    with transaction(engine) as session:
        assert session.get_one(EventCounter, 1).value == 7
    engine.dispose()
