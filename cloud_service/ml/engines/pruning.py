"""Which engines go from the cache: those that nobody has wanted for long, and those that a newer one has replaced."""

import time
from datetime import timedelta
from typing import Final

from cloud_service.ml.engines.cache import EngineCache
from cloud_service.ml.engines.key import EngineKey
from shared.logs import get_logger

UNUSED_FOR: Final = timedelta(days=30)
REPLACED_FOR: Final = timedelta(days=1)
"""An engine of another driver or TensorRT is kept a day after its last use: an update may be taken back, and machines
that share a folder may not have made it yet."""

log = get_logger(__name__)


def prune(cache: EngineCache, serving: EngineKey) -> list[str]:
    """Remove what is of no more use, now that an engine serves; what other processes have in hand stays.

    Args:
        cache: where engines are kept.
        serving: the engine that serves. It stays, and replaces those that differ by driver, TensorRT or recipe alone.

    Returns:
        The names of the engines that are gone.

    Raises:
        UnsafeCacheError: others can write there.
        OSError: the folder cannot be written.
    """
    gone = [
        name
        for name in cache.names()
        if name != serving.name and cache.remove_if(name, lambda key, used_at: _is_over(key, used_at, serving))
    ]
    if gone:
        log.info("old engines were removed", engines=gone, serving=serving.name)
    return gone


def _is_over(key: EngineKey | None, used_at: float, serving: EngineKey) -> bool:
    """Whether an engine that was last wanted at that time goes; None: what is written of it cannot be read."""
    kept_for = REPLACED_FOR if key is not None and _is_replaced(key, serving) else UNUSED_FOR
    return time.time() - used_at > kept_for.total_seconds()


def _is_replaced(key: EngineKey, serving: EngineKey) -> bool:
    """Whether the other differs in nothing but what an update of the machine or of this software changes."""
    updated = {name: getattr(serving, name) for name in ("driver", "tensorrt", "recipe")}
    return key != serving and key.model_copy(update=updated) == serving
