"""The bad line, measured at its two ends."""

import gc
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import psutil
import pytest

from cloud_service.local_stack.ports import LOOPBACK
from tests.support.tcp_proxy import TcpProxy
from tests.support.waiting import PATIENCE


class Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        while data := self.request.recv(65536):
            self.request.sendall(data)


class EchoServer(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A line that is cut is what these tests are about."""


@pytest.fixture
def line(tcp_proxy: Callable[[int], TcpProxy]) -> Iterator[TcpProxy]:
    """A proxy to a server that sends everything back."""
    with EchoServer((LOOPBACK, 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield tcp_proxy(server.server_address[1])
        server.shutdown()
        thread.join()


def connect(line: TcpProxy) -> socket.socket:
    return socket.create_connection((LOOPBACK, line.port), timeout=PATIENCE)


def round_trip(connection: socket.socket, data: bytes) -> tuple[bytes, float]:
    """What came back, and after how many seconds."""
    since = time.monotonic()
    connection.sendall(data)
    received = b""
    while len(received) < len(data):
        piece = connection.recv(65536)
        if not piece:
            break
        received += piece
    return received, time.monotonic() - since


def test_a_good_line_carries_bytes_unchanged_and_counts_them(line: TcpProxy) -> None:
    data = bytes(range(256)) * 2000
    with connect(line) as connection:
        assert round_trip(connection, data)[0] == data
    assert (line.bytes_up, line.bytes_down) == (len(data), len(data))
    assert len(line.connected_at) == 1


def test_a_delay_counts_in_both_directions(line: TcpProxy) -> None:
    line.line.delay = 0.1
    with connect(line) as connection:
        assert round_trip(connection, b"capture")[1] >= 0.2


def test_a_throttled_line_carries_no_more_than_its_rate(line: TcpProxy) -> None:
    line.line.bytes_per_second = 20_000
    with connect(line) as connection:
        data, seconds = round_trip(connection, b"x" * 10_000)
    assert len(data) == 10_000
    assert seconds >= 0.5


def test_a_cut_ends_connections_and_lets_new_ones_in(line: TcpProxy) -> None:
    with connect(line) as connection:
        round_trip(connection, b"before")
        line.cut()
        with pytest.raises(ConnectionResetError):
            connection.recv(1)
    with connect(line) as connection:
        assert round_trip(connection, b"after")[0] == b"after"


def test_a_line_that_is_down_refuses_until_it_is_up(line: TcpProxy) -> None:
    port = line.port
    line.down()
    with pytest.raises(ConnectionRefusedError):
        connect(line)
    line.up()
    assert line.port == port
    with connect(line) as connection:
        assert round_trip(connection, b"again")[0] == b"again"


def test_a_half_open_line_says_nothing_and_carries_nothing(line: TcpProxy) -> None:
    with connect(line) as old, connect(line) as new:
        round_trip(old, b"before")
        line.swallow()
        old.settimeout(0.2)
        old.sendall(b"lost")
        with pytest.raises(TimeoutError):
            old.recv(1)

        line.heal()
        with pytest.raises(TimeoutError):
            old.recv(1)
        new.close()
    with connect(line) as healed:
        assert round_trip(healed, b"healed")[0] == b"healed"


def test_a_target_that_is_away_resets_the_connection(tcp_proxy: Callable[[int], TcpProxy]) -> None:
    with socket.socket() as nobody:
        nobody.bind((LOOPBACK, 0))
        proxy = tcp_proxy(nobody.getsockname()[1])
        with pytest.raises(ConnectionResetError), connect(proxy) as connection:
            connection.recv(1)


def test_closing_while_a_connection_is_made_leaves_no_socket_open() -> None:
    gc.collect()
    before = psutil.Process().num_fds()
    with ExitStack() as sockets:
        target = sockets.enter_context(socket.create_server((LOOPBACK, 0), backlog=0))
        for _ in range(4):  # more than wait there, so that the proxy's own connection is not answered
            waiting = sockets.enter_context(socket.socket())
            waiting.settimeout(0)
            waiting.connect_ex(target.getsockname())
        line = TcpProxy(target.getsockname()[1])
        connection = sockets.enter_context(connect(line))
        while not line.connected_at:
            time.sleep(0.01)
        line.close()
        with pytest.raises(ConnectionResetError):
            connection.recv(1)
    gc.collect()

    assert psutil.Process().num_fds() == before
