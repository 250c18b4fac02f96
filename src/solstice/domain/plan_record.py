"""A plan as plain data: what is shown as JSON, kept by a store, and digested."""

from dataclasses import fields, is_dataclass
from datetime import timedelta
from enum import Enum
from hashlib import sha256
from json import dumps
from typing import Any

from solstice.domain.plan import Condition, Plan, Template

_UNITS = {"memory": "memory_bytes", "disk": "disk_bytes"}


def plan_to_dict(plan: Plan) -> dict[str, Any]:
    """Objects, lists and scalars only; durations in seconds, sizes in bytes, pairs as lists of two.

    Pairs stay lists because their order counts: a variable may mention those before it.
    """
    record = _record(plan)
    assert isinstance(record, dict)  # noqa: S101 - a plan is a dataclass
    return record


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
        named = ((field.name, getattr(value, field.name)) for field in fields(value))
        return {_key(name): _record(inner) for name, inner in named}
    return value


def _key(name: str) -> str:
    return f"{name}_seconds" if name in ("timeout", "keep") else _UNITS.get(name, name)
