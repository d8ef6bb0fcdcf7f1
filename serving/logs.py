"""How the service logs: one JSON object a line on standard error, without personal data."""

import hashlib
import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from serving.context import current_request_id


def configure_logging(level: str = "INFO") -> None:
    """Set up structlog and the standard library's loggers for one process."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(message)s")
    structlog.configure(
        processors=[
            _add_request_id,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def hashed(member_id: str) -> str:
    """A member id as it may appear in logs: the same member gives the same 16 hexadecimal digits."""
    return hashlib.blake2b(member_id.encode(), digest_size=8, person=b"recsys-log").hexdigest()


def _add_request_id(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    request_id = current_request_id()
    if request_id:
        event["request_id"] = request_id
    return event
