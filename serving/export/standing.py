"""What ingest's consents and the bundle know of an audience, fixed when an export begins."""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.vocabulary import Vocabulary
from serving.export.audience import Audience
from serving.stated_consents import NO_WORD, StatedConsents


@dataclass(frozen=True, slots=True)
class Standing:
    """
    What is known of the members of an audience; what they said to the service comes on top when they are decided.

    Attributes:
        stated: Shape (n_members,), uint8: consent bits of members without personalisation; NO_WORD of the others.
        n_personalised: Members of the bundle who did not refuse personalisation at the last ingest.
        n_without_personalisation: Members who did: they get what anybody gets, where they agreed to the channel.
    """

    stated: NDArray[np.uint8]
    n_personalised: int
    n_without_personalisation: int

    @classmethod
    def of(cls, audience: Audience, bundle: Vocabulary, consents: StatedConsents) -> "Standing":
        """Look an audience up."""
        stated = consents.of(audience.encoded)
        silent = stated == NO_WORD
        in_bundle = np.isin(audience.encoded, bundle.encoded) if len(bundle) else np.zeros_like(silent)
        return cls(stated, int((in_bundle & silent).sum()), int((~silent).sum()))

    @property
    def digest(self) -> str:
        """SHA-256 over the bits in the audience's order."""
        return hashlib.sha256(self.stated.tobytes()).hexdigest()

    def counts(self) -> dict[str, Any]:
        """For the manifest; strangers are known to neither."""
        n_known = self.n_personalised + self.n_without_personalisation
        return {
            "personalised": self.n_personalised,
            "without_personalisation": self.n_without_personalisation,
            "strangers": len(self.stated) - n_known,
        }
