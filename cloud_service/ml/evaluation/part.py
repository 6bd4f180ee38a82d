"""The parts of a data set, by name."""

from enum import StrEnum


class Part(StrEnum):
    """Which images of a data set are measured."""

    TRAINING = "training"
    VALIDATION = "validation"
    TEST = "test"
    ALL = "all"
