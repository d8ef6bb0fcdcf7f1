"""One member: the profile as the engine sees it, what they agree to, and erasure."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from recsys.batch import build_batch
from recsys.members import LiveFacts, Subject
from recsys.types import STAGES, Consent
from serving.auth import RequireScope
from serving.direct import DirectRoute, json_response
from serving.documentation import READ_PROBLEMS, WRITE_PROBLEMS
from serving.live import Served
from serving.problems import ProblemError
from serving.scopes import Scope
from serving.service import Service
from serving.wire import MemberId
from serving.wire_records import ConsentChange, ConsentRecord, ContactRecord, MemberAnswer, ProductFactRecord

MemberPath = Annotated[MemberId, Path()]

router = APIRouter(tags=["members"])
consents = APIRouter(tags=["members"], route_class=DirectRoute)


@router.get(
    "/v1/members/{member_id:path}",
    responses=READ_PROBLEMS,
    dependencies=[Depends(RequireScope(Scope.MEMBERS_READ))],
)
async def read_member(http: Request, member_id: MemberPath) -> MemberAnswer:
    """
    The member as the engine sees them now: the bundle's columns, and the facts since.

    `profile` is as of the bundle's cut-off; what happened since is in `recent`, `held_offers` and `contacts`.
    """
    service: Service = http.app.state.service
    served = service.live.current
    if served is None:
        raise ProblemError("not_ready", "no bundle is served yet; see /health/ready")
    stored = await service.store.reader.fetch([member_id], since=served.cut_off)
    (facts,) = service.stated.current.complete([member_id], stored)
    in_bundle = served.engine.knowledge.members.members.row(member_id) >= 0
    if facts.erased or not (in_bundle or facts != LiveFacts()):
        raise _unknown(member_id)
    return _profile(member_id, facts, served)


@consents.put(
    "/v1/members/{member_id:path}/consent",
    response_model=ConsentRecord,
    responses=WRITE_PROBLEMS,
    dependencies=[Depends(RequireScope(Scope.MEMBERS_WRITE))],
)
async def set_consent(http: Request, member_id: MemberPath, body: ConsentChange) -> Response:
    """
    What the member agrees to from now on; the next decision keeps to it.

    What is left out stays as it is: as it was said here last, else as the bundle has it, else false. The answer is all
    that holds now.
    """
    service: Service = http.app.state.service
    holds = await service.set_consent(member_id, body.to_consent(), said=body.said())
    if holds is None:
        raise _unknown(member_id)
    return json_response(ConsentRecord.of(holds).model_dump_json())


@router.delete(
    "/v1/members/{member_id:path}",
    status_code=204,
    responses=READ_PROBLEMS,
    dependencies=[Depends(RequireScope(Scope.MEMBERS_WRITE))],
)
async def erase_member(http: Request, member_id: MemberPath) -> None:
    """
    Forget a member: events, decisions and facts are deleted, and the next decision treats them as a stranger.

    What stays is a mark under a digest of the id, so that the bundle's columns of the member are not used either. The
    same answer is given whether or not the member was known.
    """
    service: Service = http.app.state.service
    await service.erase(member_id)


def _unknown(member_id: str) -> ProblemError:
    return ProblemError(
        "unknown_member", f"nothing is known of a member {member_id!a}; ask for recommendations all the same"
    )


def _profile(member_id: str, facts: LiveFacts, served: Served) -> MemberAnswer:
    knowledge = served.engine.knowledge
    batch = build_batch([Subject(member_id, facts)], knowledge)
    personal = bool(batch.personal[0])
    segment, birth_month = int(batch.segment[0]), int(batch.birth_month[0])
    row = int(batch.row[0])  # a stranger's where personal data may not be used (law 8)
    known = batch.profile.of_member(row) if row >= 0 else {}
    return MemberAnswer(
        member_id=member_id,
        in_bundle=knowledge.members.members.row(member_id) >= 0,
        personal=personal,
        consent=ConsentRecord.of(Consent(int(batch.consent[0]))),
        tier=knowledge.tiers[batch.tier[0]],
        stage=STAGES[batch.stage[0]].value,
        segment=segment if segment >= 0 else None,
        birth_month=birth_month or None,
        points=int(batch.points[0]),
        orders_per_day=float(batch.orders_per_day[0]),
        basket_minor=int(batch.basket_minor[0]),
        margin_rate=float(batch.margin_rate[0]),
        n_products_bought=len(set(batch.bought.values.tolist())),
        recent=tuple(
            ProductFactRecord(product_id=fact.product_id, kind=fact.kind, occurred_at=fact.occurred_at)
            for fact in facts.product_facts
        ),
        held_offers=facts.held_offers,
        contacts=tuple(
            ContactRecord(channel=one.channel, contacted_at=one.contacted_at, offer_id=one.offer_id)
            for one in facts.contacts
        ),
        profile_as_of=served.cut_off if known else None,
        profile=known or None,
    )
