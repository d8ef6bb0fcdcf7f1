"""Names of adapters to adapters."""

from collections.abc import Callable
from pathlib import Path

from features.sources.base import Source
from features.sources.complete_journey import CompleteJourneySource
from features.sources.mapping import read_mapping
from features.sources.online_retail import OnlineRetailSource
from features.sources.simulated import SimulatedSource
from features.sources.tables import TablesSource
from recsys.errors import InputError

_OF_FOLDERS: dict[str, Callable[[Path], Source]] = {
    "online_retail": OnlineRetailSource,
    "complete_journey": CompleteJourneySource,
    "simulated": SimulatedSource,
}
SOURCE_NAMES = (*_OF_FOLDERS, "tables")


def open_source(name: str, place: str, mapping: Path | None = None) -> Source:
    """
    The adapter of that name, opened on its data.

    Args:
        name: One of SOURCE_NAMES.
        place: The folder of the raw files; for ``tables`` also an SQL URL.
        mapping: The mapping file; ``tables`` needs one, the others take none.

    Raises:
        InputError: The name is unknown, or a mapping is missing or too much.
        SourceError: The data cannot be read as what it claims to be.
    """
    if name not in SOURCE_NAMES:
        raise InputError(f"there is no source {name!r}; the sources are {', '.join(SOURCE_NAMES)}")
    if name == "tables":
        if mapping is None:
            raise InputError("the source tables needs a mapping file; give --mapping FILE (see features/README.md)")
        return TablesSource(place, read_mapping(mapping))
    if mapping is not None:
        raise InputError(f"the source {name} knows its own columns; leave --mapping {mapping} out")
    return _OF_FOLDERS[name](Path(place))
