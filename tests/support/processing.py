"""What a batch of messages brought: the one receipt, the refusals."""

from collections import Counter

from sqlalchemy import Engine, select

from cloud_service.database import snapshot
from cloud_service.ingest.batch import Incoming
from cloud_service.ingest.processor import Processor
from cloud_service.models import WireRefusal
from shared.messages import Receipt
from tests.support.device_side import receipts


def only(processor: Processor, *messages: Incoming) -> Receipt:
    """The one receipt that these messages bring."""
    found = receipts(processor.process(messages).replies)
    assert len(found) == 1
    return next(iter(found.values()))


def refusals(engine: Engine) -> Counter[str]:
    """How many messages were refused for each reason, on whatever topic."""
    counts: Counter[str] = Counter()
    with snapshot(engine) as session:
        for row in session.scalars(select(WireRefusal)):
            counts[row.reason] += row.count
    return counts
