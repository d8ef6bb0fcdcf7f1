"""What is served, whether it is healthy, the metrics, and a page to try it."""

from dataclasses import asdict

from fastapi import APIRouter, Depends, Request, Response

from serving.auth import RequireScope
from serving.documentation import READ_PROBLEMS
from serving.live import Refusal, Served
from serving.metrics import CONTENT_TYPE
from serving.page import HEADERS, PAGE
from serving.scopes import Scope
from serving.service import Service
from serving.wire_records import AliveAnswer, ModelsAnswer, ReadyAnswer, RefusalAnswer, ServedAnswer

router = APIRouter(tags=["status"])


@router.get("/", include_in_schema=False)
async def try_it() -> Response:
    """A page for people; it holds no data and asks for a key."""
    return Response(PAGE, media_type="text/html", headers=HEADERS)


@router.get("/v1/models", responses=READ_PROBLEMS, dependencies=[Depends(RequireScope(Scope.DECISIONS_READ))])
async def read_models(http: Request) -> ModelsAnswer:
    """The bundle and policy served now, those before, and what was refused last."""
    live = http.app.state.service.live
    return ModelsAnswer(current=_served(live.current), previous=_served(live.previous), refused=_refused(live.refusal))


@router.get("/health/live")
async def alive() -> AliveAnswer:
    """Restart the process where this does not answer."""
    return AliveAnswer()


@router.get("/health/ready", responses={503: {"model": ReadyAnswer, "description": "Send no requests yet."}})
async def ready(http: Request, response: Response) -> ReadyAnswer:
    """Send requests where this answers 200."""
    service: Service = http.app.state.service
    reasons = service.not_ready_reasons()
    current = service.live.current
    response.status_code = 503 if reasons else 200
    return ReadyAnswer(
        ready=not reasons,
        reasons=reasons,
        bundle_id=current.bundle_id if current else "",
        policy_id=current.policy_id if current else "",
        policy_reviewed=current.in_force.reviewed if current else None,
        store="up" if service.store_is_up else "down",
        refused=_refused(service.live.refusal),
        clock_lag_s=service.clock_lag_s,
        decisions_lost=service.log.n_lost,
    )


# For load balancers; not described a second time.
router.add_api_route("/health/live", alive, methods=["HEAD"], include_in_schema=False)
router.add_api_route("/health/ready", ready, methods=["HEAD"], include_in_schema=False)


@router.get("/metrics", response_class=Response, responses={200: {"content": {CONTENT_TYPE: {}}}})
async def metrics(http: Request) -> Response:
    """For Prometheus; holds no personal data and needs no key: keep it inside the network."""
    service: Service = http.app.state.service
    service.refresh_gauges()
    return Response(service.metrics.render(), headers={"Content-Type": CONTENT_TYPE})


def _served(served: Served | None) -> ServedAnswer | None:
    if served is None:
        return None
    return ServedAnswer(
        bundle_id=served.bundle_id,
        run_id=served.run_id,
        cut_off=served.cut_off,
        policy_id=served.policy_id,
        policy_name=served.policy_name,
        shadow_prices=served.prices.state,
        loaded_at=served.loaded_at,
    )


def _refused(refusal: Refusal | None) -> RefusalAnswer | None:
    return None if refusal is None else RefusalAnswer(**asdict(refusal))
