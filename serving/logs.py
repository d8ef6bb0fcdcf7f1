"""How the service logs: one JSON object a line on standard error, without personal data."""

import hashlib
import logging
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any

import orjson
import structlog

from serving.context import current_request_id

_MOST_FRAMES = 30


def configure_logging(level: str = "INFO") -> None:
    """Set up structlog and the standard library's loggers for one process."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    structlog.configure(
        processors=[
            _add_request_id,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _tell_error,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def hashed(member_id: str) -> str:
    """A member id as it may appear in logs: the same member gives the same 16 hexadecimal digits."""
    return hashlib.blake2b(member_id.encode(), digest_size=8, person=b"recsys-log").hexdigest()


def told(error: BaseException) -> dict[str, object]:
    """
    An error as it may appear in logs: its type, where it came from, and its causes; without its message.

    A message may hold whatever was being worked on: ``KeyError: 'member-17'``, a row, a query's parameters.
    """
    frames = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return {
        "error": type(error).__name__,
        "at": frames[-_MOST_FRAMES:],
        **({"because": type(cause).__name__} if cause is not None else {}),
    }


class _JsonLines(logging.Formatter):
    """The lines of libraries that log in the standard way, in the same form."""

    def format(self, record: logging.LogRecord) -> str:
        """One JSON object."""
        line: dict[str, object] = {
            "event": "library_log",
            "logger": record.name,
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        }
        if record.exc_info and record.exc_info[1] is not None:
            line |= told(record.exc_info[1])
        return orjson.dumps(line).decode()


def _tell_error(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    error = event.pop("exc_info", None)
    if isinstance(error, BaseException):
        event.update(told(error))
    return event


def _add_request_id(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    request_id = current_request_id()
    if request_id:
        event["request_id"] = request_id
    return event
