"""Live changes to the broker's clients and roles, over the dynamic security plugin's control topic."""

import json
import queue
import ssl
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Protocol, Self
from uuid import uuid4

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from cloud_service.config import Settings
from cloud_service.devices.broker_roles import (
    ADMIN,
    CONTROL_TOPIC,
    RESPONSE_TOPIC,
    Json,
    device_commands,
    removal_commands,
)
from shared.errors import ConfigurationError, PermanentError, TransientError
from shared.topics import DeviceAddress

_ANSWER_SECONDS = 10.0
_ABSENT = frozenset({"Client not found", "Role not found"})  # the plugin's words; what was to go is gone
_KEEPALIVE_SECONDS = 15


class BrokerRefusedError(PermanentError):
    """The broker understood a change of its clients and refused it."""


class DeviceAccess(Protocol):
    """What enrolment needs of the broker."""

    def put_device(self, address: DeviceAddress, password: str) -> None:
        """Let the device in with this password and its own rights; replaces what there was."""

    def remove_device(self, device: str) -> None:
        """Let the device in no more, and cut it off."""


class BrokerAdmin:
    """A connection of the user `admin`, for the length of a `with` block.

    Raises (in `with` and in each method):
        ConfigurationError: the password is missing or wrong.
        TransientError: the broker is away or does not answer.
        BrokerRefusedError: the broker refuses a change.
    """

    def __init__(self, settings: Settings) -> None:
        if settings.broker_admin_password is None:
            raise ConfigurationError(
                "SMEARFLOW_BROKER_ADMIN_PASSWORD is not set, so devices cannot be added or removed at the broker;"
                " it is the password of the broker's user 'admin'.",
            )
        self._where = f"{settings.broker_host}:{settings.broker_port}"
        self._address = (settings.broker_host, settings.broker_port)
        self._answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"admin-{uuid4().hex}",
            protocol=MQTTProtocolVersion.MQTTv5,
            reconnect_on_failure=False,
        )
        self._client.username_pw_set(ADMIN, settings.broker_admin_password.get_secret_value())
        if settings.broker_ca_file is not None:
            self._client.tls_set_context(ssl.create_default_context(cafile=str(settings.broker_ca_file)))
        self._client.on_connect = lambda _c, _u, _flags, reason, _p: self._answers.put(reason)
        self._client.on_subscribe = lambda _c, _u, _mid, reasons, _p: self._answers.put(reasons[0])
        self._client.on_message = lambda _c, _u, message: self._answers.put(message.payload)

    def __enter__(self) -> Self:
        try:
            self._client.connect(*self._address, keepalive=_KEEPALIVE_SECONDS)
        except OSError as error:
            raise TransientError(
                f"The broker at {self._where} cannot be reached: {error}. Start it, try again."
            ) from error
        self._client.loop_start()
        try:
            self._expect_success("let 'admin' in (check SMEARFLOW_BROKER_ADMIN_PASSWORD)")
            self._client.subscribe(RESPONSE_TOPIC, qos=1)
            self._expect_success("let 'admin' read the control topic (check its role)")
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def put_device(self, address: DeviceAddress, password: str) -> None:
        """See `DeviceAccess`."""
        self._carry_out(device_commands(address, password))

    def remove_device(self, device: str) -> None:
        """See `DeviceAccess`."""
        self._carry_out(removal_commands(device))

    def _carry_out(self, commands: Sequence[Json]) -> None:
        """Send commands as one message, which the plugin works off in order, and wait for all answers."""
        marked = [{**command, "correlationData": uuid4().hex} for command in commands]
        self._client.publish(CONTROL_TOPIC, json.dumps({"commands": marked}), qos=1)
        open_marks = {command["correlationData"]: command["command"] for command in marked}
        while open_marks:
            for response in json.loads(self._answer())["responses"]:
                command = open_marks.pop(response.get("correlationData"), None)
                error = response.get("error")
                if command is not None and error is not None and error not in _ABSENT:
                    raise BrokerRefusedError(f"The broker at {self._where} refused {command}: {error}.")

    def _expect_success(self, what: str) -> None:
        reason = self._answer()
        if not isinstance(reason, ReasonCode) or reason.is_failure:
            raise ConfigurationError(f"The broker at {self._where} did not {what}: {reason}.")

    def _answer(self) -> Any:
        try:
            return self._answers.get(timeout=_ANSWER_SECONDS)
        except queue.Empty as error:
            raise TransientError(
                f"The broker at {self._where} did not answer within {_ANSWER_SECONDS:.0f} s."
                " Check that it runs with the dynamic security plugin, then try again.",
            ) from error

    def _close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
