"""Puts the service together as an ASGI application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.routing import Route

from recsys.profile import NO_PROFILE, MemberProfile
from serving.clock import Clock
from serving.documentation import document
from serving.gate import Gate
from serving.metrics import Metrics
from serving.pricing import Pricing
from serving.problems import install_handlers
from serving.routes import decisions, events, members, policy, pricing, related, status, what_if
from serving.service import Service, running
from serving.settings import Settings
from serving.swagger import install_docs
from serving.what_if import WhatIfs

VERSION = "1"


def create_app(settings: Settings, *, clock: Clock | None = None) -> FastAPI:
    """
    The application; its service ``app.state.service`` starts and stops with the server's lifespan.

    Args:
        settings: Of this process.
        clock: What time it is; absent means the clock that the settings choose.

    Raises:
        StoreError: The store's URL cannot be used.
        InputError: The workspace's description is broken.
    """
    metrics = Metrics()
    service = Service(settings, metrics, clock=clock)

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
        docs_url=None,
        redoc_url=None,
    )
    app.state.service = service
    app.state.what_ifs = WhatIfs(service)
    app.state.pricing = Pricing(service)
    app.add_middleware(Gate, metrics=metrics, max_in_flight=settings.max_in_flight)
    install_handlers(app)
    routers = (
        decisions.direct, related.direct, decisions.router, related.router, events.router, members.consents,
        pricing.router, members.router, status.router, policy.router, what_if.router,
    )  # fmt: skip
    # Not included but taken over, and before those of the documentation: routes are tried one after another, and an
    # included router looks for the route of each request twice.
    routes = [route for router in routers for route in router.routes]
    app.router.routes[:0] = routes
    install_docs(app)
    app.state.methods = [
        (route.path_regex, method) for route in app.routes if isinstance(route, Route) for method in route.methods or ()
    ]

    def profile() -> MemberProfile:
        served = service.live.current
        return served.engine.knowledge.members.profile if served else NO_PROFILE

    document(app, profile)
    return app
