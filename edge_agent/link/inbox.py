"""What the cloud sends: checked against what this device knows, then acted on; what does not fit raises an alarm."""

from collections.abc import Callable
from datetime import UTC, datetime

from edge_agent.link.commands import Commands
from edge_agent.link.courier import Courier
from edge_agent.outbox.outbox import Outbox
from shared.errors import ProtocolError
from shared.logs import get_logger
from shared.messages import Ack, CloudState, Command, Receipt, Result, ResultKind
from shared.topics import CLOUD, ROOT, DeviceAddress, DownKind, DownTopic, parse_down, shard_of
from shared.vocabulary import RESEARCH_USE_ONLY, Presence

log = get_logger(__name__)

_CLOUD_ROOT = f"{ROOT}/{CLOUD}/"


class Inbox:
    """Takes every message of one connection, on the sender's thread.

    Args:
        on_cloud: called when the ingest replica that serves this site comes or goes.
    """

    def __init__(
        self,
        *,
        outbox: Outbox,
        courier: Courier,
        commands: Commands,
        address: DeviceAddress,
        on_cloud: Callable[[bool], None],
    ) -> None:
        self._outbox = outbox
        self._courier = courier
        self._commands = commands
        self._address = address
        self._on_cloud = on_cloud
        self._replicas: dict[str, CloudState] = {}

    def take(self, topic: str, payload: bytes, now: float) -> bool:
        """Act on a message; one that breaks the protocol, or does not match this outbox, raises an alarm instead.

        Returns:
            Whether the cloud waits for the device's status: it was a command.
        """
        try:
            if topic.startswith(_CLOUD_ROOT):
                self._take_state(topic, payload)
                return False
            down = parse_down(topic)
            self._take_down(down, payload, now)
        except ProtocolError as error:
            log.error("message from the cloud not accepted", reason=str(error))  # noqa: TRY400 - a traceback tells no more
            self._outbox.raise_alarm(str(error))
            return False
        return down.kind is DownKind.COMMAND

    def _take_state(self, topic: str, payload: bytes) -> None:
        """Note a replica's retained state; an empty payload means that it is gone for good."""
        self._replicas.pop(topic, None)
        if payload:
            self._replicas[topic] = CloudState.decode(payload)
        online = any(
            state.state is Presence.ONLINE and shard_of(self._address.site, state.shard_count) == state.shard
            for state in self._replicas.values()
        )
        self._courier.cloud(online=online)
        self._on_cloud(online)

    def _take_down(self, topic: DownTopic, payload: bytes, now: float) -> None:
        if topic.address != self._address:
            raise ProtocolError(f"A message for {topic.address.site}/{topic.address.device} came to this device.")
        match topic.kind:
            case DownKind.RECEIPT:
                receipt = Receipt.decode(payload)
                _check_capture(topic, receipt)
                self._courier.receipt(receipt, now)
            case DownKind.RESULT:
                result = Result.decode(payload)
                _check_capture(topic, result)
                self._show(result)
            case DownKind.COMMAND:
                self._commands.obey(Command.decode(payload))

    def _show(self, result: Result) -> None:
        """Keep a result where `status` shows it, then say so; one that came before is only acknowledged again."""
        if self._outbox.answered(result):
            log.info(
                "result",
                capture=str(result.capture_id),
                kind=result.kind,
                finding=result.label.wording if result.label else None,
                diagnosis=result.diagnosis if result.kind is ResultKind.DIAGNOSIS else None,
                probability=result.probability,
                doubts=result.doubts,
                model=result.model_version,
                reason=result.reason,
                notice=RESEARCH_USE_ONLY,
            )
        ack = Ack(v=1, capture_id=result.capture_id, delivery_id=result.delivery_id, shown_at=datetime.now(UTC))
        self._courier.post(self._address.ack(result.capture_id), ack.encode())


def _check_capture(topic: DownTopic, message: Receipt | Result) -> None:
    if message.capture_id != topic.capture_id:
        kind = type(message).__name__
        raise ProtocolError(f"A {kind} on the topic of capture {topic.capture_id} speaks of {message.capture_id}.")
