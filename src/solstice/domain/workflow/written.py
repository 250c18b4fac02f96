"""What a node came to once it was read: values beside what was written, and the nodes inside it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from solstice.domain.diagnostic import Span
from solstice.domain.kdl import Node, Scalar, Value
from solstice.domain.workflow.grammar import Kind

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Written:
    """A value as read, beside the value as written."""

    value: object
    raw: Value
    kind: Kind

    @property
    def span(self) -> Span:
        """Where it stands."""
        return self.raw.span


@dataclass(frozen=True, slots=True)
class Entry:
    """A name the author chose, and its values."""

    name: str
    name_span: Span
    values: tuple[Written, ...]

    @property
    def scalars(self) -> tuple[Scalar, ...]:
        """The values as written."""
        return tuple(written.raw.scalar for written in self.values)


@dataclass(frozen=True, slots=True)
class Reading:
    """A node as read by its spec; what was unfit is left out and reported."""

    node: Node
    values: Mapping[str, tuple[Written, ...]] = field(default_factory=dict)
    children: Mapping[str, tuple["Reading", ...]] = field(default_factory=dict)
    entries: tuple[Entry, ...] = ()
    attempted: frozenset[str] = frozenset()
    """The names of the slots somebody wrote, fit or not."""

    def written(self, name: str) -> Written | None:
        """The single value of a slot."""
        values = self.values.get(name)
        return values[0] if values else None

    def one(self, name: str, of: type[T]) -> T | None:
        """The single value of a slot, if it is there and of that type."""
        values = self.values.get(name)
        return values[0].value if values and isinstance(values[0].value, of) else None

    def many(self, name: str, of: type[T]) -> tuple[T, ...]:
        """Every value of a slot that is of that type."""
        return tuple(w.value for w in self.values.get(name, ()) if isinstance(w.value, of))

    def child(self, name: str) -> "Reading | None":
        """The only child of that name."""
        found = self.children.get(name)
        return found[0] if found else None

    def all(self, name: str) -> tuple["Reading", ...]:
        """Every child of that name."""
        return self.children.get(name, ())

    def everything(self) -> Iterator[Written]:
        """Every value of this node, its children's not."""
        for values in self.values.values():
            yield from values
        for entry in self.entries:
            yield from entry.values
