"""What a workflow declares for others to fill in or read: the inputs of a manual start, the environment."""

from collections.abc import Iterator, Sequence

from solstice.domain.diagnostic import Severity
from solstice.domain.matrix import same_value
from solstice.domain.scalar import Scalar
from solstice.domain.workflow.kinds import scalar_text
from solstice.domain.workflow.taking import Reader
from solstice.domain.workflow.written import Reading

_TYPES: dict[str, tuple[type, ...]] = {"string": (str,), "number": (int, float), "boolean": (bool,)}


def check_inputs(reader: Reader, manual: Sequence[Reading]) -> frozenset[str]:
    """Report inputs declared twice and defaults that do not fit; answer every name."""
    seen: dict[str, Reading] = {}
    for reading in (item for on in manual for item in on.all("input")):
        written = reading.written("name")
        if written is None:
            continue
        first = seen.setdefault(str(written.value), reading)
        if first is not reading:
            line = reader.line_of(first.node.span)
            message = f"there is already an input `{written.value}`, on line {line}"
            reader.refuse("duplicate-name", message, written.span)
        _check_input(reader, reading)
    return frozenset(seen)


def describe_input(reading: Reading) -> tuple[Scalar, tuple[Scalar, ...], str]:
    """An input's default, its choices and its type; without a type, the other two show what it is."""
    default = next((written.raw.scalar for written in reading.values.get("default", ())), None)
    choices = tuple(written.raw.scalar for written in reading.values.get("choices", ()))
    return default, choices, reading.one("type", str) or _infer_type((default, *choices))


def fits_type(value: Scalar, type_: str) -> bool:
    """Tell whether a value is of an input's type."""
    return isinstance(value, _TYPES[type_]) and (type_ == "boolean" or not isinstance(value, bool))


def fits_choices(value: Scalar, choices: Sequence[Scalar]) -> bool:
    """Tell whether a value is among an input's choices, if it has any."""
    return not choices or any(same_value(value, option) for option in choices)


def check_environment(reader: Reader, readings: Iterator[Reading]) -> None:
    """Warn of names that the agent sets itself."""
    for env in (reading.child("env") for reading in readings):
        for entry in env.entries if env else ():
            if entry.name == "SOLSTICE" or entry.name.startswith("SOLSTICE_"):
                reader.refuse(
                    "reserved-name",
                    f"`{entry.name}` is set by Solstice, which wins over this",
                    entry.name_span,
                    expected="a name that does not begin with SOLSTICE_",
                    severity=Severity.WARNING,
                )


def _check_input(reader: Reader, reading: Reading) -> None:
    _, choices, type_ = describe_input(reading)
    for written in reading.values.get("choices", ()):
        if not fits_type(written.raw.scalar, type_):
            reader.refuse("bad-default", f"this choice is not a {type_}", written.span, expected=f"a {type_}")
    default = reading.written("default")
    if default is None:
        return
    if not fits_type(default.raw.scalar, type_):
        reader.refuse("bad-default", f"this default is not a {type_}", default.span, expected=f"a {type_}")
    elif not fits_choices(default.raw.scalar, choices):
        options = ", ".join(scalar_text(option) for option in choices[:20])
        reader.refuse("bad-default", "this default is not among the choices", default.span, expected=options)


def _infer_type(values: tuple[Scalar, ...]) -> str:
    known = [value for value in values if value is not None]
    for type_ in ("boolean", "number"):
        if known and all(fits_type(value, type_) for value in known):
            return type_
    return "string"
