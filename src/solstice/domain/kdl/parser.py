"""Makes nodes of tokens, with a stack of open blocks instead of recursion, and goes on after a mistake."""

from solstice.domain.diagnostic import Span
from solstice.domain.kdl.complaints import Complaints
from solstice.domain.kdl.dialect import Dialect
from solstice.domain.kdl.document import Node, Property, Scalar, Value
from solstice.domain.kdl.draft import Block, Draft
from solstice.domain.kdl.lexer import Lexer
from solstice.domain.kdl.mistakes import Mistakes
from solstice.domain.kdl.token import Kind, Token

_SCALARS = frozenset({Kind.WORD, Kind.STRING, Kind.RESERVED, Kind.VALUE})
_TEXTS = frozenset({Kind.WORD, Kind.STRING})
_PLACES_TO_GO_ON = frozenset({Kind.NEWLINE, Kind.SEMICOLON, Kind.OPEN, Kind.CLOSE, Kind.END})


class Parser:
    """Reads one text once. After a mistake it goes on at the next line, semicolon or brace."""

    def __init__(self, text: str, dialect: Dialect, mistakes: Mistakes, deepest: int) -> None:
        self.lexer = Lexer(text, dialect, mistakes)
        self._version = dialect.version
        self._keywords = dialect.keywords
        self._mistakes = mistakes
        self._complain = Complaints(text, mistakes, dialect.version)
        self._deepest = deepest
        self._roots: list[Node] = []
        self._blocks: list[Block] = []
        self._node: Draft | None = None
        self._token = self.lexer.next()
        self._indent = self._token.start
        self._begins_line = True
        self._suspect: Block | None = None
        """The first block that was closed by a brace further left than its own line."""

    def read(self) -> tuple[Node, ...]:
        """All nodes of the text."""
        while (self._node or self._token.kind is not Kind.END) and not self._mistakes.is_full:
            if self._node:
                self._within(self._node)
            else:
                self._between()
        self._end_text()
        return tuple(self._roots)

    def _advance(self) -> Token:
        """Go to the next token; gives the one passed."""
        passed = self._token
        if passed.kind in _PLACES_TO_GO_ON:
            self._mistakes.quiet = False
        self._token = self.lexer.next()
        self._begins_line = passed.kind is Kind.NEWLINE
        if self._begins_line:
            self._indent = self._token.start - passed.end
        return passed

    def _skip(self) -> None:
        """Leave out what follows a mistake, up to where a node can end or a block begin."""
        was_quiet, self._mistakes.quiet = self._mistakes.quiet, True
        while self._token.kind not in _PLACES_TO_GO_ON:
            self._advance()
        self._mistakes.quiet = was_quiet

    # Between nodes

    def _between(self) -> None:
        kind = self._token.kind
        backslash = self.lexer.continued_at
        if self._version == 1 and backslash is not None and kind is not Kind.CLOSE:
            self._complain.continuation_between_nodes(backslash)
        if kind is Kind.NEWLINE or kind is Kind.SEMICOLON:
            self._advance()
        elif kind is Kind.CLOSE:
            self._close_block()
        elif kind is Kind.SLASHDASH:
            self._pass_slashdash()
            self._begin_node(commented=True)
        else:
            self._begin_node(commented=False)

    def _pass_slashdash(self) -> None:
        self._advance()
        while self._version == 2 and self._token.kind is Kind.NEWLINE:
            self._advance()

    def _begin_node(self, *, commented: bool) -> None:
        self._complain.single_quote = None
        start = self._token
        annotation = self._read_annotation() if start.kind is Kind.LEFT else ""
        name = self._token
        node = Draft(str(name.scalar), name.span, start.start, name.end, annotation or "", dropped=commented)
        self._node = node
        self._check_depth(node)
        if name.kind in _TEXTS:
            self._advance()
            return
        if annotation is not None or name.kind not in _PLACES_TO_GO_ON:
            self._complain.no_name(name, annotated=name is not start, commented=commented)
        node.dropped = True
        if name.kind not in _PLACES_TO_GO_ON:
            self._advance()
        if name.kind not in _SCALARS:
            self._skip()

    def _check_depth(self, node: Draft) -> None:
        if len(self._blocks) < self._deepest:
            return
        node.dropped = True
        block = self._blocks[-1] if self._blocks else None
        if block and len(self._blocks) == self._deepest and not block.too_deep:
            block.too_deep = True
            self._mistakes.add(
                f"this node stands inside {self._deepest} others",
                node.name_span,
                expected=f"at most {self._deepest} levels of nodes",
                hint="move it out of some of the blocks around it",
                code="limit-nesting",
            )

    # Inside a node

    def _within(self, node: Draft) -> None:
        token = self._token
        if token.kind is Kind.NEWLINE or token.kind is Kind.SEMICOLON:
            self._advance()
            self._finish_node()
        elif token.kind is Kind.END or token.kind is Kind.CLOSE:
            self._finish_node()
        elif token.kind is Kind.OPEN:
            self._open_block(node, commented=False)
        elif token.kind is Kind.SLASHDASH:
            self._pass_slashdash()
            if self._token.kind is Kind.OPEN:
                self._open_block(node, commented=True)
            else:
                self._read_entry(node, commented=True, apart=token.spaced or self._version == 2)
        else:
            self._read_entry(node, commented=False, apart=token.spaced)

    def _finish_node(self) -> None:
        node, self._node = self._node, None
        if node and not node.dropped:
            (self._blocks[-1].nodes if self._blocks else self._roots).append(node.freeze())

    def _read_entry(self, node: Draft, *, commented: bool, apart: bool) -> None:
        """One argument or property, or whatever stands in its place."""
        first = self._token
        if (
            first.kind is Kind.EQUALS
            and not commented
            and not (node.arguments or node.properties or node.closed)
        ):
            # ``name = value`` as in other languages: the value is meant as the node's argument.
            self._complain.equals_after_node_name(self._advance(), node.name)
            first, apart = self._token, True
            if first.kind in _PLACES_TO_GO_ON:
                return
        if first.kind in _SCALARS or first.kind is Kind.LEFT:
            if node.closed:
                self._complain.after_block(first)
                if first.kind in _TEXTS and not commented:
                    self._finish_node()
                    return
            elif not apart and not first.broken:
                self._complain.no_space(first)
        annotation = self._read_annotation() if first.kind is Kind.LEFT else ""
        token = self._token
        if token.kind not in _SCALARS:
            if annotation is not None or token.kind not in _PLACES_TO_GO_ON:
                self._complain.no_value(token, annotated=token is not first, commented=commented)
            self._skip()
            return
        self._pass_scalar()
        if self._token.kind is Kind.EQUALS:
            self._read_property(node, first, token, commented=commented)
            return
        value = Value(self._scalar(token), Span(first.start, token.end), annotation or "")
        if not commented:
            node.arguments.append(value)
            node.end = token.end

    def _read_property(self, node: Draft, first: Token, name: Token, *, commented: bool) -> None:
        if name.kind not in _TEXTS:
            self._complain.bad_property_name(name)
        if first is not name:
            self._complain.annotated_name(Span(first.start, name.start), name)
        equals = self._advance()
        if self._version == 1 and (equals.spaced or self._token.spaced):
            self._complain.spaced_equals(equals)
        start = self._token
        annotation = self._read_annotation() if start.kind is Kind.LEFT else ""
        token = self._token
        if token.kind not in _SCALARS:
            if annotation is not None or token.kind not in _PLACES_TO_GO_ON:
                self._complain.no_property_value(equals, token)
            self._skip()
            return
        self._pass_scalar()
        value = Value(self._scalar(token), Span(start.start, token.end), annotation or "")
        if not commented:
            node.properties.append(Property(str(name.scalar), name.span, value, Span(name.start, token.end)))
            node.end = token.end

    def _pass_scalar(self) -> None:
        token = self._advance()
        if token.kind is Kind.WORD and str(token.scalar).startswith("'") and not self._complain.single_quote:
            self._complain.single_quote = token.span

    def _scalar(self, token: Token) -> Scalar:
        if token.kind is Kind.RESERVED:
            if self._version == 2:
                self._complain.bare_keyword(token)
            return self._keywords[str(token.scalar)]
        if token.kind is Kind.WORD and self._version == 1:
            self._complain.bare_value(token)
        return token.scalar

    def _read_annotation(self) -> str | None:
        """From ``(`` to ``)``; ``None`` if something was wrong with it, which has been reported."""
        left = self._advance()
        token = self._token
        if token.kind in _TEXTS:
            self._advance()
        if token.kind not in _TEXTS or self._token.kind is not Kind.RIGHT:
            self._complain.bad_annotation(left, self._token if token.kind in _TEXTS else token)
            self._skip_annotation()
            return None
        right = self._advance()
        if self._version == 1 and (token.spaced or right.spaced or self._token.spaced):
            self._complain.spaced_annotation(left)
        return str(token.scalar)

    def _skip_annotation(self) -> None:
        was_quiet, self._mistakes.quiet = self._mistakes.quiet, True
        while self._token.kind is not Kind.RIGHT and self._token.kind not in _PLACES_TO_GO_ON:
            self._advance()
        self._mistakes.quiet = was_quiet
        if self._token.kind is Kind.RIGHT:
            self._advance()

    # Children blocks

    def _open_block(self, node: Draft, *, commented: bool) -> None:
        brace = self._token
        if (node.has_children and not commented) or (self._version == 1 and node.closed):
            self._complain.second_block(brace)
            commented = True
        indent = self._indent
        self._advance()
        self._blocks.append(Block(node, brace.span, indent, commented))
        self._node = None

    def _close_block(self) -> None:
        if not self._blocks:
            self._complain.stray_close(self._advance())
            return
        if self._suspect is None and self._begins_line and self._indent < self._blocks[-1].indent:
            self._suspect = self._blocks[-1]
        self._pop_block()
        self._advance()

    def _pop_block(self) -> None:
        block = self._blocks.pop()
        self._node = node = block.node
        node.closed = True
        if not block.dropped:
            node.has_children = True
            node.children = tuple(block.nodes)

    def _end_text(self) -> None:
        self._mistakes.quiet = False
        if self._blocks and not self.lexer.swallowed:
            block = self._suspect or self._blocks[-1]
            self._complain.unclosed_block(block.brace, len(self._blocks) - 1)
        while self._blocks:
            self._pop_block()
            self._finish_node()
