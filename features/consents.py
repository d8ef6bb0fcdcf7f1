"""What members without personalisation agreed to, for serving: no model may know them, mail may still reach them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recsys.types import Consent

IDS, BITS = "ids.npy", "bits.npy"

_COLUMNS = {
    "consent_personalisation": Consent.PERSONALISATION,
    "consent_email": Consent.EMAIL,
    "consent_push": Consent.PUSH,
    "consent_sms": Consent.SMS,
}


def consent_bits(members: pl.DataFrame) -> NDArray[np.uint8]:
    """Shape (n_members,): the consent columns of the members table as bits of ``types.Consent``."""
    bits = np.zeros(len(members), dtype=np.uint8)
    for column, consent in _COLUMNS.items():
        bits |= np.where(members[column].to_numpy(), np.uint8(consent), np.uint8(0))
    return bits


def not_personal(members: pl.DataFrame) -> pl.DataFrame:
    """Of rows of the members table: ``member_id`` and ``bits`` of those who did not agree to personalisation."""
    refusing = members.filter(~pl.col("consent_personalisation"))
    return refusing.select("member_id").with_columns(pl.Series("bits", consent_bits(refusing), dtype=pl.UInt8))


def write_consents(folder: Path, parts: Sequence[pl.DataFrame]) -> None:
    """
    Write two arrays, also where there is nobody: ids (dtype ``S``, UTF-8, ascending) and their bits (uint8).

    Args:
        folder: An empty folder; whoever reads it finds nothing else about these members.
        parts: As `not_personal` gives them; each member once.
    """
    bits_of = {one.encode(): bits for part in parts for one, bits in part.iter_rows()}
    ordered = sorted(bits_of)  # by bytes, as `recsys.vocabulary.Vocabulary` looks them up
    ids = np.array(ordered, dtype=np.bytes_) if ordered else np.empty(0, dtype="S1")
    np.save(folder / IDS, ids, allow_pickle=False)
    np.save(folder / BITS, np.array([bits_of[one] for one in ordered], dtype=np.uint8), allow_pickle=False)
