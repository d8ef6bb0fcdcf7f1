"""The dated example on the page of the room is what the engine says."""

import doctest
from pathlib import Path

import recsys.loyalty

PAGE = Path(recsys.loyalty.__file__).parent / "README.md"


def test_example_on_the_page_is_what_the_engine_says():
    result = doctest.testfile(str(PAGE), module_relative=False)

    assert (result.failed, result.attempted > 10) == (0, True)
