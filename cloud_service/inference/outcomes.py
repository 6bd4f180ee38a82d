"""What became of one claimed capture."""

from dataclasses import dataclass

from cloud_service.registry.served import ServedModel
from shared.vocabulary import Label


@dataclass(frozen=True, slots=True)
class Answer:
    """A model's probability of blast features, in [0, 1], why not to rely on it, and where the model looked."""

    model: ServedModel
    probability: float
    doubts: tuple[str, ...] = ()  # whole sentences; empty where nothing speaks against the answer
    attention: bytes | None = None  # a map as `ml.attention.kept` makes it; None: the model gives none

    @property
    def label(self) -> Label:
        """What the probability means by the model's own threshold."""
        return self.model.package.card.label_of(self.probability)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error that no retry mends; the reason is for the people who see the capture."""

    reason: str


@dataclass(frozen=True, slots=True)
class Postponement:
    """A fault that may pass by itself, such as a blob store that is away."""

    reason: str


Outcome = Answer | Refusal | Postponement
