"""The shapes an expression and a template have once they are read."""

from dataclasses import dataclass
from typing import TypeAlias

from solstice.domain.diagnostic import Diagnostic, Span
from solstice.domain.scalar import Scalar


@dataclass(frozen=True, slots=True)
class Literal:
    """A value written out: ``null``, ``true``, ``0x1F``, ``'it''s'``."""

    value: Scalar
    span: Span


@dataclass(frozen=True, slots=True)
class Context:
    """The first name of a path: ``matrix`` in ``matrix.os``."""

    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class Property:
    """``.name``, or ``['name']``, which means the same."""

    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class Index:
    """``[expression]`` with anything but a text literal inside."""

    index: "Node"
    span: Span


@dataclass(frozen=True, slots=True)
class Wildcard:
    """``.*`` or ``[*]``: every value of an object or a list."""

    span: Span


Step: TypeAlias = Property | Index | Wildcard


@dataclass(frozen=True, slots=True)
class Access:
    """A value and the steps into it; kept flat, so that a long path is not a deep tree."""

    target: "Node"
    steps: tuple[Step, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Call:
    """A function and its arguments; ``name`` is as written, its case means nothing."""

    name: str
    arguments: tuple["Node", ...]
    name_span: Span
    span: Span


@dataclass(frozen=True, slots=True)
class Not:
    """``!operand``."""

    operand: "Node"
    span: Span


@dataclass(frozen=True, slots=True)
class Chain:
    """Operands joined, left to right, by operators of one precedence; kept flat like a path."""

    first: "Node"
    rest: tuple[tuple[str, "Node"], ...]
    span: Span


Node: TypeAlias = Literal | Context | Access | Call | Not | Chain


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression that parses; ``span`` is where it stands in the text it was read from."""

    text: str
    root: Node
    span: Span


TemplatePart: TypeAlias = str | Expression


@dataclass(frozen=True, slots=True)
class ParsedExpression:
    """What was read of an ``if``: an expression, or the mistakes that prevented one."""

    expression: Expression | None
    mistakes: tuple[Diagnostic, ...] = ()

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """The expression if there is one."""
        return () if self.expression is None else (self.expression,)


@dataclass(frozen=True, slots=True)
class ParsedTemplate:
    """A text cut at its ``${{ … }}`` holes. A hole that does not parse is missing among the parts."""

    parts: tuple[TemplatePart, ...]
    mistakes: tuple[Diagnostic, ...] = ()

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """The holes, in order."""
        return tuple(part for part in self.parts if isinstance(part, Expression))
