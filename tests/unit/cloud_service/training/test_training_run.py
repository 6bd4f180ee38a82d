from uuid import uuid4

import pytest
import torch

from cloud_service.datasets.materials import MaterialImage, MaterialOrder
from cloud_service.ml.training.records import EpochRecord, Step
from cloud_service.training.schemas import TrainingProgress
from cloud_service.training.training_run import Watch, joined_images
from shared.errors import PermanentError
from tests.support.clock import HandClock


def an_image(name: str, sha256: str, *, is_all: bool = True, group: str = "p1") -> MaterialImage:
    return MaterialImage(name=name, sha256=sha256, is_all=is_all, group=group, capture_id=uuid4())


def a_material(name: str, *images: MaterialImage) -> MaterialOrder:
    return MaterialOrder(name=name, number=3, digest="d" * 64, images=list(images))


def test_one_data_set_alone_stays_as_it_is() -> None:
    images = [an_image("a.png", "1" * 64), an_image("b.png", "1" * 64)]
    assert joined_images([a_material("fields", *images)]) == images


def test_several_data_sets_hold_each_file_once_and_patients_stay_together() -> None:
    one = a_material("fields", an_image("a.png", "1" * 64), an_image("b.png", "2" * 64, group="p2"))
    two = a_material("cells", an_image("a.png", "3" * 64), an_image("again.png", "2" * 64, group="p9"))
    joined = joined_images([one, two])
    assert [(image.name, image.group) for image in joined] == [
        ("fields 3/a.png", "p1"),
        ("fields 3/b.png", "p2"),
        ("cells 3/a.png", "p1"),
    ]


def test_data_sets_that_disagree_are_refused_by_name() -> None:
    one = a_material("fields", an_image("a.png", "1" * 64))
    two = a_material("cells", an_image("x.png", "1" * 64, is_all=False))
    with pytest.raises(PermanentError, match=r"x\.png of 'cells' is the same file as fields 3/a\.png.*labels differ"):
        joined_images([one, two])


class Heard:
    def __init__(self) -> None:
        self.progressed: list[TrainingProgress] = []
        self.epochs: list[int] = []
        self.lines: list[str] = []

    def progress(self, progress: TrainingProgress) -> None:
        self.progressed.append(progress)

    def epoch(self, record: EpochRecord) -> None:
        self.epochs.append(record.epoch)

    def log(self, text: str) -> None:
        self.lines.append(text)


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


def a_step(number: int, epoch: int = 1, loss: float = 0.5) -> Step:
    return Step(epoch=epoch, number=number, steps=10, images=4, loss=torch.tensor(loss))


def a_record(epoch: int) -> EpochRecord:
    return EpochRecord(
        epoch=epoch,
        training_loss=0.5,
        validation_loss=0.6,
        validation_accuracy=0.75,
        learning_rate=0.001,
        images_per_second=4.0,
        seconds=12.0,
    )


def test_steps_are_told_once_a_second_with_speed_and_time_left(heard: Heard, clock: HandClock) -> None:
    listener = Watch(heard, 3, clock).listener()
    listener.on_images(1)
    listener.on_image()
    for number in range(1, 10):
        clock.now += 0.5
        listener.on_step(a_step(number))
    told = [progress for progress in heard.progressed if progress.phase == "Training"]
    assert [progress.done for progress in told] == [1, 3, 5, 7, 9]
    last = told[-1]
    assert (last.epoch, last.epochs, last.total, last.loss) == (1, 3, 10, 0.5)
    assert last.images_per_second == pytest.approx(4 / 0.5)
    # Ten steps an epoch, half a second each, in three epochs; nine are made.
    assert last.seconds_left == pytest.approx(15.0 - 4.5)


def test_the_end_of_an_epoch_is_told_at_once_and_measures_the_rest(heard: Heard, clock: HandClock) -> None:
    listener = Watch(heard, 3, clock).listener()
    clock.now += 12.0
    listener.on_epoch(a_record(1))
    clock.now += 8.0
    listener.on_epoch(a_record(2))
    assert heard.epochs == [1, 2]
    last = heard.progressed[-1]
    assert last.metrics == {"validation_loss": 0.6, "validation_accuracy": 0.75}
    assert last.seconds_left == pytest.approx(10.0)
    assert "epoch 2: training loss 0.5000" in heard.lines[-1]
    listener.on_epoch(a_record(3))
    assert (heard.progressed[-1].phase, heard.progressed[-1].seconds_left) == ("Measuring and packing", 0.0)


def test_a_loss_that_is_no_number_is_not_told_as_one(heard: Heard, clock: HandClock) -> None:
    listener = Watch(heard, 3, clock).listener()
    listener.on_step(a_step(1, loss=float("nan")))
    assert [progress.loss for progress in heard.progressed] == [None]


def test_epochs_of_earlier_attempts_are_told_again(heard: Heard, clock: HandClock) -> None:
    Watch(heard, 3, clock).went_on([a_record(1), a_record(2)])
    assert heard.epochs == [1, 2]
    assert heard.lines == ["Goes on after epoch 2."]
