"""The ingest process: composed here, nowhere else."""

import signal
import threading
from types import FrameType

from pydantic import ValidationError
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError, ProgrammingError

from cloud_service.allocator import freeze_what_is_loaded
from cloud_service.blob_store import open_blob_store
from cloud_service.config import Settings
from cloud_service.database import make_engine, snapshot
from cloud_service.ingest.connection import Inbox, Woken
from cloud_service.ingest.decoding import Decoder
from cloud_service.ingest.processor import Processor
from cloud_service.ingest.subscriber import Subscriber
from cloud_service.ml.model_card import ModelCard
from cloud_service.ml.package import ModelPackageError, load_package
from cloud_service.models import EVERYWHERE, ModelVersion
from cloud_service.registry.versions import active_digest
from cloud_service.wakeup import ChangeListener, Notifier
from shared.imaging.preprocess import PreprocessSpec
from shared.logs import get_logger

_LISTEN_SECONDS = 1.0

log = get_logger(__name__)


def run(settings: Settings) -> None:
    """Serve this replica's sites until SIGTERM or SIGINT.

    Raises:
        ConfigurationError: the blob store's URL is wrong.
        TransientError: the blob store cannot be opened.
    """
    redis_url = settings.redis_url.get_secret_value()
    engine = make_engine(settings.database_url)
    decoder = Decoder(settings, spec_of_workers(engine, settings))
    notifier = Notifier(redis_url)
    ended = threading.Event()
    try:
        processor = Processor(engine, open_blob_store(settings), decoder, settings)
        subscriber = Subscriber(settings=settings, engine=engine, processor=processor, notifier=notifier)

        def stop(_number: int, _frame: FrameType | None) -> None:
            subscriber.stop()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        threading.Thread(
            target=_listen, args=(redis_url, subscriber.inbox, ended), name="listener", daemon=True
        ).start()
        decoder.warm_up()
        notifier.warm_up()
        freeze_what_is_loaded()
        log.info("ingest starts", shard=settings.shard, shard_count=settings.shard_count)
        subscriber.run()
    finally:
        ended.set()
        notifier.close()
        decoder.close()
        engine.dispose()


def spec_of_workers(engine: Engine, settings: Settings) -> PreprocessSpec | None:
    """How workers read most images: by the model that is in service everywhere, or by the one that they begin with.

    None where neither is known: workers decode for themselves then, as they do where a site has a model of its own.
    """
    try:
        with snapshot(engine) as session:
            digest = active_digest(session, EVERYWHERE)
            if digest is not None:
                return ModelCard.model_validate(session.get_one(ModelVersion, digest).card).preprocess
        return load_package(settings.model_dir).card.preprocess
    except (ModelPackageError, OperationalError, ProgrammingError, ValidationError) as error:
        log.warning("workers decode for themselves", reason=str(error))
        return None


def _listen(redis_url: str, inbox: Inbox, ended: threading.Event) -> None:
    """Pass wake-up calls on to the main loop, which polls anyhow."""
    listener = ChangeListener(redis_url)
    while not ended.is_set():
        if listener.wait(_LISTEN_SECONDS):
            inbox.put(Woken())
    listener.close()
