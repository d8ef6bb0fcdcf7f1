"""Which policy is served: which version, who let it, since when, and what comes next."""

from dataclasses import asdict

from fastapi import APIRouter, Depends, Request

from serving.auth import RequireScope
from serving.documentation import READ_PROBLEMS, problems
from serving.problems import ProblemError
from serving.scopes import Scope
from serving.service import Service
from serving.wire_policy import PolicyAnswer, PolicyChange, PolicyFailures
from serving.wire_records import RefusalAnswer

router = APIRouter(tags=["status"])


@router.get(
    "/v1/policy",
    responses={**READ_PROBLEMS, **problems(503)},
    dependencies=[Depends(RequireScope(Scope.DECISIONS_READ))],
)
async def read_policy(http: Request) -> PolicyAnswer:
    """The policy that is served now, and whether anybody reviewed it."""
    service: Service = http.app.state.service
    served, refusal = service.live.current, service.live.refusal
    if served is None:
        raise ProblemError("not_ready", "nothing is served yet; /health/ready says why")
    in_force, policy = served.in_force, served.engine.policy
    change = in_force.change
    return PolicyAnswer(
        policy_id=served.policy_id,
        version=in_force.version,
        name=served.policy_name,
        state=in_force.state,
        reviewed=in_force.reviewed,
        since=in_force.since,
        until=in_force.until,
        author=in_force.author or policy.source.drafted_by,
        submitter=in_force.submitter,
        approver=in_force.approver,
        next_change=PolicyChange(at=change.at, policy_id=change.version) if change and change.version else None,
        warnings=policy.warnings,
        failures=tuple(
            PolicyFailures(rule=rule, part=part, n=n) for (rule, part), n in sorted(policy.errors.counts().items())
        ),
        refused=None if refusal is None else RefusalAnswer(**asdict(refusal)),
    )
