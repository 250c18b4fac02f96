"""How the text of an expression, or of a template with expressions in it, becomes a tree."""

import re

from solstice.domain.diagnostic import Diagnostic, Span
from solstice.domain.expression.coercion import parse_number
from solstice.domain.expression.lexer import SyntaxMistake, Token, TokenKind, scan_tokens
from solstice.domain.expression.syntax import (
    Access,
    Call,
    Chain,
    Context,
    Expression,
    Index,
    Literal,
    Node,
    Not,
    ParsedExpression,
    ParsedTemplate,
    Property,
    Step,
    TemplatePart,
    Wildcard,
)

LONGEST_EXPRESSION = 64 * 1024
"""In code points."""
DEEPEST_NESTING = 40
"""Of parentheses, brackets, calls and ``!`` together."""

_PRECEDENCE = (("||",), ("&&",), ("==", "!="), ("<", "<=", ">", ">="))
"""Loosest first; ``!`` binds tighter than all of them."""
_CONSTANTS = {"null": None, "true": True, "false": False, "NaN": float("nan"), "Infinity": float("inf")}
_QUOTE_OR_END = re.compile(r"'|\}\}")


def parse_expression(text: str) -> ParsedExpression:
    """Read ``text`` as one expression, such as an ``if``; one ``${{ … }}`` around all of it is allowed."""
    start, end = _unwrapped(text)
    return _parse_range(text, start, end)


def parse_template(text: str) -> ParsedTemplate:
    """Read ``text`` as literal pieces with ``${{ … }}`` holes."""
    parts: list[TemplatePart] = []
    mistakes: list[Diagnostic] = []
    position = 0
    while (opened := text.find("${{", position)) >= 0:
        if opened > position:
            parts.append(text[position:opened])
        closed = _find_close(text, opened + 3)
        if closed < 0:
            mistakes.append(_explain_open_hole(opened))
            return ParsedTemplate(tuple(parts), tuple(mistakes))
        hole = _parse_range(text, opened + 3, closed)
        parts.extend(hole.expressions)
        mistakes.extend(hole.mistakes)
        position = closed + 2
    if position < len(text):
        parts.append(text[position:])
    return ParsedTemplate(tuple(parts), tuple(mistakes))


def _unwrapped(text: str) -> tuple[int, int]:
    start = len(text) - len(text.lstrip())
    end = len(text.rstrip())
    if text.startswith("${{", start) and _find_close(text, start + 3) == end - 2:
        return start + 3, end - 2
    return 0, len(text)


def _find_close(text: str, position: int) -> int:
    """Where the ``}}`` of a hole stands that is not inside a quoted text, or -1."""
    while match := _QUOTE_OR_END.search(text, position):
        if match.group() == "}}":
            return match.start()
        position = text.find("'", match.end()) + 1
        if not position:
            return -1
    return -1


def _explain_open_hole(opened: int) -> Diagnostic:
    return Diagnostic(
        "expression-syntax", "this `${{` is never closed", Span(opened, opened + 3), "`}}`",
        "to write `${{` itself, write ${{ '${{' }}",
    )  # fmt: skip


def _parse_range(text: str, start: int, end: int) -> ParsedExpression:
    if end - start > LONGEST_EXPRESSION:
        message = f"this expression is longer than {LONGEST_EXPRESSION} characters"
        return ParsedExpression(None, (Diagnostic("expression-limit", message, Span(start, end)),))
    try:
        root = _Parser(list(scan_tokens(text, start, end))).parse()
    except SyntaxMistake as mistake:
        return ParsedExpression(None, (mistake.diagnostic,))
    return ParsedExpression(Expression(text[start:end].strip(), root, Span(start, end)))


class _Parser:
    """Reads tokens left to right; recursion only ever follows what is nested in the text."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._next = 0
        self._depth = 0

    def parse(self) -> Node:
        if self._peek().kind is TokenKind.END:
            raise _unexpected(self._peek(), "an expression")
        root = self._expression()
        if self._peek().kind is not TokenKind.END:
            raise _unexpected(self._peek(), "an operator or the end")
        return root

    def _expression(self) -> Node:
        operands, operators = [self._operand()], list[str]()
        while self._peek().kind is TokenKind.OPERATOR:
            operators.append(self._take().text)
            operands.append(self._operand())
        return _group(operands, operators, 0)

    def _operand(self) -> Node:
        bangs: list[Token] = []
        while self._peek().text == "!":
            bangs.append(self._take())
            self._descend(bangs[-1])
        node = self._path()
        for bang in reversed(bangs):
            node = Not(node, Span(bang.span.start, node.span.end))
        self._depth -= len(bangs)
        return node

    def _path(self) -> Node:
        start = self._peek().span.start
        target = self._atom()
        steps: list[Step] = []
        while self._peek().kind is TokenKind.PUNCTUATION and self._peek().text in ".[":
            steps.append(self._bracket() if self._peek().text == "[" else self._dot())
        if not steps:
            return target
        return Access(target, tuple(steps), Span(start, self._tokens[self._next - 1].span.end))

    def _dot(self) -> Step:
        self._take()
        token = self._take()
        if token.kind is TokenKind.PROPERTY:
            return Property(token.text, token.span)
        if token.text == "*":
            return Wildcard(token.span)
        raise _unexpected(token, "a name or `*` after the dot")

    def _bracket(self) -> Step:
        opened = self._take()
        self._descend(opened)
        if self._peek().text == "*":
            self._take()
            step: Step = Wildcard(Span(opened.span.start, self._close("]").span.end))
        else:
            inner = self._expression()
            span = Span(opened.span.start, self._close("]").span.end)
            if isinstance(inner, Literal) and isinstance(inner.value, str):
                step = Property(inner.value, inner.span)
            else:
                step = Index(inner, span)
        self._depth -= 1
        return step

    def _atom(self) -> Node:
        token = self._take()
        match token.kind:
            case TokenKind.TEXT:
                return Literal(token.text[1:-1].replace("''", "'"), token.span)
            case TokenKind.NUMBER:
                return _read_number(token)
            case TokenKind.NAME if self._peek().text == "(":
                return self._call(token)
            case TokenKind.NAME:
                if token.text in _CONSTANTS:
                    return Literal(_CONSTANTS[token.text], token.span)
                return Context(token.text, token.span)
            case TokenKind.PUNCTUATION if token.text == "(":
                self._descend(token)
                inner = self._expression()
                self._close(")")
                self._depth -= 1
                return inner
        raise _unexpected(token, "a value, a name or `(`")

    def _call(self, name: Token) -> Node:
        self._descend(self._take())
        arguments: list[Node] = []
        while self._peek().text != ")" or arguments:
            arguments.append(self._expression())
            if self._peek().text != ",":
                break
            self._take()
        end = self._close(")").span.end
        self._depth -= 1
        return Call(name.text, tuple(arguments), name.span, Span(name.span.start, end))

    def _descend(self, token: Token) -> None:
        self._depth += 1
        if self._depth > DEEPEST_NESTING:
            message = f"this is nested more than {DEEPEST_NESTING} deep"
            raise SyntaxMistake(Diagnostic("expression-limit", message, token.span))

    def _close(self, text: str) -> Token:
        token = self._take()
        if token.text != text or token.kind is not TokenKind.PUNCTUATION:
            raise _unexpected(token, f"`{text}`")
        return token

    def _peek(self) -> Token:
        return self._tokens[self._next]

    def _take(self) -> Token:
        token = self._tokens[self._next]
        if token.kind is not TokenKind.END:
            self._next += 1
        return token


def _group(operands: list[Node], operators: list[str], level: int) -> Node:
    """Split a flat row of operands at its loosest operators, then each piece at the next tighter ones."""
    if not operators:
        return operands[0]
    pieces: list[Node] = []
    joints: list[str] = []
    start = 0
    for index, operator in enumerate([*operators, ""]):
        if operator and operator not in _PRECEDENCE[level]:
            continue
        pieces.append(_group(operands[start : index + 1], operators[start:index], level + 1))
        joints.append(operator)
        start = index + 1
    if len(pieces) == 1:
        return pieces[0]
    span = Span(pieces[0].span.start, pieces[-1].span.end)
    return Chain(pieces[0], tuple(zip(joints[:-1], pieces[1:], strict=True)), span)


def _read_number(token: Token) -> Literal:
    value = parse_number(token.text)
    if value != value:
        raise SyntaxMistake(
            Diagnostic("expression-syntax", f"`{token.text[:40]}` is not a number", token.span,
                       "a number such as 3, -0.5, 1e3 or 0x1F", "texts stand in single quotes"),
        )  # fmt: skip
    return Literal(value, token.span)


def _unexpected(token: Token, expected: str) -> SyntaxMistake:
    if token.kind is TokenKind.END:
        message, span = "the expression ends too early", Span(max(token.span.start - 1, 0), token.span.end)
    else:
        message, span = f"`{token.text[:40]}` cannot stand here", token.span
    return SyntaxMistake(Diagnostic("expression-syntax", message, span, expected))
