"""Puts the service together as an ASGI application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from serving.documentation import document
from serving.gate import Gate
from serving.metrics import Metrics
from serving.problems import install_handlers
from serving.routes import decisions, events, members, status
from serving.service import Service, running
from serving.settings import Settings

VERSION = "1"


def create_app(settings: Settings) -> FastAPI:
    """
    The application; its service starts and stops with the server's lifespan, and is then ``app.state.service``.

    Raises:
        StoreError: The store's URL cannot be used.
        InputError: The workspace's description is broken.
    """
    metrics = Metrics()
    service = Service(settings, metrics)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with running(service):
            yield

    app = FastAPI(
        title="recsys",
        version=VERSION,
        summary="Recommendations and next-best offers for membership programmes.",
        lifespan=lifespan,
        redirect_slashes=False,
    )
    app.state.service = service
    app.add_middleware(
        Gate, metrics=metrics, max_body_bytes=settings.max_body_bytes, max_in_flight=settings.max_in_flight
    )
    install_handlers(app)
    for router in (decisions.router, events.router, members.router, status.router):
        app.include_router(router)
    document(app)
    return app
