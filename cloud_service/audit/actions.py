"""What the audit trail tells of."""

from enum import StrEnum


class Action(StrEnum):
    """What was done; the comment says what the subject is."""

    LOG_IN = "log-in"  # user; the details say how: by password or openid
    LOG_IN_REFUSED = "log-in-refused"  # user, or "(unknown)": what was typed may have been a password
    LOG_OUT = "log-out"  # user
    PASSWORD_CHANGED = "password-changed"  # noqa: S105 - user
    USER_ADDED = "user-added"  # user
    USER_CHANGED = "user-changed"  # user; the details hold role and site before and after
    USER_BOUND = "user-bound"  # user, from now on the one whom the provider calls so; the details name both
    USER_UNBOUND = "user-unbound"  # user, likewise
    USER_DISABLED = "user-disabled"  # user
    USER_ENABLED = "user-enabled"  # user
    USER_RESET = "user-reset"  # user
    TOKEN_ADDED = "token-added"  # noqa: S105 - user; the details name the token
    TOKEN_REVOKED = "token-revoked"  # noqa: S105 - likewise
    DEVICE_ENROLLED = "device-enrolled"  # device
    DEVICE_REMOVED = "device-removed"  # device
    DEVICE_COMMANDED = "device-commanded"  # device; the details name the action
    ENROLMENT_CODE_MADE = "enrolment-code-made"  # device
    ENROLMENT_CODE_WITHDRAWN = "enrolment-code-withdrawn"  # device; the details name who made it
    CAPTURE_SEEN = "capture-seen"  # capture: all that is known of it
    IMAGE_SEEN = "image-seen"  # capture: its image
    ATTENTION_SEEN = "attention-seen"  # capture: where the model looked in it
    ANALYSIS_RETRIED = "analysis-retried"  # capture
    CASE_SEEN = "case-seen"  # case
    CASE_LOADED_AHEAD = "case-loaded-ahead"  # case: a page held it ready, as a neighbour of the one that was open
    CASE_CLAIMED = "case-claimed"  # case; every change of a case names its new version
    CASE_RELEASED = "case-released"  # case; the details name who held it
    CASE_COMMENTED = "case-commented"  # case; the details name the comment
    READING_SAVED = "reading-saved"  # case
    FINDING_SAVED = "finding-saved"  # case; the details name the image
    IMAGE_OPENED = "image-opened"  # case; likewise
    SECOND_READ_ASKED = "second-read-asked"  # case: the first read is signed, and differs from the model
    DIAGNOSIS_SIGNED = "diagnosis-signed"  # case; the details name the report and its digest
    DIAGNOSIS_AMENDED = "diagnosis-amended"  # case; likewise, and the former one's
    REPORT_SEEN = "report-seen"  # report
    DATASET_IMPORT_BEGUN = "dataset-import-begun"  # import; the details name the data set
    DATASET_IMPORT_DROPPED = "dataset-import-dropped"  # import
    DATASET_IMPORTED = "dataset-imported"  # data set; the details hold name, version and digest
    DATASET_REMOVED = "dataset-removed"  # data set
    RECIPE_SAVED = "recipe-saved"  # recipe; the details hold name and version
    TRAINING_STARTED = "training-started"  # job; the details name the recipe
    TRAINING_CANCELLED = "training-cancelled"  # job
    SCHEDULE_SET = "schedule-set"  # a recipe's name; the details say how often, or that it ended
    MODEL_REGISTERED = "model-registered"  # model
    MODEL_ASSESSED = "model-assessed"  # model; the details name the job
    MODEL_PROPOSED = "model-proposed"  # model; the details hold scope, reason, and why in spite of what failed
    PROPOSAL_APPROVED = "proposal-approved"  # model; the details name the proposal, and why
    PROPOSAL_WITHDRAWN = "proposal-withdrawn"  # model; the details name the proposal
    PROPOSAL_REFUSED = "proposal-refused"  # likewise
    MODEL_PROMOTED = "model-promoted"  # model; the details hold scope, proposal, who proposed it, and any override
    MODEL_ROLLED_BACK = "model-rolled-back"  # model, the one that is in service again; the details name the other
    MODEL_REJECTED = "model-rejected"  # model
    SHADOW_STARTED = "shadow-started"  # model; the details hold scope and share
    SHADOW_ENDED = "shadow-ended"  # model
    REANALYSIS_ASKED = "reanalysis-asked"  # scope; the details say since when, and of how many captures
