"""What stands in the way of a data set: images of the other purpose's data sets, and labels that signed reports deny.

A locked test set shares neither an image nor a patient, case or slide with anything that models are trained on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cloud_service.datasets.known import Images, in_words, shared_groups, shared_images
from cloud_service.datasets.orders import OPPOSED_NAME, SIGNED_NAME, FoundImage, ImportOrder, SignedLabel
from cloud_service.datasets.report import LabelClash, SharedImage
from cloud_service.ml.datasets.patterns import alike_pairs
from shared.wording import counted

_EXAMPLES: Final = 3


@dataclass(frozen=True, slots=True)
class Conflicts:
    """All that stands in the way; nothing, where all is empty.

    Attributes:
        shared: images that a data set of the other purpose holds too.
        groups: likewise groups, each with the name of a data set that has it.
        clashes: images whose label a signed report denies.
    """

    shared: Sequence[SharedImage]
    groups: dict[str, str]
    clashes: Sequence[LabelClash]

    def in_words(self) -> str | None:
        """Why the data set cannot be kept, and what to do; None where nothing stands in the way."""
        reasons = []
        if self.shared:
            reasons.append(f"{in_words(self.shared)}. {_APART}")
        if self.groups:
            reasons.append(
                f"{counted(len(self.groups), 'group is', 'groups are')} also in "
                f"{', '.join(sorted(set(self.groups.values())))}: {_named(list(self.groups))}. {_APART} Where they are "
                "other patients or slides, give them other names in a manifest."
            )
        if self.clashes:
            first = self.clashes[0]
            reasons.append(
                f"{counted(len(self.clashes), 'label contradicts', 'labels contradict')} signed reports: {first.path} "
                f"is {_label(first.is_all)} here, and signed as {_label(first.signed_is_all)}. Correct the labels, or "
                "leave these images out."
            )
        return " ".join(reasons) or None

    def left_out(self, images: Sequence[FoundImage]) -> tuple[set[str], list[str]]:
        """Names of the images to leave out so that nothing stands in the way, and why, in sentences.

        With an image that is shared goes its whole group, with one whose label is denied itself alone.
        """
        group = {image.name: image.group for image in images}
        by_group = dict(self.groups) | {group[image.path]: image.dataset for image in self.shared}
        names = {image.name for image in images if image.group in by_group}
        denied = {clash.path for clash in self.clashes} - names
        words = []
        if names:
            words.append(
                f"{counted(len(names), 'image')} of {counted(len(by_group), 'case')} left out: "
                f"these cases have images in {', '.join(sorted(set(by_group.values())))}. {_APART}"
            )
        if denied:
            words.append(
                f"{counted(len(denied), 'image')} left out: the same picture was signed with ALL in one "
                "case and without in another."
            )
        return names | denied, words


_APART: Final = "What models are trained on and what they are measured on must share none."


def find_conflicts(order: ImportOrder, images: Images, found: Sequence[FoundImage], folder: Path) -> Conflicts:
    """What stands in the way of a data set.

    Args:
        order: what was asked for.
        images: what its images are recognised by.
        found: the same images.
        folder: the job's, which holds what `images` is compared with.
    """
    opposed = Images.load(folder / OPPOSED_NAME)
    return Conflicts(
        shared=shared_images(images, opposed),
        groups=shared_groups(images, opposed),
        clashes=_clashes(order.signed, images, found, Images.load(folder / SIGNED_NAME)),
    )


def _clashes(
    signed: Sequence[SignedLabel], images: Images, found: Sequence[FoundImage], patterns: Images
) -> list[LabelClash]:
    """Images that are the same as a capture whose signed label is the other one, each once."""
    by_id = {str(label.capture_id): label for label in signed}
    by_sha256: dict[str, list[SignedLabel]] = {}
    for label in signed:
        for sha256 in label.sha256s:
            by_sha256.setdefault(sha256, []).append(label)
    alike: dict[int, list[SignedLabel]] = {}
    for one, other in alike_pairs(images.patterns, patterns.patterns).tolist():
        alike.setdefault(one, []).append(by_id[patterns.names[other]])
    clashes = []
    for index, image in enumerate(found):
        for label in (*by_sha256.get(image.sha256, ()), *alike.get(index, ())):
            if label.is_all is not image.is_all and label.capture_id != image.capture_id:
                clashes.append(
                    LabelClash(
                        path=image.name,
                        is_all=image.is_all,
                        signed_is_all=label.is_all,
                        case_id=str(label.case_id),
                        capture_id=str(label.capture_id),
                    )
                )
                break
    return clashes


def _label(is_all: bool) -> str:  # noqa: FBT001 - the label itself
    return "ALL" if is_all else "not ALL"


def _named(names: Sequence[str]) -> str:
    return ", ".join(names[:_EXAMPLES]) + (", …" if len(names) > _EXAMPLES else "")
