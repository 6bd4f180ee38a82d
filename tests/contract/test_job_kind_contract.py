"""What every kind of job keeps to, the one that stands in for them in tests among them."""

import inspect
import subprocess
import sys

import pytest

from cloud_service.training.kinds import JobKind, kind_of
from cloud_service.vocabulary import TrainingJobKind
from tests.support.counting import Counting, CountingTogether

KINDS = [*(type(kind_of(name)) for name in TrainingJobKind), Counting, CountingTogether]
HEAVY = {"torch", "sklearn", "scipy", "onnxruntime", "monai", "matplotlib"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_has_the_parts_that_worker_and_process_call(kind: type[JobKind]) -> None:
    assert isinstance(kind.uses_every_gpu, bool)
    for name in ("prepare", "work", "finish", "fail"):
        wanted = inspect.signature(getattr(JobKind, name)).parameters
        assert len(inspect.signature(getattr(kind, name)).parameters) == len(wanted), name


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_made_anew_by_its_name_and_holds_nothing_of_a_job(kind: type[JobKind]) -> None:
    assert getattr(sys.modules[kind.__module__], kind.__qualname__) is kind
    assert vars(kind()) == {}


@pytest.mark.parametrize("kind", KINDS)
def test_worker_and_api_look_a_kind_up_without_the_libraries_of_training(kind: type[JobKind]) -> None:
    program = f"import sys, {kind.__module__}; print(*sorted({HEAVY!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.split() == []


def test_a_kind_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="dance"):
        kind_of("dance")
