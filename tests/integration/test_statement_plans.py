"""What a capture's way asks of SQLite does not take longer the more captures there ever were.

SQLite keeps no statistics of its tables unless it is told to, and chooses its indexes by rules of thumb: of two it may
take the one that leads to nearly every row.
"""

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import event

from cloud_service.database import transaction
from cloud_service.delivery.results import due, sent
from cloud_service.ingest.batch import Incoming
from cloud_service.ingest.decoding import Decoder
from cloud_service.ingest.processor import Processor
from cloud_service.models import Delivery
from shared.messages import Ack
from shared.topics import DeviceAddress
from shared.vocabulary import Presence
from tests.support.device_side import TestDevice, noise_image
from tests.support.inference import InferenceCloud

ADDRESS = DeviceAddress("north", "scope-1")
CAPTURES = 12  # in a batch: of as many pseudonyms
GROWING = ("capture", "prediction", "case", "inference_job", "delivery", "custody_entry", "event")
OF_STATES = "ix_capture_state"  # has nearly all captures in one place

Statement = tuple[str, Any]


def test_no_statement_of_a_captures_way_reads_a_whole_table(tmp_path: Path, sqlite_url: str) -> None:
    said: list[Statement] = []
    with closing(InferenceCloud(tmp_path, sqlite_url)) as cloud, closing(Decoder(cloud.settings)) as decoder:
        event.listen(cloud.engine, "before_cursor_execute", lambda *about: said.append((about[2], about[3])))

        _go_the_whole_way(cloud, Processor(cloud.engine, cloud.blobs, decoder, cloud.settings))

        plans = {statement: _plan(cloud, statement, values) for statement, values in list(said)}
    assert len(plans) > 30
    assert [statement for statement, steps in plans.items() if any(map(_grows, steps))] == []


def _go_the_whole_way(cloud: InferenceCloud, processor: Processor) -> None:
    """From announcement to the device's acknowledgement."""
    device = TestDevice(ADDRESS)
    processor.process([device.status(Presence.ONLINE, uuid4(), datetime.now(UTC))])
    captures = [device.capture(noise_image(seed), case=f"{seed:032x}") for seed in range(2 * CAPTURES)]
    whole, in_pieces = captures[:CAPTURES], captures[CAPTURES:]
    processor.process([message for capture in whole for message in capture.messages()])
    for take in (slice(0, 1), slice(1, None)):  # announced alone, and then the parts
        processor.process([message for capture in in_pieces for message in capture.messages()[take]])
    worker = cloud.worker(claim_batch=2 * CAPTURES)
    assert worker.run_batch() == 2 * CAPTURES
    assert worker.run_batch() == 0
    with transaction(cloud.engine) as session:
        deliveries = due(session, 0, 1, 50)
        sent(session, [delivery.id for delivery in deliveries])
    processor.process([_ack(delivery) for delivery in deliveries])


def _ack(delivery: Delivery) -> Incoming:
    ack = Ack(v=1, capture_id=delivery.capture_id, delivery_id=delivery.id, shown_at=datetime.now(UTC))
    return Incoming(ADDRESS.ack(delivery.capture_id), ack.encode())


def _plan(cloud: InferenceCloud, statement: str, values: Any) -> list[str]:
    if not statement.startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")):
        return []
    with cloud.engine.connect() as connection:
        one = values[0] if isinstance(values, list) else values
        return [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", one)]


def _grows(step: str) -> bool:
    """Whether a step of a plan takes as long as a table is large, and not as long as what is asked for."""
    words = step.replace('"', "").split()
    return (words[0] == "SCAN" and words[1] in GROWING) or OF_STATES in words
