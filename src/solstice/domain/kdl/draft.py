"""Nodes and children blocks while they are being read."""

from dataclasses import dataclass, field

from solstice.domain.diagnostic import Span
from solstice.domain.kdl.document import Argument, Node, Property


@dataclass(slots=True)
class Draft:
    """A node whose end has not been read yet; ``dropped``: it is commented out, or no name could be read."""

    name: str
    name_span: Span
    start: int
    end: int
    annotation: str = ""
    dropped: bool = False
    arguments: list[Argument] = field(default_factory=list)
    properties: list[Property] = field(default_factory=list)
    children: tuple[Node, ...] = ()
    has_children: bool = False
    closed: bool = False
    """A children block stood here, perhaps commented out: no argument or property may follow."""

    def freeze(self) -> Node:
        """The node as read so far."""
        return Node(
            self.name,
            self.name_span,
            Span(self.start, self.end),
            tuple(self.arguments),
            tuple(self.properties),
            self.children,
            self.has_children,
            self.annotation,
        )


@dataclass(slots=True)
class Block:
    """An open children block of ``node``; ``indent`` is that of the line its brace stands on."""

    node: Draft
    brace: Span
    indent: int
    dropped: bool
    nodes: list[Node] = field(default_factory=list)
    too_deep: bool = False
    """Its nodes stand deeper than is allowed, and that has been said."""
