"""The project's words, as enums: the same word in code, on the wire, in the database and on screen."""

from enum import StrEnum


class Label(StrEnum):
    """What a prediction says of one capture. Neither word is ever shown as a diagnosis."""

    SUSPICIOUS = "suspicious"  # blast features above the model's threshold
    NO_BLAST_FEATURES = "no_blast_features"  # none seen; says nothing about health

    @property
    def wording(self) -> str:
        """The words that people read; a preliminary finding in either case."""
        return {
            Label.SUSPICIOUS: "Suspicious: blast features seen",
            Label.NO_BLAST_FEATURES: "No blast features seen",
        }[self]


class CaptureState(StrEnum):
    """Where a capture stands in the cloud."""

    ANNOUNCED = "announced"  # its manifest is here, parts are missing
    REFUSED = "refused"  # it will never be stored as it is; the reason stands beside it
    STORED = "stored"  # bytes verified and durable, waiting for analysis
    ANALYSED = "analysed"  # a prediction stands
    FAILED = "failed"  # analysis gave up after its attempts; a person decides


class JobState(StrEnum):
    """Where an inference job stands."""

    WAITING = "waiting"  # may be claimed once its not-before time has come
    CLAIMED = "claimed"  # a worker holds a lease on it
    DONE = "done"  # its prediction is committed
    FAILED = "failed"  # attempts used up, or an error that no retry mends


class OutboxState(StrEnum):
    """Where a capture stands at the edge."""

    WAITING = "waiting"  # durable at the edge, not yet stored by the cloud
    STORED = "stored"  # the cloud's receipt named its SHA-256; the answer is awaited
    ANSWERED = "answered"  # a result has come back and was shown
    PARKED = "parked"  # refused by the cloud, or failed for good; a person can retry it


class CustodyStage(StrEnum):
    """The stages of a capture's custody trail, in their order."""

    CAPTURED = "captured"
    QUEUED = "queued"
    RECEIVED = "received"
    ANALYSED = "analysed"
    REVIEWED = "reviewed"
    SIGNED = "signed"
    DELIVERED = "delivered"
    ACKNOWLEDGED = "acknowledged"


class Priority(StrEnum):
    """How soon a capture is to be sent and analysed."""

    URGENT = "urgent"
    ROUTINE = "routine"


class Presence(StrEnum):
    """Whether a device or the cloud's application is there."""

    ONLINE = "online"
    OFFLINE = "offline"


RESEARCH_USE_ONLY = "Research use only. A model's answer is a preliminary finding, not a diagnosis."
