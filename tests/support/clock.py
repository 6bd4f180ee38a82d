"""A clock that a test moves by hand."""


class HandClock:
    """Seconds stand still until a test moves them on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now
