"""A bad line: a TCP proxy that delays, throttles, cuts, goes down and swallows."""

import asyncio
import socket
import struct
import threading
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from cloud_service.local_stack.ports import LOOPBACK
from tests.support.waiting import PATIENCE

_SLICE_SECONDS = 0.05  # a throttled line carries at most this much in one piece
_WAITING_PIECES = 64  # before the sender feels that the line is full


@dataclass(slots=True)
class Line:
    """What the line does with what it carries; may be changed at any time.

    Attributes:
        delay: seconds that each byte travels, one way.
        bytes_per_second: for each direction, all connections together; None is unbounded.
    """

    delay: float = 0.0
    bytes_per_second: float | None = None


@dataclass(slots=True)
class _Direction:
    """Bytes of all connections that travel one way."""

    carried: int = 0
    free_at: float = 0.0


@dataclass(slots=True, eq=False)
class _Connection:
    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    swallowed: bool = False

    def abort(self) -> None:
        _reset(self.client)
        _reset(self.server)


def _reset(writer: asyncio.StreamWriter) -> None:
    """Ends the connection with a TCP reset, as a line that breaks does, in place of an orderly end."""
    connection: socket.socket = writer.get_extra_info("socket")
    if connection.fileno() != -1:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@dataclass(slots=True)
class _Counters:
    up: _Direction = field(default_factory=_Direction)
    down: _Direction = field(default_factory=_Direction)
    connected_at: list[float] = field(default_factory=list)


class TcpProxy:
    """Listens on `port` and carries bytes to and from `target_port`, both on loopback, in a thread of its own."""

    def __init__(self, target_port: int) -> None:
        self.line = Line()
        self.port = 0
        self._target_port = target_port
        self._counters = _Counters()
        self._connections: set[_Connection] = set()
        self._carrying: set[asyncio.Task[None]] = set()
        self._swallowing = False
        self._server: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="tcp-proxy", daemon=True)
        self._thread.start()
        self.up()

    @property
    def bytes_up(self) -> int:
        """Bytes that reached the target."""
        return self._counters.up.carried

    @property
    def bytes_down(self) -> int:
        """Bytes that came back from the target."""
        return self._counters.down.carried

    @property
    def connected_at(self) -> list[float]:
        """When, by time.monotonic(), each connection was accepted."""
        return list(self._counters.connected_at)

    def cut(self) -> None:
        """Resets every connection; new ones are accepted at once."""
        self._call(self._abort_all)

    def down(self) -> None:
        """Resets every connection and refuses new ones, until `up`."""
        self._run(self._close_listener())
        self.cut()

    def up(self) -> None:
        """Accepts connections again, on the same port."""
        self._run(self._listen())

    def swallow(self) -> None:
        """Half-open: connections, new ones too, stay open and carry nothing any more, and nobody is told."""

        def mark() -> None:
            self._swallowing = True
            for connection in self._connections:
                connection.swallowed = True

        self._call(mark)

    def heal(self) -> None:
        """Carries new connections again; a swallowed one stays dead, as bytes are missing from it."""
        self._swallowing = False

    def close(self) -> None:
        """Ends all connections and the thread."""
        self.down()
        self._run(self._end_tasks())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=PATIENCE)

    def _call(self, work: Callable[[], None]) -> None:
        async def call() -> None:
            work()

        self._run(call())

    async def _listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._accepted, LOOPBACK, self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def _close_listener(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    def _abort_all(self) -> None:
        for connection in self._connections:
            connection.abort()

    async def _end_tasks(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carries a new connection in a task of its own, at whose end, whichever it is, the connection ends."""

        def end(task: asyncio.Task[None]) -> None:
            self._carrying.discard(task)
            _reset(writer)

        self._counters.connected_at.append(time.monotonic())
        task = self._loop.create_task(self._carry(reader, writer))
        self._carrying.add(task)
        task.add_done_callback(end)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            from_server, to_server = await asyncio.open_connection(LOOPBACK, self._target_port)
        except OSError:
            return
        connection = _Connection(writer, to_server, self._swallowing)
        self._connections.add(connection)
        try:
            async with asyncio.TaskGroup() as both_ways:
                both_ways.create_task(self._pump(connection, reader, to_server, self._counters.up))
                both_ways.create_task(self._pump(connection, from_server, writer, self._counters.down))
        finally:
            self._connections.discard(connection)
            connection.abort()

    async def _pump(
        self, connection: _Connection, source: asyncio.StreamReader, sink: asyncio.StreamWriter, way: _Direction
    ) -> None:
        """One way of one connection; reading and writing are apart, so that a delay takes nothing from the rate."""
        travelling: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_WAITING_PIECES)
        async with asyncio.TaskGroup() as ends:
            ends.create_task(self._read(source, travelling))
            ends.create_task(self._write(connection, travelling, sink, way))

    async def _read(self, source: asyncio.StreamReader, travelling: asyncio.Queue[tuple[float, bytes]]) -> None:
        data = b"-"
        while data:
            rate = self.line.bytes_per_second
            with suppress(ConnectionError):
                data = b""
                data = await source.read(65536 if rate is None else max(1, int(rate * _SLICE_SECONDS)))
            await travelling.put((time.monotonic() + self.line.delay, data))

    async def _write(
        self,
        connection: _Connection,
        travelling: asyncio.Queue[tuple[float, bytes]],
        sink: asyncio.StreamWriter,
        way: _Direction,
    ) -> None:
        while True:
            arrives_at, data = await travelling.get()
            if data and sink.transport.is_closing():
                continue  # cut: what was under way is lost, and takes no time from the line
            await asyncio.sleep(max(arrives_at, self._slot(way, len(data))) - time.monotonic())
            if connection.swallowed:
                continue
            if not data:
                sink.transport.close()
                return
            way.carried += len(data)  # before they go: who has read them may look at once
            sink.write(data)
            with suppress(ConnectionError):
                await sink.drain()

    def _slot(self, way: _Direction, size: int) -> float:
        """When these bytes have passed the line, behind all that were there before them."""
        rate = self.line.bytes_per_second
        if rate is None:
            return 0.0
        way.free_at = max(way.free_at, time.monotonic()) + size / rate
        return way.free_at
