"""Enrolment, with a broker that only takes notes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from cloud_service.database import make_engine, transaction
from cloud_service.devices import service
from cloud_service.errors import ConflictError, NotFoundError
from cloud_service.models import Base, Device, Site
from shared.errors import ProtocolError
from shared.topics import DeviceAddress
from tests.support.accounts import TESTER


class NotingBroker:
    """Keeps which password each device has."""

    def __init__(self) -> None:
        self.passwords: dict[str, str] = {}

    def put_device(self, address: DeviceAddress, password: str) -> None:
        self.passwords[address.device] = password

    def remove_device(self, device: str) -> None:
        self.passwords.pop(device, None)


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    engine = make_engine(f"sqlite:///{tmp_path / 'test.db'}")
    Base.metadata.create_all(engine)
    with transaction(engine) as session:
        yield session
    engine.dispose()


def test_enrolment_makes_site_device_and_a_password_that_the_broker_knows(session: Session) -> None:
    broker = NotingBroker()
    credentials = service.enrol(session, broker, TESTER, site="north", device="scope-1")
    assert broker.passwords == {"scope-1": credentials.password}
    assert len(credentials.password) >= 43
    assert credentials.password not in repr(credentials)
    assert session.get_one(Device, "scope-1").site_id == session.get_one(Site, "north").id


def test_a_second_enrolment_gives_a_new_password_and_lets_a_disabled_device_in(session: Session) -> None:
    broker = NotingBroker()
    first = service.enrol(session, broker, TESTER, site="north", device="scope-1")
    service.disable(session, broker, TESTER, device="scope-1")
    assert session.get_one(Device, "scope-1").disabled_at is not None
    assert broker.passwords == {}
    second = service.enrol(session, broker, TESTER, site="north", device="scope-1")
    assert second.password != first.password
    assert session.get_one(Device, "scope-1").disabled_at is None


def test_a_device_belongs_to_one_site(session: Session) -> None:
    service.enrol(session, NotingBroker(), TESTER, site="north", device="scope-1")
    broker = NotingBroker()
    with pytest.raises(ConflictError, match="north"):
        service.enrol(session, broker, TESTER, site="south", device="scope-1")
    assert broker.passwords == {}


@pytest.mark.parametrize("name", ["admin", "ingest-0"])
def test_the_clouds_own_names_are_taken(session: Session, name: str) -> None:
    with pytest.raises(ConflictError, match="taken"):
        service.enrol(session, NotingBroker(), TESTER, site="north", device=name)


@pytest.mark.parametrize(("site", "device"), [("cloud", "a"), ("a/b", "c"), ("a", "+"), ("", "c")])
def test_ids_that_would_change_a_topic_are_refused(session: Session, site: str, device: str) -> None:
    with pytest.raises(ProtocolError):
        service.enrol(session, NotingBroker(), TESTER, site=site, device=device)


def test_disabling_a_stranger_says_so(session: Session) -> None:
    with pytest.raises(NotFoundError, match="scope-9"):
        service.disable(session, NotingBroker(), TESTER, device="scope-9")
