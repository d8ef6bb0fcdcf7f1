"""From a folder to its cases, each with its place; what is wrong with one file leaves the others."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from recsys.checked_yaml import check_nodes, read_nodes, read_text
from recsys.errors import InputError
from recsys.policy.cases.schema import Case, CaseFile
from recsys.policy.file.fields import TIME_ZONE
from recsys.policy.reading.problems import Path as PartPath
from recsys.policy.reading.problems import Problem, Severity
from recsys.yaml_places import Place, Places

FOLDER = "policy_cases"
"""Of the cases of a policy, beside it."""

SUFFIXES = (".yaml", ".yml")
_KIND = "file of cases"
_EXAMPLE = "write cases: [{id: ..., member: {...}, context: {...}, expect: {...}}]"


@dataclass(frozen=True, slots=True)
class PlacedCase:
    """
    A case and where it stands.

    Attributes:
        case: As read.
        number: Of it in its file, from 0.
        places: Of the file.
    """

    case: Case
    number: int
    places: Places

    def problem(self, code: str, message: str, hint: str = "", *, path: PartPath = (), of_key: bool = False) -> Problem:
        """An error in a part of the case, or in its key; it stands at the nearest part there is."""
        whole = ("cases", self.number, *path)
        place = (self.places.key(whole) if of_key else None) or self.places.nearest(whole)
        return Problem(code, Severity.ERROR, f"case {self.case.id!r}: {message}", hint, whole, place)


@dataclass(frozen=True, slots=True)
class CaseFolder:
    """The cases that could be read, in the order of the files' names, and what is wrong with the others."""

    cases: tuple[PlacedCase, ...]
    problems: tuple[Problem, ...]


def cases_beside(policy: Path) -> Path | None:
    """The folder of the cases of a policy; absent where it has none."""
    folder = policy.parent / FOLDER
    return folder if folder.is_dir() else None


def read_cases(folder: Path, zone: ZoneInfo) -> CaseFolder:
    """
    Read every file of cases of a folder, not of those in it; hidden files are none.

    Args:
        folder: Its path.
        zone: Of instants without an offset: the policy's.
    """
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES and not path.name.startswith("."))
    except OSError as error:
        message = f"the folder of cases {folder} cannot be read ({error.strerror or error})"
        return CaseFolder((), (Problem("unreadable", Severity.ERROR, message, "give a folder of YAML files"),))
    if not paths:
        message = f"the folder {folder} holds no cases"
        place = Place(str(folder), 1, 1)
        return CaseFolder((), (Problem("no_cases", Severity.WARNING, message, f"{_EXAMPLE} in a .yaml", (), place),))
    cases: list[PlacedCase] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            cases += _read(path, zone)
        except InputError as error:
            place = Place(str(path), 1, 1)
            problems += error.problems or [Problem("unreadable", Severity.ERROR, str(error), "", (), place)]
    return CaseFolder(tuple(cases), (*problems, *_repeated(cases)))


def _read(path: Path, zone: ZoneInfo) -> list[PlacedCase]:
    text = read_text(path, kind=_KIND, error=InputError)
    root = read_nodes(text, source=str(path), kind=_KIND, error=InputError)
    context: Mapping[str, ZoneInfo] = {TIME_ZONE: zone}
    found = check_nodes(root, CaseFile, kind=_KIND, error=InputError, context=context)
    places = Places(root)
    return [PlacedCase(case, number, places) for number, case in enumerate(found.cases)]


def _repeated(cases: list[PlacedCase]) -> Iterator[Problem]:
    first: dict[str, Place] = {}
    for placed in cases:
        place = placed.places.nearest(("cases", placed.number, "id"))
        before = first.setdefault(placed.case.id, place)
        if before is not place:
            yield placed.problem("repeated_id", f"this id is used before, at {before}", "rename one", path=("id",))
