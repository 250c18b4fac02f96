"""A plan as plain data: what is shown as JSON, kept by a store and read back, and digested."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import timedelta
from enum import Enum
from functools import lru_cache
from hashlib import sha256
from json import dumps
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from solstice.domain.plan import Condition, Plan, Template

_UNITS = {
    "timeout": "timeout_seconds",
    "keep": "keep_seconds",
    "memory": "memory_bytes",
    "disk": "disk_bytes",
}
"""A bare number carries its unit in its name."""


class BadRecord(ValueError):
    """Data that is no plan, perhaps written by another version."""


def plan_to_dict(plan: Plan) -> dict[str, Any]:
    """Objects, lists and scalars only; durations in seconds, sizes in bytes, pairs as lists of two.

    Pairs stay lists because their order counts: a variable may mention those before it.
    """
    return {_key(field.name): _record(getattr(plan, field.name)) for field in fields(plan)}


def plan_from_dict(record: Mapping[str, Any]) -> Plan:
    """The plan that `plan_to_dict` wrote; what is not there gets its default, what is new is ignored.

    Raises `BadRecord`.
    """
    try:
        plan = _value(Plan, record)
    except (TypeError, ValueError, AttributeError, KeyError) as error:
        raise BadRecord(f"this is not the record of a plan: {error}") from error
    if not isinstance(plan, Plan):
        raise BadRecord("this is not the record of a plan")
    return plan


def plan_digest(plan: Plan) -> str:
    """SHA-256, in hex, of the plan as JSON with sorted keys and no spaces."""
    text = dumps(plan_to_dict(plan), sort_keys=True, separators=(",", ":"), allow_nan=False)
    return sha256(text.encode("ascii")).hexdigest()


def _record(value: object) -> Any:
    if isinstance(value, Template | Condition):
        return value.text
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [_record(item) for item in value]
    if is_dataclass(value):
        return {_key(field.name): _record(getattr(value, field.name)) for field in fields(value)}
    return value


def _value(wanted: Any, record: Any) -> Any:
    """The opposite of `_record`, led by the type a field is declared with."""
    if isinstance(wanted, UnionType):
        inner = [option for option in get_args(wanted) if option is not NoneType]
        return record if record is None or len(inner) > 1 else _value(inner[0], record)
    if get_origin(wanted) is tuple:
        return _values(get_args(wanted), record)
    if wanted is timedelta:
        return timedelta(seconds=record)
    if wanted in (Template, Condition) or issubclass(wanted, Enum):
        return wanted(record)
    if is_dataclass(wanted):
        return _build(wanted, record)
    if not isinstance(record, wanted):
        raise TypeError(f"{record!r} is not a {wanted.__name__}")
    return record


def _build(wanted: Any, record: Any) -> Any:
    named = ((name, type_, _key(name)) for name, type_ in _types(wanted).items())
    return wanted(**{name: _value(type_, record[key]) for name, type_, key in named if key in record})


@lru_cache(maxsize=64)
def _types(wanted: type) -> dict[str, Any]:
    return get_type_hints(wanted)


def _values(wanted: tuple[Any, ...], record: Any) -> tuple[Any, ...]:
    if wanted[-1] is Ellipsis:
        return tuple(_value(wanted[0], item) for item in record)
    return tuple(_value(each, item) for each, item in zip(wanted, record, strict=True))


def _key(name: str) -> str:
    return _UNITS.get(name, name)
