"""A policy in several files: which may be included, and how they become one."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path, PureWindowsPath
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from recsys.checked_yaml import SourceFile, broken, read_file, read_nodes
from recsys.errors import PolicyError
from recsys.policy.file.schema import Policy
from recsys.policy.reading.problems import Problem, Severity
from recsys.yaml_nodes import Node, Step
from recsys.yaml_places import place_of

INCLUDE = "include"
MAX_FILES = 32
MAX_DEPTH = 4
_KIND = "policy"

Entries = dict[str, tuple[Node, Node]]


def join_includes(root: Node, *, folder: Path, main: Path | None) -> tuple[Node, list[SourceFile]]:
    """
    Read what a policy includes, and what that includes, and join all into one.

    Lists of parts with an id are joined, what is included first; maps of free names are merged; everything else may
    stand in one file only, and so may the single values of a section whose lists join. A file is included once.

    Args:
        root: Of the policy file.
        folder: Nothing outside it is read.
        main: The policy file itself, where it is one.

    Returns:
        The joined content without ``include``, and the files that were read, in the order of reading.

    Raises:
        PolicyError: A file may not be included, cannot be read, is not YAML, or repeats what another says.
    """
    reader = _Reader(folder, main, root.source.file)
    joined = reader.joined(root, folder=folder, chain=() if main is None else (main.resolve(),))
    if reader.problems:
        wrong = broken(reader.problems, root.source.file, _KIND, PolicyError)
        wrong.files = tuple(reader.looked_for)
        raise wrong
    return joined, reader.files


def take_includes(root: Node) -> tuple[Node | None, Node]:
    """What stands under ``include``, if anything, and the rest."""
    entries = _entries(root)
    if INCLUDE not in entries:
        return None, root
    return entries[INCLUDE][1], _with(root, {key: entry for key, entry in entries.items() if key != INCLUDE})


def repeated_ids(root: Node) -> list[Problem]:
    """A problem for each id that two parts have, at the second, naming the place of the first."""
    first: dict[str, Node] = {}
    problems = []
    waiting: list[tuple[tuple[Step, ...], Node]] = [((), root)]
    while waiting:
        path, node = waiting.pop()
        entries: Iterable[tuple[Step, Node]] = ()
        if isinstance(node.value, dict):
            own = node.value.get("id") if path and isinstance(path[-1], int) else None
            if own is not None and isinstance(own[1].value, str):
                before = first.setdefault(own[1].value, own[1])
                if before is not own[1]:
                    hint = f"rename one of them; the first is at {place_of(before)}"
                    message = f"the id {own[1].value!r} is used twice"
                    problems.append(
                        Problem("repeated_id", Severity.ERROR, message, hint, (*path, "id"), place_of(own[1]))
                    )
            entries = reversed([(key, inner) for key, (_, inner) in node.value.items()])
        elif isinstance(node.value, list):
            entries = reversed(list(enumerate(node.value)))
        waiting += [((*path, step), inner) for step, inner in entries if isinstance(inner.value, dict | list)]
    return problems


class _RefusedError(Exception):
    """Why a file is not included, and what to do."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class _Reader:
    """Reads files one after the other; problems are collected, so that all are told at once."""

    def __init__(self, folder: Path, main: Path | None, shown: str) -> None:
        self._root = folder.resolve()
        self._folder = folder
        self._main = shown
        self._named: dict[Path, str] = {} if main is None else {main.resolve(): "the policy itself"}
        self.files: list[SourceFile] = []
        self.looked_for: list[Path] = []
        self.problems: list[Problem] = []

    def joined(self, root: Node, *, folder: Path, chain: tuple[Path, ...], depth: int = 0) -> Node:
        """A file with all that it includes."""
        listed, own = take_includes(root)
        if listed is None:
            return own
        if not isinstance(listed.value, list):
            self._refuse(listed, f"include: {listed.raw[:80]} is no list", "write [FILE, FILE]")
            return own
        whole: Node | None = None
        for entry in listed.value:
            part = self._included(entry, folder=folder, chain=chain, depth=depth)
            if part is not None:
                whole = part if whole is None else self._merged(whole, part, Policy)
        # What is missing is missing in the including file, so the whole stands where that does.
        return own if whole is None else _with(own, _entries(self._merged(whole, own, Policy)))

    def _included(self, entry: Node, *, folder: Path, chain: tuple[Path, ...], depth: int) -> Node | None:
        try:
            path, resolved = self._allowed(entry, folder=folder, chain=chain, depth=depth)
        except _RefusedError as wrong:
            self._refuse(entry, f"include: {wrong}", wrong.hint)
            return None
        self._named[resolved] = f"line {entry.line + 1} of {entry.source.file}"
        try:
            file = read_file(path, kind="included file", error=PolicyError)
            self.files.append(file)
            root = read_nodes(
                file.text, source=str(path), kind=_KIND, error=PolicyError, model=Policy, besides=(INCLUDE,)
            )
        except PolicyError as wrong:
            if wrong.problems:
                self.problems += wrong.problems
            else:
                self._refuse(entry, str(wrong), "")
            return None
        return self.joined(root, folder=path.parent, chain=(*chain, resolved), depth=depth + 1)

    def _allowed(self, entry: Node, *, folder: Path, chain: tuple[Path, ...], depth: int) -> tuple[Path, Path]:
        """The file that is meant, if it may be read: as named, and resolved."""
        name = entry.value
        if not isinstance(name, str) or not name.strip() or "\0" in name:
            raise _RefusedError(f"{entry.raw[:80]} is no file name", "write its relative path")
        if Path(name).is_absolute() or PureWindowsPath(name).anchor or "\\" in name:
            raise _RefusedError(f"{name!r} is no relative path", "write it relative to this file, with / for folders")
        path = folder / name
        self.looked_for.append(path)
        try:
            resolved = path.resolve()
            is_file = resolved.is_file()
        except (OSError, RuntimeError, ValueError):
            raise _RefusedError(f"{name!r} cannot be followed", "correct the path") from None
        if not resolved.is_relative_to(self._root):
            leads = "is outside the policy's folder" if ".." in name else "leads out through a symbolic link"
            hint = f"only files beside the policy or below are read: move it under {self._folder}"
            raise _RefusedError(f"{name!r} {leads}", hint)
        if not is_file:
            raise _RefusedError(f"there is no file {name!r} ({path})", "correct the path")
        if resolved in chain:
            names = [str(one.relative_to(self._root)) for one in (*chain[chain.index(resolved) :], resolved)]
            raise _RefusedError(f"{name!r} includes itself: {' -> '.join(names)}", "remove one of the includes")
        if resolved in self._named:
            message = f"{name!r} is included twice, first by {self._named[resolved]}"
            raise _RefusedError(message, "remove one: rules are asked in the order of the includes")
        if depth >= MAX_DEPTH:
            raise _RefusedError(f"{name!r} is more than {MAX_DEPTH} files deep", "include it nearer to the policy")
        if len(self.files) >= MAX_FILES - 1:
            raise _RefusedError(f"a policy has at most {MAX_FILES} files", "join some of them")
        return path, resolved

    def _merged(self, first: Node, second: Node, model: type[BaseModel]) -> Node:
        """Two mappings as one, by what the model says of each key."""
        entries, kinds = dict(_entries(first)), _kinds(model)
        for key, (key_node, node) in _entries(second).items():
            before = entries.get(key)
            if before is None:
                entries[key] = key_node, node
                continue
            entries[key] = before[0], self._together(key, before, (key_node, node), kinds.get(key))
        return _with(first, entries)

    def _together(self, key: str, first: tuple[Node, Node], second: tuple[Node, Node], kind: Any) -> Node:
        before, node = first[1], second[1]
        if kind is list and isinstance(before.value, list) and isinstance(node.value, list):
            return replace(before, value=[*before.value, *node.value])
        if isinstance(before.value, dict) and isinstance(node.value, dict):
            if kind is dict:
                for name in [name for name in node.value if name in before.value]:
                    self._twice(f"{key}: {name}", before.value[name][0], node.value[name][0])
                return _with(before, {**before.value, **node.value})
            if _is_model(kind):
                lists = {name for name, inner in _kinds(kind).items() if inner is list}
                if before.value.keys() <= lists or node.value.keys() <= lists:
                    return self._merged(before, node, kind)
        self._twice(key, first[0], second[0])
        return before

    def _twice(self, name: str, first: Node, second: Node) -> None:
        hint = f"keep one; the first is at {place_of(first)}"
        self._refuse(second, f"{name}: this stands in two files", hint, code="given_twice")

    def _refuse(self, node: Node, message: str, hint: str, *, code: str = "include") -> None:
        self.problems.append(Problem(code, Severity.ERROR, message, hint, (), place_of(node)))


def _kinds(model: type[BaseModel]) -> Mapping[str, Any]:
    """How the keys of a model join: ``list``, ``dict``, or the model of a section whose lists join; no others do."""
    kinds: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        for one in _alternatives(field.annotation):
            origin, inner = get_origin(one), get_args(one)
            if origin is tuple and any("id" in getattr(part, "model_fields", {}) for part in inner):
                kinds[field.alias or name] = list
            elif origin is dict and model is Policy:
                kinds[field.alias or name] = dict
            elif _is_model(one) and list in _kinds(one).values():
                kinds[field.alias or name] = one
    return kinds


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _alternatives(annotation: Any) -> list[Any]:
    """The annotation itself, or those of an optional one."""
    return [annotation] if get_origin(annotation) in {tuple, dict, None} else list(get_args(annotation))


def _entries(node: Node) -> Entries:
    assert isinstance(node.value, dict)
    return node.value


def _with(node: Node, entries: Entries) -> Node:
    return replace(node, value=entries)
