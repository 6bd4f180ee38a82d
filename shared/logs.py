"""JSON logs, one object a line on standard error, with capture, device and site ids and never a patient field."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

PATIENT_FIELDS = frozenset(
    {"accession", "patient", "patient_id", "patient_name", "name", "birth_date", "pseudonym_key"}
)
"""Keys whose values are withheld, whoever logs them."""

_SHARED_PROCESSORS: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
    structlog.processors.format_exc_info,
]

# Until `configure` is called: what a command prints for other programs on standard output stays its own.
structlog.configure(logger_factory=lambda *_names: structlog.PrintLogger(sys.stderr))


def withhold_patient_fields(
    _logger: Any,
    _method: str,
    event: MutableMapping[str, Any],
) -> MutableMapping[str, Any]:
    """Replace the value of every key in PATIENT_FIELDS, so that a careless log call cannot leak an identity."""
    for key in PATIENT_FIELDS & event.keys():
        event[key] = "[withheld]"
    return event


def configure(process: str, level: str = "INFO") -> None:
    """Send this process's logs, libraries' included, to standard error as JSON lines.

    Args:
        process: stands in every line as `process`, say "ingest".
        level: one of the names that `logging` knows.
    """
    named = _add_process(process)
    structlog.configure(
        processors=[*_SHARED_PROCESSORS, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_SHARED_PROCESSORS,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                named,
                withhold_patient_fields,
                structlog.processors.JSONRenderer(),
            ],
        ),
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)


def _add_process(process: str) -> structlog.typing.Processor:
    """Name the process in every line; a context variable would be missing in the lines of other threads."""

    def add(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["process"] = process
        return event

    return add


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger to which `bind(capture=…, device=…, site=…)` adds context."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger
