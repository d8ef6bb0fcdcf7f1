"""What a batch answers: every part with its own status."""

from collections.abc import Sequence
from typing import TypeVar

from pydantic import ValidationError

from serving.problems import Problem, invalid, problem
from serving.wire import BatchRequest, DecisionAnswer, Wire, encode_results

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
    for position, part in enumerate(batch.requests):
        try:
            valid.append(model.model_validate(part))
        except ValidationError as error:
            wrong = invalid(error, at=f"/requests/{position}")
            problems[position] = problem(wrong.code, wrong.detail, wrong.errors)
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
