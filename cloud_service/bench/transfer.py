"""What transfer alone costs: the bytes of captures from one MQTT client through a broker to another."""

import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import paho.mqtt.client as mqtt
import psutil
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from cloud_service.bench.stack import MeasuredProgramError, cpu_seconds_of, until
from cloud_service.local_stack.ports import LOOPBACK, free_port
from cloud_service.local_stack.programs import find_program

_TOPIC = "bytes"
_PART_BYTES = 256 * 1024  # a workstation's own part size on a good line
_SECONDS = 60.0


def transfer_milliseconds(files: Sequence[bytes], *, rounds: int) -> list[float]:
    """CPU time a capture, in milliseconds, of both clients and the broker; one figure a round.

    Raises:
        ConfigurationError: Mosquitto is not on this machine.
        MeasuredProgramError: the bytes did not come through.
    """
    with _broker() as (broker, port):
        arrived = _Arrivals(port)
        sender = _client()
        _begin(sender, port)
        try:
            sent = [_send(sender, arrived, files, broker) for _ in range(rounds + 1)]
        finally:
            sender.disconnect()
            sender.loop_stop()
            arrived.close()
    return [1000 * seconds / len(files) for seconds in sent[1:]]  # the first one makes room


def _send(sender: mqtt.Client, arrived: "_Arrivals", files: Sequence[bytes], broker: psutil.Process) -> float:
    before = time.process_time() + cpu_seconds_of(broker)
    arrived.expect(sum(map(len, files)))
    for data in files:
        for start in range(0, len(data), _PART_BYTES):
            sender.publish(_TOPIC, data[start : start + _PART_BYTES], qos=1)
    arrived.wait()
    return time.process_time() + cpu_seconds_of(broker) - before


class _Arrivals:
    """A client that counts the bytes that come to it."""

    def __init__(self, port: int) -> None:
        self._missing, self._all_here, self._ready = 0, threading.Event(), threading.Event()
        self._client = _client()
        self._client.on_message = self._take
        self._client.on_connect = self._ask
        self._client.on_subscribe = lambda *_: self._ready.set()
        _begin(self._client, port)
        if not self._ready.wait(_SECONDS):
            raise MeasuredProgramError("The broker granted no subscription.")

    def expect(self, byte_count: int) -> None:
        self._missing = byte_count
        self._all_here.clear()

    def wait(self) -> None:
        if not self._all_here.wait(_SECONDS):
            raise MeasuredProgramError(f"{self._missing} bytes did not come through the broker.")

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _ask(self, client: mqtt.Client, *_: object) -> None:
        client.subscribe(_TOPIC, qos=1)

    def _take(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        self._missing -= len(message.payload)
        if self._missing <= 0:
            self._all_here.set()


def _client() -> mqtt.Client:
    return mqtt.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)


def _begin(client: mqtt.Client, port: int) -> None:
    client.connect(LOOPBACK, port)
    client.loop_start()


@contextmanager
def _broker() -> Iterator[tuple[psutil.Process, int]]:
    """Mosquitto without a settings file: on loopback alone, nothing written to disk."""
    port = free_port()
    command = [str(find_program("mosquitto")), "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:  # noqa: S603 - ours
        try:
            until(lambda: _listens(port), _SECONDS, "the broker listens")
            yield psutil.Process(process.pid), port
        finally:
            process.terminate()


def _listens(port: int) -> bool:
    with socket.socket() as knocking:
        return knocking.connect_ex((LOOPBACK, port)) == 0
