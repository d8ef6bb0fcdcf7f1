"""What a batch answers: every part with its own status."""

from collections.abc import Sequence
from typing import TypeVar

from pydantic import ValidationError

from serving.problems import FieldProblem, Problem, invalid, problem
from serving.wire import BatchRequest, DecisionAnswer, Wire
from serving.wire_bytes import encode_results

MAX_EXPLAINED = 50
"""Of a batch. An explained answer lists every candidate: half a megabyte where there are a thousand offers."""

Part = TypeVar("Part", bound=Wire)


class BatchPart(Wire):
    """
    The result of one request of a batch.

    Attributes:
        status: What it would have been as the HTTP status of a single request.
        answer: The decision where the status is 200.
        problem: What was wrong otherwise.
    """

    status: int
    answer: DecisionAnswer | None = None
    problem: Problem | None = None


class BatchAnswer(Wire):
    """
    The results of a batch.

    Attributes:
        results: In the order of the requests, one each.
    """

    results: tuple[BatchPart, ...]


def split_valid(batch: BatchRequest, model: type[Part]) -> tuple[list[Part], dict[int, Problem]]:
    """The requests that can be answered, as *model* and in order, and by position the problems of the others."""
    valid: list[Part] = []
    problems: dict[int, Problem] = {}
    n_explained = 0
    for position, part in enumerate(batch.requests):
        try:
            asked = model.model_validate(part)
        except ValidationError as error:
            wrong = invalid(error, at=f"/requests/{position}")
            problems[position] = problem(wrong.code, wrong.detail, wrong.errors)
            continue
        n_explained += getattr(asked, "explain", False)
        if n_explained > MAX_EXPLAINED and getattr(asked, "explain", False):
            problems[position] = _too_many_explained(position)
        else:
            valid.append(asked)
    return valid, problems


def encode_batch(answers: Sequence[bytes], problems: dict[int, Problem]) -> bytes:
    """The body: answers in the order of the valid requests, problems at their positions."""
    answered = iter(answers)
    return encode_results(
        [
            b'{"status":%d,"problem":%s}' % (problems[position].status, problems[position].model_dump_json().encode())
            if position in problems
            else b'{"status":200,"answer":%s}' % next(answered)
            for position in range(len(answers) + len(problems))
        ]
    )


def _too_many_explained(position: int) -> Problem:
    detail = f"a batch may explain {MAX_EXPLAINED} of its requests; ask for the others without, or in another batch"
    return problem("invalid_request", detail, (FieldProblem(pointer=f"/requests/{position}/explain", detail=detail),))
