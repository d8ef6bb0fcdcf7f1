"""The question "what if": two decisions about one member, of which neither is made."""

from fastapi import APIRouter, Depends, Request, Response

from serving.auth import RequireScope
from serving.direct import DirectRoute, json_response
from serving.documentation import WRITE_PROBLEMS
from serving.scopes import Scope
from serving.what_if import WhatIfs
from serving.wire_what_if import WhatIfAnswer, WhatIfRequest

router = APIRouter(tags=["decisions"], route_class=DirectRoute)


@router.post(
    "/v1/what-if", response_model=WhatIfAnswer, responses=WRITE_PROBLEMS, operation_id="what_if",
    dependencies=[Depends(RequireScope(Scope.DECISIONS_READ))],
    summary="What a member would be shown if something were different",
)  # fmt: skip
async def ask_what_if(http: Request, body: WhatIfRequest) -> Response:
    """
    The slate as things are and as they would be without a rule, in another tier or stage, at another time or with
    another consent, and what changed.

    Both are decided with the same seed and the same draw. Nothing is logged: `decision_id` of neither can be read back.
    A member who did not agree to personalisation is a stranger in both, and `notes` says so.
    """
    what_ifs: WhatIfs = http.app.state.what_ifs
    return json_response(await what_ifs.answer(body, http.state.request_id))
