"""By how much a model may fall behind the one in service, in one place.

They belong to the software and not to its settings: who finds one of them wrong for a model says so in an override,
with a name and a reason, and that stands in the audit trail.
"""

from typing import Final

from pydantic import Field

from cloud_service.web.schemas import ApiModel


class Margins(ApiModel):
    """What the gate lets pass. Differences are the challenger's figure less the champion's."""

    sensitivity: float = Field(default=0.05, ge=0.0, le=1.0)
    """The lower end of the paired interval of the sensitivities' difference lies above minus this: non-inferiority, as
    in CONSORT's extension for such trials (Piaggio et al. 2012, JAMA 308(24))."""
    promise: float = Field(default=0.0, ge=0.0, le=1.0)
    """A promised measure may be lower by this on the same images: nothing, better or equal is what was promised."""
    expected_error: float = Field(default=0.05, ge=0.0, le=1.0)
    """The expected calibration error may be higher by this."""
    brier: float = Field(default=0.02, ge=0.0, le=1.0)
    """So may the Brier score."""
    slowdown: float = Field(default=1.5, ge=1.0)
    """One image may take so many times as long."""


MARGINS: Final = Margins()

MOST_SIGNED_IMAGES: Final = 2000
"""So many images of the newest signed cases are looked at: ten minutes or less for both models on one core."""
SPEED_IMAGES: Final = 24
"""Each model answers so many images in turn with the other's, one by one."""
PARITY_IMAGES: Final = 16
"""Of the first locked test set, beside drawn ones."""
