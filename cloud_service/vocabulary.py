"""Words of the cloud alone, as the database keeps them and the API tells them; see also `shared.vocabulary`."""

from enum import StrEnum


class DatasetPurpose(StrEnum):
    """What a data set may be used for."""

    TRAINING = "training"
    LOCKED_TEST = "locked-test"  # models are measured on it at the gate; nothing is ever trained on it


class DatasetSource(StrEnum):
    """Where a data set comes from."""

    ARCHIVE = "archive"  # a ZIP or tar file that somebody has sent
    FOLDER = "folder"  # of the machine at which the command was given
    SIGNED_CASES = "signed-cases"  # images of this service with the verdicts of signed reports


class DatasetImportState(StrEnum):
    """How far a data set is on its way in."""

    WAITING = "waiting"  # for the dry run
    CHECKED = "checked"  # the dry run's report is there; a person decides
    IMPORTING = "importing"
    IMPORTED = "imported"
    REFUSED = "refused"  # it cannot be used; the reason says why
    DROPPED = "dropped"  # a person decided against it


class TrainingJobKind(StrEnum):
    """What a job of the training queue does; its subject in the comment."""

    CHECK_IMPORT = "check-import"  # an import: the dry run
    IMPORT = "import"  # an import: keep its images
    TRAIN = "train"  # a recipe: a model comes out
    ASSESS = "assess"  # a model: the gate, against the one in service


class TrainingJobState(StrEnum):
    """Where a job of the training queue stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen to it."""
        return self in (TrainingJobState.DONE, TrainingJobState.FAILED, TrainingJobState.CANCELLED)


class ModelState(StrEnum):
    """What a model version is to the service."""

    CANDIDATE = "candidate"  # registered, and not yet in service
    SHADOW = "shadow"  # answers live captures beside the one in service; nobody sees its answers on a case
    ACTIVE = "active"  # in service, at one site at least
    RETIRED = "retired"  # was in service
    REJECTED = "rejected"  # a person decided against it


class ActivationKind(StrEnum):
    """How a model came into service."""

    INITIAL = "initial"  # the one that the installation began with
    PROMOTION = "promotion"
    ROLLBACK = "rollback"  # back to the one before


class ProposalState(StrEnum):
    """What became of a proposal to put a model into service."""

    OPEN = "open"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"  # by who made it
    OVERTAKEN = "overtaken"  # another model came into service meanwhile; assess it anew against that one


class GateCheckName(StrEnum):
    """What is looked at before a model may come into service."""

    PACKAGE = "package"  # its files are those that were registered
    INPUT = "input"  # it takes images of the same size as the model in service
    PARITY = "parity"  # torch and ONNX Runtime agree on it
    TEST_SETS = "test-sets"  # there is a locked test set for the scope, and it was not trained on
    SENSITIVITY = "sensitivity"  # not worse than that of the model in service by more than a margin
    PROMISES = "promises"  # better or equal in what was promised
    CALIBRATION = "calibration"
    SPEED = "speed"
    SIGNED_CASES = "signed-cases"  # what it would have said of cases that people have signed


class ImpactChange(StrEnum):
    """How a model's answer on a signed case differs from that of the model in service; the gravest first."""

    MISSED = "missed"  # signed as suspicious, and no longer called so
    STILL_MISSED = "still-missed"  # signed as suspicious, and called so by neither
    ALARM = "alarm"  # signed without blast features, and now called suspicious
    STILL_ALARM = "still-alarm"  # likewise, by both
    UNDECIDED = "undecided"  # it can no longer say
    FOUND = "found"  # signed as suspicious, and called so now
    SPARED = "spared"  # signed without blast features, and called suspicious no longer
    DECIDED = "decided"  # it can say now, and agrees with the person
    OTHER = "other"  # the person could not say
