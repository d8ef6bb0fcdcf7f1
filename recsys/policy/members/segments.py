"""The named groups of members of a policy: who is inside, before any rule asks."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from recsys.knowledge import Knowledge
from recsys.policy.attributes import segment_attributes
from recsys.policy.evaluate import ErrorCounter
from recsys.policy.expressions.formula import Formula
from recsys.policy.expressions.logic import bits
from recsys.policy.file.schema import Policy
from recsys.policy.masks import WORD, Words
from recsys.policy.members.readers import MISSING, Audience, attributes_of
from recsys.policy.members.who import Who
from recsys.policy.members.who_compile import Question, compile_who
from recsys.policy.rules import read_segments

_MOST_KNOWN = 4_096
SEGMENT = "segment"
"""The part of a policy that failures of segments are counted under."""


@dataclass(frozen=True, slots=True)
class Segments:
    """
    The segments of a policy over a bundle.

    Attributes:
        formulas: By name; position is the bit in the answers.
    """

    formulas: Mapping[str, Formula]
    _who: Who = field(repr=False)
    _knowledge: Knowledge = field(repr=False)
    _known: dict[tuple[int, int], dict[str, NDArray[np.int8]]] = field(default_factory=dict, repr=False)

    @classmethod
    def compiled(cls, policy: Policy, knowledge: Knowledge) -> "Segments":
        """
        Check the expressions.

        Raises:
            PolicyError: An expression is wrong; the message names the segment.
        """
        profile = knowledge.members.profile
        formulas = read_segments(policy, profile)
        questions = [Question(at, one, on_error=False) for at, one in enumerate(formulas.values())]
        n_words = -(-len(formulas) // WORD)
        return cls(formulas, compile_who(questions, n_words, knowledge, segment_attributes(policy, profile)), knowledge)

    def of(self, audience: Audience, errors: ErrorCounter) -> dict[str, NDArray[np.int8]]:
        """Shape (m,) each, by name: as `Audience.segments`; failures are counted, under the segment's name."""
        if not self.formulas:
            return {}
        if len(audience.batch) == 1:
            return self._of_one(audience, errors)
        answers = self._who.ask(audience)
        inside = _unpacked(answers.holds)
        if answers.failed is not None:
            failed = _unpacked(answers.failed)
            for bit in np.flatnonzero(failed.any(axis=0)).tolist():
                self._note(bit, np.flatnonzero(failed[:, bit]), audience, errors)
            inside = np.where(failed, np.int8(MISSING), inside)
        return {name: inside[:, bit] for bit, name in enumerate(self.formulas)}

    def _of_one(self, audience: Audience, errors: ErrorCounter) -> dict[str, NDArray[np.int8]]:
        """Of the only member; as many alike share one answer, which nobody writes to."""
        holds, failed = self._who.ask_one(audience)
        for bit in bits(failed):
            self._note(bit, np.zeros(1, dtype=np.intp), audience, errors)
        found = self._known.get((holds, failed))
        if found is None:
            keys = [MISSING if failed >> bit & 1 else holds >> bit & 1 for bit in range(len(self.formulas))]
            inside = np.array([keys], dtype=np.int8)
            inside.flags.writeable = False
            found = {name: inside[:, bit] for bit, name in enumerate(self.formulas)}
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[holds, failed] = found
        return found

    def _note(self, bit: int, rows: NDArray[np.intp], audience: Audience, errors: ErrorCounter) -> None:
        name, formula = list(self.formulas.items())[bit]
        example = ""
        if not errors.has_example(name, SEGMENT):
            example = formula.error(attributes_of(formula.references, audience, int(rows[0]), self._knowledge))
        errors.add(name, SEGMENT, len(rows), example)


def _unpacked(words: Words) -> NDArray[np.int8]:
    """Shape (m, bits): each bit by itself."""
    return np.unpackbits(np.ascontiguousarray(words).view(np.uint8), axis=1, bitorder="little").view(np.int8)
