"""What the parser says about each mistake in how tokens follow each other."""

from solstice.domain.diagnostic import Span
from solstice.domain.kdl.mistakes import Mistakes, show, visible
from solstice.domain.kdl.strays import COMMA, NAMES, point, quote, stray_hint
from solstice.domain.kdl.token import Kind, Token

_ENTRY = "an argument, `name=value`, `{`, or the end of the node"


class Complaints:
    """Words for mistakes of one text read as ``version``.

    Once a node has a word that begins with a single quote, the first complaint about that node's line
    is about this quote, and the others are left out: they all come from it.
    """

    def __init__(self, text: str, mistakes: Mistakes, version: int) -> None:
        self.single_quote: Span | None = None
        self._text = text
        self._mistakes = mistakes
        self._version = version

    def _add(self, message: str, span: Span, expected: str = "", hint: str = "") -> None:
        if self.single_quote is None:
            self._mistakes.add(message, span, expected=expected, hint=hint)
            return
        self._mistakes.add(
            "KDL knows no single quotes: this one is part of a bare word",
            self.single_quote,
            expected='a string in `"`',
            hint='use `"`; inside such a string write `\\"` for a double quote',
        )
        self.single_quote = None
        self._mistakes.quiet = True

    def _word(self, token: Token) -> str:
        """The token as it is written, or its name."""
        return NAMES.get(token.kind) or show(self._text[token.start : min(token.end, token.start + 80)])

    def no_name(self, token: Token, *, annotated: bool, commented: bool) -> None:
        """``token`` stands where a node should begin."""
        expected = "a node's name"
        if token.kind is Kind.OPEN:
            self._add("this `{` belongs to no node", token.span, expected, "write a name before the `{`")
        elif token.kind is Kind.RESERVED:
            self._quote_it(token, "a node's name")
        elif token.kind is Kind.VALUE:
            self._add(
                "a node's name cannot be a number or a keyword", token.span, expected, "put quotes around it"
            )
        elif token.kind is Kind.STRAY:
            self.stray(token, expected)
        elif commented and token.kind is Kind.SLASHDASH:
            self._add("a `/-` cannot follow another one", token.span, expected, "write it once")
        else:
            after = "this annotation" if annotated else "`/-`" if commented else ""
            where = f"after {after} a node should begin, but here is" if after else "a node cannot begin with"
            self._add(f"{where} {self._word(token)}", point(token), expected)

    def equals_after_node_name(self, equals: Token, name: str) -> None:
        """``name = value`` where a node begins."""
        self._add(
            "no `=` stands between a node's name and its value",
            equals.span,
            _ENTRY,
            f"write a space instead: `{visible(name)} …`",
        )

    def no_value(self, token: Token, *, annotated: bool, commented: bool) -> None:
        """``token`` stands where an argument or a property should."""
        if token.kind is Kind.STRAY:
            self.stray(token, _ENTRY)
        elif token.kind is Kind.EQUALS:
            self._add(
                "this `=` has no name before it",
                token.span,
                "`name=value`",
                "write the property's name first",
            )
        elif token.kind is Kind.RIGHT:
            self._add(
                "this `)` closes nothing", token.span, _ENTRY, "put quotes around a text with a `)` in it"
            )
        elif annotated:
            hint = "put the `/-` before the `(`" if token.kind is Kind.SLASHDASH else ""
            self._add(
                f"after this annotation comes {self._word(token)}",
                point(token),
                "the value it describes",
                hint,
            )
        elif commented:
            self._add(
                f"after `/-` comes {self._word(token)}",
                point(token),
                "what it comments out: an argument, a property or a children block",
                "write `//` to comment out the rest of the line"
                if token.kind is not Kind.SLASHDASH
                else "write it once",
            )
        else:
            self._add(f"{self._word(token)} cannot stand here", point(token), _ENTRY)

    def stray(self, token: Token, expected: str) -> None:
        """Characters that mean nothing where they stand."""
        before = self._text[max(token.start - 1, 0) : token.start]
        self._add(f"{self._word(token)} has no meaning here", token.span, expected, stray_hint(token, before))

    def _quote_it(self, token: Token, role: str) -> None:
        self._add(
            f"the bare word {self._word(token)} cannot be {role}",
            token.span,
            expected="a string",
            hint=f"put quotes around it: `{quote(str(token.scalar))}`",
        )

    def bare_keyword(self, token: Token) -> None:
        """Version 2: ``true`` without its hash."""
        self._add(
            f"the bare word {self._word(token)} is no value in KDL 2",
            token.span,
            f'`#{token.scalar}`, or `"{token.scalar}"` for the text',
            f"write `#{token.scalar}`",
        )

    def bare_value(self, token: Token) -> None:
        """Version 1: an argument without quotes, or something only version 2 has."""
        word = str(token.scalar)
        hint = f"put quotes around it: `{quote(word)}`"
        if word.strip("#") == "":
            hint = 'a raw string is written `r#"…"#` in KDL 1'
        elif word[1:] in ("true", "false", "null"):
            hint = f"write `{word[1:]}`"
        self._add(
            f"the bare word {self._word(token)} is no value in KDL 1",
            token.span,
            'a string in `"`, a number, `true`, `false` or `null`',
            hint,
        )
        if word.strip("#") == "":
            self._mistakes.quiet = True

    def bad_property_name(self, token: Token) -> None:
        """A number or a keyword before ``=``."""
        if token.kind is Kind.RESERVED:
            self._quote_it(token, "a property's name")
        else:
            self._add(
                "a property's name cannot be a number or a keyword",
                token.span,
                "a string",
                "put quotes around it",
            )

    def no_property_value(self, equals: Token, token: Token) -> None:
        """Nothing that is a value after ``=``."""
        if token.kind is Kind.SLASHDASH:
            hint = "to comment the property out, put the `/-` before its name"
        elif token.kind is Kind.EQUALS:
            hint = "write one `=`"
        elif token.kind is Kind.STRAY:
            hint = stray_hint(token, "")
        else:
            hint = 'for an empty text write `""`'
        self._add(f"this `=` has no value: after it comes {self._word(token)}", equals.span, "a value", hint)

    def spaced_equals(self, token: Token) -> None:
        """Version 1 has no white space around ``=``."""
        self._add(
            "in KDL 1 no white space may stand around `=`",
            token.span,
            "`name=value`",
            "write it without spaces",
        )

    def annotated_name(self, span: Span, name: Token) -> None:
        """``(type)name=value``."""
        self._add(
            "an annotation cannot stand before a property's name",
            span,
            "the annotation before the value",
            f"write `{visible(str(name.scalar))}=(…)value`",
        )

    def no_space(self, token: Token) -> None:
        """Two entries touch."""
        hint = "put a space before it"
        if str(token.scalar).startswith(":"):
            hint = "KDL writes `name value` or `name=value`, without a colon"
        elif str(token.scalar).startswith(","):
            hint = COMMA
        span = token.span if token.end - token.start < 80 else Span(token.start, token.start + 1)
        self._add(
            f"no white space stands before {self._word(token)}",
            span,
            "white space, or the end of the node",
            hint,
        )
        # What is not apart was mostly cut in the wrong places: the rest of the line says no more.
        self._mistakes.quiet = True

    def continuation_between_nodes(self, backslash: int) -> None:
        """Version 1: a continued line where no node has begun."""
        self._add(
            "this `\\` continues no node",
            Span(backslash, backslash + 1),
            "a node, or an empty line",
            "remove the `\\`: in KDL 1 it stands inside a node only",
        )

    def after_block(self, token: Token) -> None:
        """An entry after a children block."""
        self._add(
            f"{self._word(token)} stands after the node's children block",
            point(token),
            "the end of the line or `;`",
            "arguments and properties go before the `{`; a new node goes on a new line or after `;`",
        )

    def second_block(self, brace: Token) -> None:
        """A node with two children blocks."""
        self._add(
            "this node has a children block already",
            brace.span,
            "one block",
            "put these nodes into the first block",
        )

    def stray_close(self, brace: Token) -> None:
        """A ``}`` too many."""
        self._add(
            "this `}` closes nothing",
            brace.span,
            "a node or the end of the text",
            "remove it, or look for a missing `{`",
        )

    def unclosed_block(self, brace: Span, more: int) -> None:
        """A ``{`` whose ``}`` never comes."""
        others = f", nor {'is' if more == 1 else 'are'} {more} around it" if more else ""
        self._mistakes.add(
            f"this `{{` is never closed{others}",
            brace,
            expected="a `}`",
            hint="add a `}` where the block ends",
        )

    def bad_annotation(self, left: Token, token: Token) -> None:
        """Something else than one string between ``(`` and ``)``."""
        if token.kind is Kind.RIGHT:
            message, hint = (
                "this annotation is empty",
                "write a type's name between `(` and `)`, or remove them",
            )
        elif token.kind is Kind.RESERVED:
            self._quote_it(token, "an annotation")
            return
        elif token.kind in (Kind.NEWLINE, Kind.END, Kind.OPEN, Kind.CLOSE, Kind.SEMICOLON):
            message, hint = "this `(` is never closed", "put quotes around a text with a `(` in it"
        else:
            message, hint = (
                f"{self._word(token)} cannot stand in an annotation",
                "put quotes around a text with a `(` in it",
            )
        self._add(message, left.span, "`(type)` before a name or a value", hint)

    def spaced_annotation(self, token: Token) -> None:
        """Version 1 has no white space in or after an annotation."""
        self._add(
            "in KDL 1 no white space may stand in or after an annotation",
            token.span,
            "`(type)value`",
            "remove it",
        )
