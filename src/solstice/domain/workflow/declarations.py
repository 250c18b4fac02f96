"""What a workflow declares for others to fill in or read: the inputs of a manual start, the environment."""

from collections.abc import Iterator, Sequence

from solstice.domain.diagnostic import Severity
from solstice.domain.matrix import same_value
from solstice.domain.plan import Scalar
from solstice.domain.workflow.building import build_input
from solstice.domain.workflow.kinds import scalar_text
from solstice.domain.workflow.reading import Reader, Reading
from solstice.domain.workflow.values import Input

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
        _check_input(reader, reading, build_input(reading))
    return frozenset(seen)


def fits_type(value: Scalar, declared: Input) -> bool:
    """Tell whether a value is of the input's type."""
    fits = isinstance(value, _TYPES[declared.type])
    return fits and (declared.type == "boolean" or not isinstance(value, bool))


def fits_choices(value: Scalar, declared: Input) -> bool:
    """Tell whether a value is among the input's choices, if it has any."""
    return not declared.choices or any(same_value(value, option) for option in declared.choices)


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


def _check_input(reader: Reader, reading: Reading, declared: Input) -> None:
    options = ", ".join(scalar_text(option) for option in declared.choices[:20])
    for written in reading.values.get("choices", ()):
        if not fits_type(written.raw.scalar, declared):
            reader.refuse(
                "bad-default", f"this choice is not a {declared.type}", written.span, expected=declared.type
            )
    default = reading.written("default")
    if default is None:
        return
    if not fits_type(default.raw.scalar, declared):
        message = f"this default is not a {declared.type}"
        reader.refuse("bad-default", message, default.span, expected=declared.type)
    elif not fits_choices(default.raw.scalar, declared):
        message = "this default is not among the choices"
        reader.refuse("bad-default", message, default.span, expected=options)
