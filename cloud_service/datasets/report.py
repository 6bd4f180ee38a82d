"""What is said of a data set before it is kept: the dry run's report, as the database keeps it and the API tells it.

It mirrors `ml.datasets.inspection.Inspection`, which needs libraries that the API does not load.
"""

from cloud_service.web.schemas import ApiModel


class ReportedClass(ApiModel):
    """A class as the data set calls it."""

    name: str
    is_all: bool
    images: int


class ReportedGroups(ApiModel):
    """What a split keeps together (patients, slides), by the number of images."""

    count: int
    smallest: int
    median: float
    largest: int
    with_both_labels: int


class ReportedSize(ApiModel):
    """How many images of each label have one width and height, in pixels."""

    width: int
    height: int
    with_all: int
    without: int


class ReportedFile(ApiModel):
    """An image that cannot be read."""

    path: str
    reason: str


class ReportedDuplicates(ApiModel):
    """Images that are the same."""

    likeness: str
    """`exact`: the same bytes; `near`: they look the same, perhaps turned, scaled or compressed anew."""
    paths: list[str]
    crosses_labels: bool
    crosses_classes: bool
    crosses_groups: bool


class ReportedPredictor(ApiModel):
    """How well something that is no cytology predicts the class: balanced accuracies, 0.5 is chance."""

    name: str
    mixed: float
    grouped: float
    folds: int


class SharedImage(ApiModel):
    """An image that another data set holds too."""

    path: str
    dataset: str
    """Name and version of the other one."""
    is_locked: bool
    """Whether the other one is a locked test set."""
    other_path: str
    is_same_file: bool
    """Else it looks the same, perhaps turned, scaled or compressed anew."""


class LabelClash(ApiModel):
    """An image that a signed report calls otherwise."""

    path: str
    is_all: bool
    signed_is_all: bool
    case_id: str
    capture_id: str


class DatasetReport(ApiModel):
    """All that the dry run found; lists of single images hold examples, their counts are beside them."""

    layout: str
    images: int
    with_all: int
    without: int
    classes: list[ReportedClass]
    kinds: dict[str, int]
    groups: ReportedGroups
    sizes: list[ReportedSize]
    marked_blasts: int
    unreadable: list[ReportedFile]
    unreadable_count: int
    duplicates: list[ReportedDuplicates]
    duplicate_count: int
    predictors: list[ReportedPredictor]
    shared: list[SharedImage]
    shared_count: int
    """Images that stand in the way, since a locked test set must share none with what models are trained on."""
    clashes: list[LabelClash]
    clash_count: int
    left_out: list[str]
    """Of signed cases: which were left out, and why, in sentences."""
    warnings: list[str]
    digest: str
