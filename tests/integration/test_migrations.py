"""The migrations on both databases: they give exactly the tables of the models, and two at a time do no harm."""

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import select, text

from cloud_service import migrations
from cloud_service.database import make_engine, transaction
from cloud_service.models import EventCounter

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
        assert session.execute(text("SELECT version_num FROM alembic_version")).scalars().all() == ["0002"]
    engine.dispose()


def test_a_second_time_changes_nothing(database_url: str) -> None:
    migrations.upgrade(database_url)
    engine = make_engine(database_url)
    with transaction(engine) as session:
        session.get_one(EventCounter, 1).value = 7
    migrations.upgrade(database_url)
    with transaction(engine) as session:
        assert session.get_one(EventCounter, 1).value == 7
    engine.dispose()
