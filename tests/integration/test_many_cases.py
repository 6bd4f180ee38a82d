"""The database of many cases that `smearflow bench worklist` measures, small."""

from sqlalchemy import func, select

from cloud_service.bench.many_cases import NEWEST_WAITING, READER, Size, fill
from cloud_service.database import snapshot
from cloud_service.models import Capture, Case
from shared.vocabulary import WorkQueue


def test_many_cases_are_written_as_the_newest_tables_want_them(database_url: str) -> None:
    size = Size(cases=NEWEST_WAITING + 100, images_each=2, large_case=5)

    engine = fill(database_url, size)

    try:
        with snapshot(engine) as session:
            assert session.scalar(select(func.count()).select_from(Case)) == size.cases
            assert session.scalar(select(func.count()).select_from(Capture)) == 2 * size.cases + 3
            waiting = session.scalar(select(func.count()).where(Case.queue == WorkQueue.WAITING))
            assert waiting
            assert waiting <= NEWEST_WAITING  # the others of them are signed
            signed = session.scalars(select(Case.signed_by).where(Case.queue == WorkQueue.DONE)).all()
            assert signed
            assert set(signed) == {READER}
    finally:
        engine.dispose()
