import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import ProtocolError
from shared.parts import MAX_PARTS, Part, PartPlan, fit_part_size

PAYLOADS = st.binary(min_size=1, max_size=4000)


@given(PAYLOADS, st.integers(min_value=1, max_value=500))
def test_parts_put_together_are_the_payload(payload: bytes, part_size: int) -> None:
    plan = PartPlan(len(payload), part_size)
    parts = [Part.cut(payload, plan, index) for index in range(plan.count)]
    assert b"".join(part.data for part in parts) == payload
    assert [len(part.data) for part in parts] == [plan.length(index) for index in range(plan.count)]


@given(PAYLOADS, st.integers(min_value=1, max_value=500), st.data())
def test_what_is_missing_is_what_has_not_arrived(payload: bytes, part_size: int, data: st.DataObject) -> None:
    plan = PartPlan(len(payload), part_size)
    arrived = data.draw(st.sets(st.integers(min_value=0, max_value=plan.count - 1)))
    assert set(plan.missing(arrived)) | arrived == set(range(plan.count))
    assert not set(plan.missing(arrived)) & arrived


@given(PAYLOADS)
def test_a_part_survives_its_journey(payload: bytes) -> None:
    part = Part.cut(payload, PartPlan(len(payload), 100), 0)
    assert Part.received(0, part.properties, part.data) == part


def test_one_flipped_bit_is_noticed() -> None:
    part = Part.cut(b"abc", PartPlan(3, 3), 0)
    with pytest.raises(ProtocolError, match="altered"):
        Part.received(0, part.properties, b"abb")


@pytest.mark.parametrize(
    ("index", "properties", "reason"),
    [
        (0, [], "lacks"),
        (0, [("index", "0"), ("count", "one"), ("crc32", "0")], "lacks"),
        (1, [("index", "0"), ("count", "2"), ("crc32", "0")], "topic says part 1"),
        (2, [("index", "2"), ("count", "2"), ("crc32", "0")], "out of range"),
        (0, [("index", "0"), ("count", str(MAX_PARTS + 1)), ("crc32", "0")], "out of range"),
    ],
)
def test_a_part_with_wrong_properties_is_refused(index: int, properties: list[tuple[str, str]], reason: str) -> None:
    with pytest.raises(ProtocolError, match=reason):
        Part.received(index, properties, b"")


@pytest.mark.parametrize(("byte_size", "part_size"), [(0, 1), (1, 0), (-1, 1), (MAX_PARTS + 1, 1)])
def test_an_impossible_plan_is_refused(byte_size: int, part_size: int) -> None:
    with pytest.raises(ProtocolError):
        PartPlan(byte_size, part_size)


@pytest.mark.parametrize("index", [-1, 3])
def test_a_part_that_does_not_exist_is_refused(index: int) -> None:
    with pytest.raises(ProtocolError, match="out of range"):
        PartPlan(9, 3).length(index)


def test_the_part_size_fits_what_the_broker_takes() -> None:
    assert fit_part_size(65536, None) == 65536
    assert fit_part_size(65536, 1 << 20) == 65536
    assert fit_part_size(65536, 32768) == 32768 - 1024
    with pytest.raises(ProtocolError, match="max_packet_size"):
        fit_part_size(65536, 1000)


def test_the_crc_is_the_one_of_zip_and_png() -> None:
    assert Part.cut(b"123456789", PartPlan(9, 9), 0).crc32 == zlib.crc32(b"123456789") == 0xCBF43926
