"""What every test shares: one thread for linear algebra, repeatable Hypothesis, and the public data where it exists."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

from recsys.environment import set_process_defaults

set_process_defaults()
settings.register_profile("repeatable", derandomize=True, deadline=None, print_blob=True)
settings.load_profile("repeatable")

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def public_data() -> Path:
    """The folder of public data sets: `RECSYS_DATA`, or `../shared/data` beside the repository; skips where absent."""
    stated = os.environ.get("RECSYS_DATA")
    folder = Path(stated) if stated else REPOSITORY.parent / "shared" / "data"
    if folder.is_dir():
        return folder
    if stated:
        pytest.fail(f"RECSYS_DATA is {stated!r}, which is not a folder; name one that holds online_retail/ and others")
    pytest.skip(
        f"public data not found at {folder}: set RECSYS_DATA to the folder that holds online_retail/ and others"
    )
