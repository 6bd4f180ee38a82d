"""Many simulated workstations in one process: `python -m cloud_service.bench.fleet_process ORDER-FILE`.

It answers {"do": "connect"}, {"do": "send", "each": N, "seconds": S}, {"do": "one by one", "captures": N} and
{"do": "close"}, each once, in this order or without some of them.
"""

import asyncio
import itertools
import resource
import sys
import time
from dataclasses import asdict
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from cloud_service.bench.fleet_device import KEEPALIVE_SECONDS, FleetDevice, Tally
from cloud_service.bench.servant import Json, serve
from shared.topics import DeviceAddress

_CONNECTING_AT_ONCE = 100
"""The broker's listen backlog is 100: more would be turned away by the kernel."""

_MEGABYTE = 1e6


class FleetOrder(BaseModel):
    """What one process is to simulate."""

    model_config = ConfigDict(frozen=True)

    port: int  # of the broker, on loopback
    site: str
    devices: tuple[str, ...]
    password: str
    image: Path
    patience_seconds: float  # for each step


class Fleet:
    """The devices of one process, and the event loop that they share."""

    def __init__(self, order: FleetOrder) -> None:
        self._order = order
        self._loop = asyncio.new_event_loop()
        self._tally = Tally()
        self._settled: asyncio.Event
        self._devices: list[FleetDevice] = []
        self._keeping: asyncio.Task[None]

    def answer(self, question: Json) -> Json:
        """See the module; answers with the tally so far, seconds, CPU seconds and megabytes."""
        match question:
            case {"do": "connect"}:
                step = self._connect()
            case {"do": "send", "each": int(each), "seconds": seconds}:
                step = self._send(each, float(seconds))
            case {"do": "one by one", "captures": int(captures)}:
                step = self._one_by_one(captures)
            case {"do": "close"}:
                step = self._close()
            case _:
                raise ValueError(f"unknown question: {question}")
        begin, own = time.monotonic(), time.process_time()
        self._loop.run_until_complete(step)
        return {
            **{name: value for name, value in asdict(self._tally).items() if name != "reasons"},
            "reasons": sorted(self._tally.reasons),
            "seconds": time.monotonic() - begin,
            "cpu_seconds": time.process_time() - own,
            "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / _MEGABYTE,
        }

    async def _connect(self) -> None:
        self._settled = asyncio.Event()
        image, turns = self._order.image.read_bytes(), asyncio.Semaphore(_CONNECTING_AT_ONCE)
        addresses = (DeviceAddress(self._order.site, name) for name in self._order.devices)
        self._devices = [
            FleetDevice(address, self._order.password, image, self._tally, self._settled.set) for address in addresses
        ]
        self._keeping = asyncio.create_task(self._keep_alive())

        async def connect(device: FleetDevice) -> None:
            async with turns:
                try:
                    device.connect(self._order.port)
                    async with asyncio.timeout(self._order.patience_seconds):
                        await device.online.wait()
                except OSError as error:  # TimeoutError is one
                    self._tally.refused += 1
                    self._tally.reasons.add(str(error) or "no answer in time")

        await asyncio.gather(*(connect(device) for device in self._devices))

    async def _send(self, each: int, seconds: float) -> None:
        """Each device sends `each` captures, all of them spread evenly over `seconds`; wait for the receipts."""
        online = [device for device in self._devices if device.online.is_set()]
        pause = seconds / max(1, each * len(online))
        begin = time.monotonic()
        for number, device in enumerate(itertools.chain.from_iterable([online] * each)):
            await asyncio.sleep(max(0.0, begin + number * pause - time.monotonic()))
            device.send()
        await self._until_settled(self._tally.sent)

    async def _one_by_one(self, captures: int) -> None:
        """One device sends a capture, waits for its receipt, and sends the next."""
        for _ in range(captures):
            self._devices[0].send()
            await self._until_settled(self._tally.sent)

    async def _until_settled(self, count: int) -> None:
        """Wait until so many captures have their receipt, as long as patience lasts; the tally shows what lacks one."""
        try:
            async with asyncio.timeout(self._order.patience_seconds):
                while self._tally.stored + self._tally.turned_down < count:
                    self._settled.clear()
                    await self._settled.wait()
        except TimeoutError:
            self._tally.reasons.add(f"no receipt within {self._order.patience_seconds:g} s")

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(KEEPALIVE_SECONDS / 4)
            for number, device in enumerate(self._devices):
                device.keep_alive()
                if number % _CONNECTING_AT_ONCE == 0:
                    await asyncio.sleep(0)

    async def _close(self) -> None:
        self._keeping.cancel()
        for device in self._devices:
            device.close()
        await asyncio.sleep(0)


def main(order: Path) -> None:
    """Read the order, then answer until the input ends."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    serve(Fleet(FleetOrder.model_validate_json(order.read_bytes())).answer)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
