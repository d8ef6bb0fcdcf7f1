"""Amounts and tiers of a mapping that cannot be kept as they are."""

from pathlib import Path

import pytest

from features.sources.mapping import read_mapping
from recsys.errors import SourceError
from tests.features.sources.test_tables import MAPPING, RECEIPTS, ingest_shop, write_mapping


def test_amounts_with_a_fraction_of_a_minor_unit_are_refused(tmp_path: Path) -> None:
    receipts = RECEIPTS + "r3,k2,001,1,4.005,01/07/2023 12:00\nr4,k2,001,1,4.10,01/07/2023 12:00\n"
    done = ingest_shop(tmp_path, receipts=receipts)
    assert done.counts["purchases"].reasons == {"wrong_type:paid_minor": 1}


@pytest.mark.parametrize(
    ("tiers", "message"),
    [
        (["basic", "silver", "basic"], "tiers: the tier 'basic' is used twice; rename one"),
        (["basic", ""], "tiers: the tier '' is empty"),
        (["basic", "gold "], "tiers: the tier 'gold ' is empty or begins or ends with a space"),
    ],
)
def test_tiers_that_no_member_could_be_told_apart_by_are_refused(
    tiers: list[str], message: str, tmp_path: Path
) -> None:
    with pytest.raises(SourceError, match=message):
        read_mapping(write_mapping(MAPPING | {"tiers": tiers}, tmp_path))
