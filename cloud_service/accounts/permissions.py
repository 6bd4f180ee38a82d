"""Who may do what: roles, permissions, and the one table that joins them."""

from enum import StrEnum


class Role(StrEnum):
    """What a user is here for."""

    TECHNICIAN = "technician"  # sees what became of the captures of one site, and its devices
    CLINICIAN = "clinician"  # sees and judges every capture
    ADMINISTRATOR = "administrator"  # keeps the service running, and may see all
    SERVICE = "service"  # a program of the hospital; comes by token, never by password

    @property
    def is_bound_to_a_site(self) -> bool:
        """Whether such a user sees what belongs to one site, and nothing else."""
        return self is Role.TECHNICIAN

    @property
    def logs_in(self) -> bool:
        """Whether such a user has a password."""
        return self is not Role.SERVICE


class Permission(StrEnum):
    """What an endpoint asks for; each names exactly one."""

    SEE_CAPTURES = "see-captures"  # lists, details, images, and the event stream
    RETRY_ANALYSES = "retry-analyses"
    SEE_CASES = "see-cases"  # the worklist, cases, reports
    READ_CASES = "read-cases"  # claim, judge, comment, sign, amend
    SEE_DEVICES = "see-devices"  # and what was refused on the wire
    SEE_QUEUE = "see-queue"  # how much work waits, over all sites
    READ_API_DESCRIPTION = "read-api-description"
    OWN_ACCOUNT = "own-account"  # who am I, log out, another password
    MANAGE_DEVICES = "manage-devices"  # enrol, pause, resume, let in no more
    MANAGE_USERS = "manage-users"
    SEE_MODELS = "see-models"
    MANAGE_MODELS = "manage-models"  # register, assess, shadow, propose, approve, go back
    SEE_TRAINING = "see-training"  # data sets, recipes, jobs
    MANAGE_TRAINING = "manage-training"  # import and remove data sets, start and cancel jobs
    SEE_AUDIT = "see-audit"
    SEE_HEALTH = "see-health"  # what each part of the system says of itself


_EVERYBODY = frozenset({Permission.SEE_CAPTURES, Permission.SEE_DEVICES, Permission.OWN_ACCOUNT})
_READERS = frozenset({Permission.SEE_CASES, Permission.SEE_MODELS, Permission.RETRY_ANALYSES})

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.TECHNICIAN: _EVERYBODY,
    Role.CLINICIAN: _EVERYBODY | _READERS | {Permission.READ_CASES},
    Role.ADMINISTRATOR: frozenset(Permission) - {Permission.READ_CASES},  # only a clinician judges
    Role.SERVICE: _EVERYBODY | {Permission.SEE_CASES, Permission.SEE_QUEUE, Permission.READ_API_DESCRIPTION},
}
