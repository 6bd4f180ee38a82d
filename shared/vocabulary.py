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


class RefusalKind(StrEnum):
    """Why a file never became a capture: what a device tells beyond its site, without names and words of its own."""

    EMPTY = "empty"  # 0 bytes
    DAMAGED = "damaged"  # cut short, or its bytes do not fit together
    NOT_AN_IMAGE = "not_an_image"  # text, a PDF, or nothing that is known
    OTHER_FORMAT = "other_format"  # an image, but none of the formats that are read: GIF, WebP, DICOM
    OTHER_PIXELS = "other_pixels"  # more than 8 bits a sample, CMYK
    SEVERAL_IMAGES = "several_images"  # an animation, or pages
    TOO_LARGE = "too_large"  # bytes or pixels
    TOO_SMALL = "too_small"  # pixels
    NOT_A_FILE = "not_a_file"  # a folder, a pipe, a link that leads nowhere
    VANISHED = "vanished"  # gone before it was read
    NOT_PERMITTED = "not_permitted"  # it, or its sidecar, may not be read by the agent's account
    NO_ACCESSION = "no_accession"  # neither a sidecar nor the name says whose it is
    BAD_SIDECAR = "bad_sidecar"  # one is there, and wrong
    OTHER_ACCESSION = "other_accession"  # the very same image was taken in for another accession

    @classmethod
    def known(cls, word: object) -> "RefusalKind | None":
        """The kind that a word of any version names; None where this version has no such kind."""
        return next((kind for kind in cls if kind == word), None)


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


class CommandState(StrEnum):
    """How far an order to a device has come."""

    WAITING = "waiting"  # for the device to be online
    SENT = "sent"  # published; it is sent again until the device says that it was carried out
    CONFIRMED = "confirmed"  # the device's status names it
    REPLACED = "replaced"  # by a later order, or the device was shut out, before it was confirmed


class CaseAnswer(StrEnum):
    """What the model's answers on a case's images say together; never that somebody is healthy."""

    SUSPICIOUS = "suspicious"  # on at least one image, and nothing speaks against that answer
    NO_BLAST_FEATURES = "no_blast_features"  # on none of the images that the model could judge
    CANNOT_SAY = "cannot_say"  # too many answers are not to be relied on


class PersonVerdict(StrEnum):
    """What a clinician says of an image or of a case; the keys 1 to 4."""

    SUSPICIOUS = "suspicious"  # blast features seen
    NO_BLAST_FEATURES = "no_blast_features"
    CANNOT_SAY = "cannot_say"  # looked at, undecided: for a case, a new smear is wanted
    NOT_EVALUABLE = "not_evaluable"  # of an image alone: left out of the case's verdict

    @property
    def wording(self) -> str:
        """The words that people read; of a signed diagnosis or of one image in it, never that somebody is healthy."""
        return {
            PersonVerdict.SUSPICIOUS: "Suspicious: blast features seen",
            PersonVerdict.NO_BLAST_FEATURES: "No blast features seen",
            PersonVerdict.CANNOT_SAY: "Cannot say: a new smear is wanted",
            PersonVerdict.NOT_EVALUABLE: "Not evaluable",
        }[self]


class CaseState(StrEnum):
    """Where a case stands."""

    OPEN = "open"  # answers are still to come
    PRELIMINARY = "preliminary"  # every image has its answer, or has failed; nobody holds the case
    CLAIMED = "claimed"  # a clinician holds it
    SIGNED = "signed"  # a diagnosis stands
    AMENDED = "amended"  # another one has taken its place; the former is kept


class WorkQueue(StrEnum):
    """In which part of the worklist a case stands; it stands in one at most."""

    CRITICAL = "critical"  # suspicious, unsigned
    REVIEW = "review"  # a second read is asked for, or images came after the signature
    ROUTINE = "routine"  # no blast features seen, unsigned
    CANNOT_SAY = "cannot_say"  # the model cannot say, unsigned
    WAITING = "waiting"  # no answer yet
    DONE = "done"  # signed, and nothing has changed since


class ReportStatus(StrEnum):
    """What a signed report is; the words are those of FHIR R4 DiagnosticReport.status."""

    FINAL = "final"
    AMENDED = "amended"  # it takes the place of a former one, which it names


RESEARCH_USE_ONLY = "Research use only. A model's answer is a preliminary finding, not a diagnosis."
