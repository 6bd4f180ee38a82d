"""How fast each runtime answers, against eager torch as a first script would use it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from cloud_service.bench.bare import CONTENDER_MODULE, bare_inference_rate, bare_workers, runtime_in_service
from cloud_service.bench.contender import EAGER, EAGER_TUNED, RAW_GRAPH, RUNTIME, contenders
from cloud_service.bench.machine import cores
from cloud_service.bench.progress import tell
from cloud_service.bench.result import BenchResult, Figure, Table
from cloud_service.bench.servant import Servant, ServantError
from cloud_service.bench.spread import Spread, by_turns
from cloud_service.ml.runtimes.loading import RuntimeName

BATCHES = (1, 32)


def bench_inference(model: Path, *, rounds: int, images: int = 32, only: RuntimeName | None = None) -> BenchResult:
    """Images a second of each contender at each batch size, by turns, each in a process of its own.

    Args:
        model: folder of the model package.
        rounds: that count.
        images: answered in a round by each, at least the largest batch.
        only: one runtime to be compared with eager torch alone.

    Raises:
        ServantError: eager torch itself cannot run, or the one runtime that was asked for.
    """
    ours = f"{RUNTIME}{runtime_in_service(model) if only is RuntimeName.AUTO else only}"
    wanted = [name for name in contenders() if only is None or name in {EAGER, EAGER_TUNED, ours}]
    with _started(wanted, model, needed=EAGER if only is None else ours) as (servants, absent):
        tables = [_speeds(servants, batch, images, rounds) for batch in BATCHES]
        most = _most(servants[EAGER], model, images, rounds)
        favour = (
            f"The baseline is '{EAGER}' with the allocator as it comes, and is given normalised images; the runtimes "
            f"take camera pixels. '{EAGER_TUNED}' shows what the allocator alone does."
        )
        return BenchResult(
            name="inference",
            title=f"Inference, {cores()} threads, model {model.name}",
            tables=(*tables, most, _cold_starts(servants), _differences(servants)),
            limit=f"{most.figures[-1].value.median:.0f} images/s of inference alone, on all cores.",
            notes=(favour, *absent),
        )


@contextmanager
def _started(names: list[str], model: Path, *, needed: str) -> Iterator[tuple[dict[str, Servant], list[str]]]:
    """The contenders that this installation has, and why it lacks others."""
    servants: dict[str, Servant] = {}
    absent: list[str] = []
    with ExitStack() as stack:
        for name in names:
            try:
                servants[name] = stack.enter_context(Servant(CONTENDER_MODULE, name, str(cores()), str(model)))
            except ServantError as error:
                if name == EAGER:
                    raise ServantError(f"{error} The baseline is eager torch: install the extra `train`.") from error
                if name == needed:
                    raise
                absent.append(f"Not here: {name}. {error}")
        yield servants, absent


def _speeds(servants: dict[str, Servant], batch: int, images: int, rounds: int) -> Table:
    def speed(servant: Servant) -> Callable[[], float]:
        question = {"batch": batch, "images": images}
        return lambda: images / float(servant.ask(question)["seconds"])

    tell(f"Batches of {batch}")
    found = by_turns({name: speed(servant) for name, servant in servants.items()}, rounds)
    return Table.of(f"Batches of {batch}", "images/s", found, baseline=EAGER)


def _most(eager: Servant, model: Path, images: int, rounds: int) -> Table:
    """Inference as it is served: a process a core with one thread, against eager torch with all threads."""
    runtime = runtime_in_service(model)
    name = f"runtime {runtime}, {cores()} processes of one thread"
    tell(name)
    with bare_workers(model, runtime) as workers:
        measures: dict[str, Callable[[], float]] = {
            EAGER: lambda: images / float(eager.ask({"batch": max(BATCHES), "images": images})["seconds"]),
            name: lambda: bare_inference_rate(workers, images),
        }
        found = by_turns(measures, rounds)
    return Table.of(f"A process a core, eager torch in batches of {max(BATCHES)}", "images/s", found, baseline=EAGER)


def _cold_starts(servants: dict[str, Servant]) -> Table:
    # The graph as torch exports it is exported at the start of its process, which says nothing about loading it.
    found = {name: [servant.start_seconds] for name, servant in servants.items() if name != RAW_GRAPH}
    return Table.of("From the start of the process to a loaded model", "s", found, baseline=EAGER, more_is_better=False)


def _differences(servants: dict[str, Servant]) -> Table:
    """How far each one's probabilities are from eager torch's, on noise and blank fields."""
    said = {name: servant.ask({"judge": True})["probabilities"] for name, servant in servants.items()}
    figures = [
        Figure(name=name, value=Spread.of([max(abs(a - b) for a, b in zip(found, said[EAGER], strict=True))]))
        for name, found in said.items()
    ]
    return Table(
        title="Largest difference in probability from the baseline", unit="", baseline="", figures=tuple(figures)
    )
