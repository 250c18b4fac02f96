"""Which names an expression mentions, and whether they exist where it stands."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from solstice.domain.diagnostic import Diagnostic, Span
from solstice.domain.expression.functions import (
    HASH,
    PURE_FUNCTIONS,
    SIGNATURES,
    STATUS_FUNCTIONS,
    FunctionMistake,
)
from solstice.domain.expression.scope import CONTEXTS, TEXT_CONTEXTS
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
)
from solstice.domain.suggestion import did_you_mean

ANY = "*"
"""In a path: a wildcard, or an index that is only known when the expression is evaluated."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A path as written, context first (``("needs", "lint", "result")``), and a span for each word."""

    path: tuple[str, ...]
    span: Span
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class KnownNames:
    """What exists where an expression stands.

    ``matrix`` is None for a job without one; ``needs`` says of each id as written whether its outputs
    can be read (a matrix job's cannot); ``env`` is None where no environment exists yet.
    """

    matrix: frozenset[str] | None = None
    inputs: frozenset[str] = frozenset()
    needs: Mapping[str, bool] = field(default_factory=dict)
    env: frozenset[str] | None = None
    hash_allowed: bool = False
    status_functions_allowed: bool = False
    needs_allowed: bool = False


def references(expression: Expression) -> tuple[Reference, ...]:
    """Every path of the expression that begins with a context, from left to right."""
    found = []
    for node in _walk(expression.root):
        if isinstance(node, Context):
            found.append(Reference((node.name,), node.span, (node.span,)))
        elif isinstance(node, Access) and isinstance(node.target, Context):
            words = ((node.target.name, node.target.span), *(_word(step) for step in node.steps))
            found.append(Reference(tuple(w for w, _ in words), node.span, tuple(s for _, s in words)))
    return tuple(found)


def calls(expression: Expression) -> tuple[Call, ...]:
    """Every call of a function, from left to right, an outer one before those in its arguments."""
    return tuple(node for node in _walk(expression.root) if isinstance(node, Call))


def asks_status(expression: Expression) -> bool:
    """Whether the expression calls ``success()`` or one of its siblings."""
    return any(call.name.casefold() in STATUS_FUNCTIONS for call in calls(expression))


def check_names(parsed: ParsedExpression | ParsedTemplate, names: KnownNames) -> tuple[Diagnostic, ...]:
    """Every name and call that cannot be right there; the mistakes of parsing are not repeated."""
    found: list[Diagnostic] = []
    for expression in parsed.expressions:
        found.extend(_check_calls(expression, names))
        for reference in references(expression):
            found.extend(_check_reference(reference, names))
    return tuple(sorted(found, key=lambda diagnostic: diagnostic.span.start))


def _walk(root: Node) -> Iterator[Node]:
    """Each node, outer before inner, left before right; the target of a path counts as part of the path."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(tuple(_children(node))))


def _children(node: Node) -> Iterator[Node]:
    match node:
        case Access():
            if not isinstance(node.target, Context):
                yield node.target
            yield from (step.index for step in node.steps if isinstance(step, Index))
        case Call():
            yield from node.arguments
        case Not():
            yield node.operand
        case Chain():
            yield node.first
            yield from (operand for _, operand in node.rest)


def _word(step: Step) -> tuple[str, Span]:
    return (step.name if isinstance(step, Property) else ANY), step.span


def _check_calls(expression: Expression, names: KnownNames) -> Iterator[Diagnostic]:
    for call in calls(expression):
        signature = SIGNATURES.get(call.name.casefold())
        if signature is None:
            yield _explain_function(call)
        elif not signature.takes(len(call.arguments)):
            message = f"{signature.name}() takes {signature.described}, not {len(call.arguments)}"
            yield Diagnostic("wrong-arguments", message, call.span, signature.described)
        elif signature.name == HASH:
            yield from _check_hash(call, expression, names)
        elif call.name.casefold() in STATUS_FUNCTIONS and not names.status_functions_allowed:
            message = f"{signature.name}() can only be asked in an `if`"
            yield Diagnostic("misplaced-function", message, call.span)
        else:
            yield from _check_literals(call)


def _explain_function(call: Call) -> Diagnostic:
    known = [signature.name for signature in SIGNATURES.values()]
    hint = "the digest of files is `hash('glob', …)`" if call.name.casefold() == "hashfiles" else ""
    return Diagnostic(
        "unknown-function", f"there is no function `{call.name[:64]}`", call.name_span,
        "one of " + ", ".join(known), hint or did_you_mean(call.name, known),
    )  # fmt: skip


def _check_hash(call: Call, expression: Expression, names: KnownNames) -> Iterator[Diagnostic]:
    if not names.hash_allowed:
        yield Diagnostic(
            "misplaced-function", "hash() can only stand in the key of a cache", call.span,
            hint="files exist only after the checkout, in the machine",
        )  # fmt: skip
    elif expression.root is not call:
        yield Diagnostic(
            "misplaced-function", "hash() must be all there is between `${{` and `}}`", call.span,
            hint="write the rest of the key around it: pip-${{ hash('*.txt') }}",
        )  # fmt: skip


def _check_literals(call: Call) -> Iterator[Diagnostic]:
    """A pattern or a JSON text that is written out is tried now, instead of when the job starts."""
    name, first = call.name.casefold(), call.arguments[0] if call.arguments else None
    if name not in ("format", "fromjson") or not isinstance(first, Literal):
        return
    try:
        PURE_FUNCTIONS[name](first.value, *("" for _ in call.arguments[1:]))
    except FunctionMistake as mistake:
        yield Diagnostic("wrong-arguments", str(mistake), first.span)


def _check_reference(reference: Reference, names: KnownNames) -> Iterator[Diagnostic]:
    context, inner = reference.path[0].casefold(), reference.path[1:]
    if context not in CONTEXTS:
        yield _explain_context(reference)
    elif context in TEXT_CONTEXTS:
        if inner:
            message = f"`{context}` is a text and has nothing inside"
            yield Diagnostic("unknown-property", message, reference.spans[1], f"`{context}` alone")
    elif context == "needs":
        yield from _check_needs(reference, names)
    else:
        yield from _check_key(reference, context, names)


_CONTEXT_HINTS = {
    "github": "these names stand alone here: `event`, `ref`, `branch`, `sha`, `repo`, `actor`",
    "secrets": "no expression can read a secret; name it in `secrets` and use its variable in the step",
    "vars": "put the value into `env`",
    "steps": "steps pass values on by $SOLSTICE_OUTPUT, and only other jobs see them, as needs.<id>.outputs",
    "job": "ask success(), failure() or cancelled() instead",
    "runner": "an `if` is decided before there is a machine; compare the matrix or the label instead",
    "strategy": "ask `matrix` instead",
}


def _explain_context(reference: Reference) -> Diagnostic:
    name = reference.path[0]
    return Diagnostic(
        "unknown-context", f"there is nothing called `{name[:64]}` here", reference.spans[0],
        "one of " + ", ".join(CONTEXTS),
        _CONTEXT_HINTS.get(name.casefold(), "") or _guess_context(reference),
    )  # fmt: skip


def _guess_context(reference: Reference) -> str:
    guess = did_you_mean(reference.path[0], CONTEXTS)
    if len(reference.path) > 1:
        return guess
    return f"{guess} A text stands in single quotes: '{reference.path[0][:64]}'".lstrip()


def _check_key(reference: Reference, context: str, names: KnownNames) -> Iterator[Diagnostic]:
    known = {"matrix": names.matrix, "inputs": names.inputs, "env": names.env}[context]
    if known is None:
        message = "this job has no matrix" if context == "matrix" else "there is no environment here yet"
        yield Diagnostic("misplaced-context", f"`{context}`: {message}", reference.spans[0])
    elif len(reference.path) > 1 and not _is_among(reference.path[1], known):
        kind = {"matrix": "axis of the matrix", "inputs": "input", "env": "variable in `env`"}[context]
        yield _explain_unknown(kind, reference.path[1], known, reference.spans[1])


def _check_needs(reference: Reference, names: KnownNames) -> Iterator[Diagnostic]:
    path, spans = reference.path, reference.spans
    if not names.needs_allowed:
        yield Diagnostic(
            "misplaced-context", "`needs` is not known yet when this is decided", reference.span,
            hint="results and outputs of other jobs are known when the job itself starts",
        )  # fmt: skip
    elif len(path) > 1 and not _is_among(path[1], names.needs):
        yield _explain_unknown("job in `needs`", path[1], names.needs, spans[1])
    elif len(path) > 2 and not _is_among(path[2], ("result", "outputs")):
        yield _explain_unknown("property of a needed job", path[2], ("result", "outputs"), spans[2])
    elif len(path) > 2 and path[2].casefold() == "outputs" and not _has_outputs(path[1], names.needs):
        yield Diagnostic(
            "outputs-of-matrix", f"outputs of `{path[1]}` cannot be read: it is a matrix", reference.span,
            hint="which of its combinations would be meant? Keep an artifact instead",
        )  # fmt: skip


def _is_among(word: str, known: Iterable[str]) -> bool:
    return word == ANY or word.casefold() in {name.casefold() for name in known}


def _has_outputs(job: str, needs: Mapping[str, bool]) -> bool:
    if job == ANY:
        return True
    return any(readable for name, readable in needs.items() if name.casefold() == job.casefold())


def _explain_unknown(kind: str, word: str, known: Iterable[str], span: Span) -> Diagnostic:
    names = sorted(known)
    expected = "one of " + ", ".join(names[:20]) if names else ""
    return Diagnostic("unknown-name", f"there is no {kind} called `{word[:64]}`", span, expected,
                      did_you_mean(word, names))  # fmt: skip
