from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import topics
from shared.errors import ProtocolError
from shared.topics import Access, DeviceAddress, DownKind, UpKind

IDS = st.from_regex(r"\A[A-Za-z0-9_-]{1,64}\Z").filter(lambda name: name != topics.CLOUD)
ADDRESSES = st.builds(DeviceAddress, site=IDS, device=IDS)
CAPTURE_ID = UUID("01a21166-5633-7602-8792-b6bf78a652d1")  # the same in every process that collects these tests


@given(ADDRESSES, st.uuids(), st.integers(min_value=0, max_value=10**6))
def test_every_up_topic_parses_to_what_built_it(address: DeviceAddress, capture_id: UUID, index: int) -> None:
    for text, expected in (
        (address.status(), topics.UpTopic(address, UpKind.STATUS)),
        (address.announce(), topics.UpTopic(address, UpKind.ANNOUNCE)),
        (address.part(capture_id, index), topics.UpTopic(address, UpKind.PART, capture_id, index)),
        (address.ack(capture_id), topics.UpTopic(address, UpKind.ACK, capture_id)),
    ):
        assert topics.parse_up(text) == expected


@given(ADDRESSES, st.uuids())
def test_every_down_topic_parses_to_what_built_it(address: DeviceAddress, capture_id: UUID) -> None:
    for text, expected in (
        (address.receipt(capture_id), topics.DownTopic(address, DownKind.RECEIPT, capture_id)),
        (address.result(capture_id), topics.DownTopic(address, DownKind.RESULT, capture_id)),
        (address.command(), topics.DownTopic(address, DownKind.COMMAND)),
    ):
        assert topics.parse_down(text) == expected


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "smearflow/v1/north/scope-1/up",
        "smearflow/v1/north/scope-1/up/unheard-of",
        "smearflow/v1/north/scope-1/up/status/more",
        "smearflow/v1/north/scope-1/down/command",
        "smearflow/v2/north/scope-1/up/status",
        "smearflow/v1/north/scope 1/up/status",
        "smearflow/v1/north/scope-1/up/ack/not-a-uuid",
        f"smearflow/v1/north/scope-1/up/ack/{str(CAPTURE_ID).upper()}",
        f"smearflow/v1/north/scope-1/up/part/{CAPTURE_ID}/-1",
        f"smearflow/v1/north/scope-1/up/part/{CAPTURE_ID}/²",
        f"smearflow/v1/north/scope-1/up/part/{CAPTURE_ID}",
        "smearflow/v1/cloud/ingest-0/up/status",
    ],
)
def test_what_is_no_topic_of_a_device_is_refused(topic: str) -> None:
    with pytest.raises(ProtocolError):
        topics.parse_up(topic)


@pytest.mark.parametrize("site", ["", "a/b", "+", "#", "a b", "é", "x" * 65, topics.CLOUD])
def test_an_id_that_would_change_a_topics_shape_is_refused(site: str) -> None:
    with pytest.raises(ProtocolError):
        DeviceAddress(site, "scope-1")


def test_a_device_gets_rules_for_its_own_topics_alone() -> None:
    rules = topics.device_rules(DeviceAddress("north", "scope-1"))
    assert {(rule.access, rule.topic_filter) for rule in rules} == {
        (Access.PUBLISH, "smearflow/v1/north/scope-1/up/#"),
        (Access.SUBSCRIBE, "smearflow/v1/north/scope-1/down/#"),
        (Access.RECEIVE, "smearflow/v1/north/scope-1/down/#"),
        (Access.SUBSCRIBE, "smearflow/v1/cloud/+/state"),
        (Access.RECEIVE, "smearflow/v1/cloud/+/state"),
    }


def test_an_ingest_replica_publishes_no_state_but_its_own() -> None:
    published = {rule.topic_filter for rule in topics.ingest_rules("ingest-1") if rule.access is Access.PUBLISH}
    assert published == {"smearflow/v1/+/+/down/#", "smearflow/v1/cloud/ingest-1/state"}


@given(IDS, st.integers(min_value=1, max_value=64))
def test_each_site_belongs_to_one_shard(site: str, count: int) -> None:
    assert 0 <= topics.shard_of(site, count) < count
    assert topics.shard_of(site, 1) == 0
