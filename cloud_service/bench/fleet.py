"""Thousands of simulated workstations against the real broker and ingest, bounded in time.

The baseline is *one workstation that waits for each receipt*, in the same run. The workstations share the machine's
cores with what they load, so what is found is what one machine holds with its own load generator on it.
"""

import json
import resource
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from sqlalchemy import insert

from cloud_service.bench.fleet_process import FleetOrder
from cloud_service.bench.latency import percentile
from cloud_service.bench.machine import cores
from cloud_service.bench.photographs import draw_crops
from cloud_service.bench.progress import tell
from cloud_service.bench.result import BenchResult, Figure, Table
from cloud_service.bench.servant import Json, Servant, ask_all
from cloud_service.bench.spread import Spread
from cloud_service.bench.stack import Costs, MeasuredProgramError, RunningStack, running_stack
from cloud_service.database import make_engine, table_of, transaction
from cloud_service.devices.broker_roles import dynamic_security_document, with_devices
from cloud_service.local_stack.secrets import StackSecrets
from cloud_service.models import Device, Site
from shared.topics import DeviceAddress

SITE = "fleet"
MOST_DEVICES = 10_000
_ALONE = "alone"
_ONE = "one device, one capture at a time"
_BASELINE_CAPTURES = 20
_SPARE_FILES = 500  # of the broker's open files, for all that is no device
_PASSWORD = "simulated"  # noqa: S105 - of a broker on loopback that lives for one run
_ROWS_AT_ONCE = 1000


@dataclass(frozen=True)
class FleetPlan:
    """How large and how long a run is.

    Attributes:
        devices: 1 to MOST_DEVICES; fewer where the machine has fewer open files.
        captures_each: small captures that each sends.
        seconds: over which all of them are spread evenly.
        patience_seconds: for each step beyond that, before what lacks an answer is counted as such.
    """

    devices: int
    captures_each: int
    seconds: float
    patience_seconds: float = 120.0


def bench_fleet(folder: Path, plan: FleetPlan) -> BenchResult:
    """Connect a fleet, let it send, and count what came back.

    Raises:
        MeasuredProgramError, ServantError: the stack or the simulation did not come up, or a process may open too few
            files here.
    """
    count = min(plan.devices, _open_files() - _SPARE_FILES)
    if count < 1:
        raise MeasuredProgramError(
            f"A process may not open {_SPARE_FILES + 1} files here, and each device is one. Raise `ulimit -Hn`."
        )
    names = [f"fleet-{number:05}" for number in range(count)]
    (image,) = draw_crops(folder, 1)
    tell(f"Making {count:,} devices")
    _write_roles(folder / "stack" / "data", [_ALONE, *names])
    with running_stack(folder / "stack") as stack:
        _enrol(stack, [_ALONE, *names])
        order = FleetOrder(
            port=stack.row("mosquitto")["ports"][0],
            site=SITE,
            devices=(),
            password=_PASSWORD,
            image=image,
            patience_seconds=plan.patience_seconds,
        )
        with _simulated(folder, order, [[_ALONE]]) as (alone,):
            alone.ask({"do": "connect"})
            single = alone.ask({"do": "one by one", "captures": _BASELINE_CAPTURES})
            alone.ask({"do": "close"})
        with _simulated(folder, order, [names[number :: cores()] for number in range(cores())]) as fleet:
            return _measured(stack, fleet, plan, count, _BASELINE_CAPTURES / single["seconds"])


def _measured(stack: RunningStack, fleet: Sequence[Servant], plan: FleetPlan, count: int, single: float) -> BenchResult:
    costs = [stack.cpu_seconds()]
    tell("Connecting them")
    connected = _ask(fleet, {"do": "connect"})
    costs.append(stack.cpu_seconds())
    tell(f"Sending, over {plan.seconds:g} s")
    begin = time.monotonic()
    sent = _ask(fleet, {"do": "send", "each": plan.captures_each, "seconds": plan.seconds})
    seconds = time.monotonic() - begin
    costs.append(stack.cpu_seconds())
    online = stack.rows("SELECT count(*) FROM device WHERE site_id = ? AND presence = 'online'", SITE)[0][0]
    in_database = stack.rows("SELECT count(*) FROM capture WHERE site_id = ? AND received_at IS NOT NULL", SITE)[0][0]
    stored = sum(each["stored"] for each in sent)
    rates = {_ONE: [single], f"{count:,} devices": [stored / seconds]}
    simulation = (
        f"The simulation itself took {sum(each['cpu_seconds'] for each in sent):.1f} s of CPU time while sending "
        f"and {sum(each['megabytes'] for each in sent):.0f} MB."
    )
    reasons = sorted({reason for each in sent for reason in each["reasons"]})
    held = sum(each["connected"] - each["lost"] for each in sent)
    return BenchResult(
        name="fleet",
        title=f"{count:,} simulated devices, {plan.captures_each} captures each over {plan.seconds:g} s",
        tables=(
            Table.of("Captures stored, with receipt", "captures/s", rates, baseline=_ONE),
            _counts(connected, sent, {"held at the end": held, "online, says the database": online}, in_database),
            _receipt_times(sent),
            _cpu("CPU time of connecting, a device", costs[0], costs[1], count),
            _cpu("CPU time of a capture", costs[1], costs[2], max(1, stored)),
        ),
        limit=f"this machine held {held:,} of {plan.devices:,} devices asked for, beside their simulation.",
        notes=(simulation, *(f"Heard: {reason}" for reason in reasons)),
    )


def _counts(connected: Sequence[Json], sent: Sequence[Json], held: dict[str, int], in_database: int) -> Table:
    seconds = max(each["seconds"] for each in connected)
    figures = {
        "devices connected": sum(each["connected"] for each in connected),
        "connections a second": sum(each["connected"] for each in connected) / seconds,
        "devices refused": sum(each["refused"] for each in connected),
        **held,
        "captures sent": sum(each["sent"] for each in sent),
        "receipts: stored": sum(each["stored"] for each in sent),
        "receipts: turned down": sum(each["turned_down"] for each in sent),
        "captures stored, says the database": in_database - _BASELINE_CAPTURES,
        "results so far": sum(each["results"] for each in sent),
    }
    made = tuple(Figure(name=name, value=Spread.of([float(value)])) for name, value in figures.items())
    return Table(title="Counted", unit="", baseline="", figures=made)


def _receipt_times(sent: Sequence[Json]) -> Table:
    taken = [1000 * seconds for each in sent for seconds in each["receipt_seconds"]]
    if len(taken) < 2:  # noqa: PLR2004 - fewer have no percentile
        return Table(title="From sending to receipt", unit="ms", baseline="", figures=())
    note = f"p95 {percentile(taken, 95):,.0f}, most {max(taken):,.0f}"
    figure = Figure(name=f"median {median(taken):,.0f}", value=Spread.of(taken), note=note)
    return Table(title="From sending to receipt", unit="ms", baseline="", figures=(figure,))


def _cpu(title: str, before: Costs, after: Costs, count: int) -> Table:
    spent = {name: 1000 * max(0.0, after[name] - before.get(name, 0.0)) / count for name in after}
    dearest_first = sorted(spent.items(), key=lambda entry: -entry[1])
    figures = tuple(Figure(name=name, value=Spread.of([value])) for name, value in dearest_first)
    return Table(title=title, unit="ms", baseline="", figures=figures)


def _ask(fleet: Sequence[Servant], question: Json) -> list[Json]:
    return ask_all(fleet, [question] * len(fleet))


@contextmanager
def _simulated(folder: Path, order: FleetOrder, shares: Sequence[Sequence[str]]) -> Iterator[list[Servant]]:
    """A process for each share of the devices that is not empty."""
    with ExitStack() as opened:
        servants = []
        for number, share in enumerate(filter(None, shares)):
            path = folder / f"order-{share[0]}-{number}.json"
            path.write_text(order.model_copy(update={"devices": tuple(share)}).model_dump_json())
            servants.append(opened.enter_context(Servant("cloud_service.bench.fleet_process", str(path))))
        yield servants


def _write_roles(data: Path, names: Sequence[str]) -> None:
    """The broker's roles with the fleet in them, before the stack's first start, which finds the file and keeps it."""
    secrets = StackSecrets.load_or_make(data / "secrets")
    document = dynamic_security_document(secrets.broker_admin, {"ingest-0": secrets.broker_ingest})
    passwords = {DeviceAddress(SITE, name): _PASSWORD for name in names}
    folder = data / "mosquitto"
    folder.mkdir(parents=True)
    path = folder / "dynamic-security.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps(with_devices(document, passwords)))


def _enrol(stack: RunningStack, names: Sequence[str]) -> None:
    """Put the fleet into the database, past the audit trail of single enrolments."""
    engine = make_engine(f"sqlite:///{stack.database.resolve()}")
    with transaction(engine) as session:
        session.add(Site(id=SITE))
        session.flush()
        for first in range(0, len(names), _ROWS_AT_ONCE):
            rows = [{"id": name, "site_id": SITE} for name in names[first : first + _ROWS_AT_ONCE]]
            session.execute(insert(table_of(Device)), rows)
    engine.dispose()


def _open_files() -> int:
    """How many files a process may have open: each device is one at the broker. This process's limit is raised to it.

    What is started afterwards inherits it.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard if hard != resource.RLIM_INFINITY else MOST_DEVICES + _SPARE_FILES
