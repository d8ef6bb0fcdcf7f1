"""What the parts of a settings file look like, so that reading a hostile one ends long before all of it is checked."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from functools import lru_cache
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, PlainValidator, WrapValidator
from pydantic.fields import FieldInfo

MAX_MISTAKES = 100
"""Mistakes that can be seen while reading; behind the last, nothing more of a file is read."""
_MAX_ENTRIES = 2_000
_FEW = 100
_REWRITING = (BeforeValidator, PlainValidator, WrapValidator)


@dataclass(frozen=True, slots=True)
class Shape:
    """
    What may stand at a place, as far as it shows while reading; the model itself decides.

    Attributes:
        kind: Of what stands there; none where anything may.
        keys: Of a part: what may stand under each.
        needed: Of them, those without which the part is not one.
        inner: What may stand in each entry of a list or of a map of free names; also below an unknown key.
        allowed: Texts that a scalar may be; absent where it is not one of a few.
        is_text: May a scalar be nothing but a text?
        most: Entries of a list or map.
        is_known: Is it right that something stands here at all?
    """

    kind: type[dict[str, Any]] | type[list[Any]] | type[str] | None = None
    keys: Mapping[str, "Shape"] | None = None
    needed: frozenset[str] = frozenset()
    inner: "Shape | None" = None
    allowed: frozenset[Any] | None = None
    is_text: bool = False
    most: int = _MAX_ENTRIES
    is_known: bool = True

    def besides(self, names: Collection[str]) -> "Shape":
        """The same, with more keys, under which anything may stand."""
        return replace(self, keys={**(self.keys or {}), **dict.fromkeys(names, ANY)}) if names else self

    def at(self, key: str) -> "Shape":
        """What may stand under a key."""
        if self.keys is not None:
            return self.keys.get(key, UNKNOWN)
        return self.entry

    @property
    def entry(self) -> "Shape":
        """What may stand in an entry."""
        return self.inner or (ANY if self.is_known else UNKNOWN)

    def of(self, kind: type) -> "Shape":
        """The same where such a thing may stand; where none may, all that is in it is a mistake as well."""
        return self if self.kind in {None, kind} else UNKNOWN

    def refuses(self, value: Any) -> bool:
        """Is a scalar plainly not what stands here?"""
        if not self.is_known:
            return True
        if value is None or self.kind is None:
            return False
        if self.kind is not str:
            return True
        if self.allowed is not None:
            return value not in self.allowed
        return self.is_text and not isinstance(value, str)


ANY = Shape()
"""Nothing is known."""
UNKNOWN = Shape(is_known=False)
"""Below a key that is unknown, or inside what should be something else."""


@lru_cache(maxsize=16)
def shape_of(model: type[BaseModel]) -> Shape:
    """What a model's file looks like; anything may stand where the model rewrites what it is given."""
    decorators = model.__pydantic_decorators__
    if any(one.info.mode != "after" for one in decorators.model_validators.values()):
        return ANY
    rewritten = {
        name for one in decorators.field_validators.values() if one.info.mode != "after" for name in one.info.fields
    }
    fields = dict(model.model_fields)
    keys = {one.alias or name: ANY if name in rewritten else _of_field(one) for name, one in fields.items()}
    if model.model_config.get("extra") != "forbid":
        return ANY
    needed = frozenset(one.alias or name for name, one in fields.items() if one.is_required())
    return Shape(dict, keys=keys, needed=needed)


def _of_field(one: FieldInfo) -> Shape:
    return _of(one.annotation, tuple(one.metadata))


def _of(annotation: Any, metadata: tuple[Any, ...] = ()) -> Shape:
    if get_origin(annotation) is Annotated:
        annotation, *inner = get_args(annotation)
        return _of(annotation, (*inner, *metadata))
    if any(isinstance(one, _REWRITING) for one in metadata):
        return ANY
    alternatives = [one for one in get_args(annotation) if one is not NoneType]
    if NoneType in get_args(annotation):
        return _of(alternatives[0], metadata) if len(alternatives) == 1 else ANY
    most = next((one.max_length for one in metadata if getattr(one, "max_length", None) is not None), _MAX_ENTRIES)
    match get_origin(annotation):
        case origin if origin is tuple and len(alternatives) == 2 and alternatives[1] is Ellipsis:
            return Shape(list, inner=_of(alternatives[0]), most=max(most, _FEW))
        case origin if origin is dict:
            return Shape(dict, inner=_of(alternatives[1]), most=max(most, _FEW))
        case origin if origin is Literal:
            return Shape(str, allowed=frozenset(alternatives))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return shape_of(annotation)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return Shape(str, allowed=frozenset(one.value for one in annotation))
    return Shape(str, is_text=annotation is str) if annotation in {str, int, float, bool} else ANY
