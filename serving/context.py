"""The id of the request being answered, known everywhere below without being passed along."""

from contextvars import ContextVar

_REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")


def current_request_id() -> str:
    """The id of the request being answered; empty outside of one."""
    return _REQUEST_ID.get()


def set_request_id(request_id: str) -> None:
    """Say which request is being answered, for the rest of its task."""
    _REQUEST_ID.set(request_id)
