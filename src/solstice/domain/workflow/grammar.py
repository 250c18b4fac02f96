"""The shapes a language of nodes is described in: what a value must be, and what a node may hold."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from solstice.domain.kdl import Scalar


class Holes(Enum):
    """What ``${{ … }}`` means inside a text."""

    REFUSED = "refused"
    """Nothing is filled in here, so a hole is a mistake."""
    PLANNING = "planning"
    """Filled in when the workflow is planned: nothing a finished job knows."""
    DISPATCH = "dispatch"
    """Filled in when the job is handed to its machine."""
    CACHE_KEY = "cache key"
    """As at dispatch; ``hash(…)`` is left to the agent."""
    JOB_CONDITION = "job condition"
    """The whole text is an expression, decided before there is an environment."""
    STEP_CONDITION = "step condition"
    """The whole text is an expression, decided with everything a step sees."""


class Unfit(ValueError):
    """A value that is not what its kind asks for; ``start`` and ``end`` frame the fault within a text."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        expected: str = "",
        hint: str = "",
        frame: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.expected = expected
        self.hint = hint
        self.frame = frame


@dataclass(frozen=True, slots=True)
class Kind:
    """What a value must be, in words, and how it is read (or refused with `Unfit`)."""

    words: str
    read: Callable[[Scalar], object]
    holes: Holes = Holes.REFUSED
    hole_hint: str = "write the value itself here"
    becomes_text: bool = False
    """A number is welcome, but some day stands in a text, where `3.10` is not `3.1`."""

    @property
    def is_condition(self) -> bool:
        """Whether the whole text is an expression."""
        return self.holes is Holes.JOB_CONDITION or self.holes is Holes.STEP_CONDITION


@dataclass(frozen=True, slots=True)
class Slot:
    """A value with a name: an argument, or else a property or a child, whichever the author likes.

    ``many`` takes one value as a property, or any number as the arguments of a child.
    """

    name: str
    kind: Kind
    required: bool = False
    many: bool = False


@dataclass(frozen=True, slots=True)
class Entries:
    """Values whose names the author chooses (``env``, the axes of a matrix), at most ``most`` of them."""

    names: Kind
    values: Kind
    many: bool = False
    most: int = 256


@dataclass(frozen=True, slots=True)
class Child:
    """A node that may stand inside another; ``why`` completes "exactly one, because …"."""

    spec: "NodeSpec"
    many: bool = False
    required: bool = False


@dataclass(frozen=True, slots=True)
class NodeSpec:
    """Everything a node may hold. ``variants`` chooses a fuller spec by the first argument."""

    name: str
    arguments: tuple[Slot, ...] = ()
    slots: Mapping[str, Slot] = field(default_factory=dict)
    children: Mapping[str, Child] = field(default_factory=dict)
    entries: Entries | None = None
    variants: Mapping[str, "NodeSpec"] = field(default_factory=dict)
    foreign: Mapping[str, str] = field(default_factory=dict)
    """Words of other systems: what they are called here, or a sentence where they are nothing."""


def slots(*items: Slot) -> dict[str, Slot]:
    """Index slots by their names."""
    return {slot.name: slot for slot in items}


def children(*items: Child) -> dict[str, Child]:
    """Index children by their names."""
    return {child.spec.name: child for child in items}
