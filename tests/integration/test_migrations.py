"""The migrations on both databases: they give exactly the tables of the models, and two at a time do no harm."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

from sqlalchemy import insert, select, text

from cloud_service import migrations
from cloud_service.captures.summary import capture_summary
from cloud_service.database import make_engine, snapshot, table_of, transaction
from cloud_service.models import Capture, EventCounter, ModelVersion, Prediction
from shared.vocabulary import Label
from tests.support.inference import InferenceCloud, png

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
        assert session.execute(text("SELECT version_num FROM alembic_version")).scalars().all() == ["0005"]
    engine.dispose()


def test_answers_that_were_given_before_doubts_were_kept_have_none(tmp_path: Path, database_url: str) -> None:
    migrations.upgrade(database_url, "0002")
    cloud = InferenceCloud(tmp_path, database_url)
    (capture_id,) = cloud.store(png(10))
    model = {"digest": "d" * 64, "name": "old", "version": "1", "card": {}}
    answer = {"capture_id": capture_id, "model_digest": "d" * 64, "probability": 0.25, "label": Label.NO_BLAST_FEATURES}
    with transaction(cloud.engine) as session:
        session.execute(insert(table_of(ModelVersion)).values(model))
        session.execute(insert(table_of(Prediction)).values(id=uuid4(), runtime="fake", **answer))

    migrations.upgrade(database_url)

    with snapshot(cloud.engine) as session:
        prediction = capture_summary(session, session.get_one(Capture, capture_id)).prediction
    cloud.close()
    assert prediction is not None
    assert (prediction.probability, prediction.doubts) == (0.25, [])


def test_a_second_time_changes_nothing(database_url: str) -> None:
    migrations.upgrade(database_url)
    engine = make_engine(database_url)
    with transaction(engine) as session:
        session.get_one(EventCounter, 1).value = 7
    migrations.upgrade(database_url)
    with transaction(engine) as session:
        assert session.get_one(EventCounter, 1).value == 7
    engine.dispose()
