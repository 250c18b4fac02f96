"""What an expression comes to in a scope."""

from collections.abc import Iterable, Mapping, Sequence

from solstice.domain.diagnostic import Span
from solstice.domain.expression.coercion import (
    are_equal,
    fold_case,
    is_less,
    is_primitive,
    is_true,
    to_number,
    to_text,
)
from solstice.domain.expression.functions import (
    LARGEST_RESULT,
    PURE_FUNCTIONS,
    SIGNATURES,
    FunctionMistake,
    concatenate,
)
from solstice.domain.expression.scope import Scope
from solstice.domain.expression.syntax import (
    Access,
    Call,
    Chain,
    Context,
    Expression,
    Literal,
    Node,
    Not,
    Property,
    Step,
    TemplatePart,
    Wildcard,
)

_BUDGET = 4 * LARGEST_RESULT
"""Characters and elements one evaluation may touch: many large results are as bad as one huge one."""


class EvaluationMistake(Exception):
    """An expression that parses has no value here; ``span`` is a place in the text it was read from."""

    def __init__(self, message: str, span: Span) -> None:
        super().__init__(message)
        self.message = message
        self.span = span


def evaluate(expression: Expression, scope: Scope) -> object:
    """The value: None, a bool, a number, a text, a sequence or a mapping."""
    return _Evaluation(scope).value_of(expression.root)


def render(parts: Iterable[TemplatePart], scope: Scope) -> str:
    """The text of a template with its holes filled."""
    evaluation, pieces, span = _Evaluation(scope), list[str](), Span(0, 0)
    for part in parts:
        if isinstance(part, Expression):
            span = part.span
            pieces.append(_check_text(to_text(evaluation.value_of(part.root)), span))
        else:
            pieces.append(part)
    try:
        return concatenate(pieces)
    except FunctionMistake as mistake:
        raise EvaluationMistake(str(mistake), span) from mistake


def _check_text(text: str, span: Span) -> str:
    # fromJSON('"\ud800"') makes half a character, which no environment and no message can carry.
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise EvaluationMistake("the value holds half of a surrogate pair, which is no text", span) from error
    return text


class _Matches(tuple[object, ...]):
    """What ``.*`` gives: a list on which the next ``.name`` applies to each element."""

    __slots__ = ()


class _Evaluation:
    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._left = _BUDGET

    def value_of(self, node: Node) -> object:
        match node:
            case Literal():
                return node.value
            case Context():
                return self._context(node)
            case Access():
                return self._access(node)
            case Call():
                return self._call(node)
            case Not():
                return not is_true(self.value_of(node.operand))
            case Chain():
                return self._chain(node)

    def _context(self, node: Context) -> object:
        value = _look_up(self._scope.contexts, node.name)
        if value is None and node.name.casefold() not in self._scope.contexts:
            raise EvaluationMistake(f"`{node.name}` is not known here", node.span)
        return value

    def _access(self, node: Access) -> object:
        value = self.value_of(node.target)
        for step in node.steps:
            value = self._step(value, step)
        return value

    def _step(self, value: object, step: Step) -> object:
        self._spend(_breadth(value), step.span)
        if isinstance(step, Wildcard):
            return _spread(value)
        key = step.name if isinstance(step, Property) else self.value_of(step.index)
        if isinstance(value, _Matches):
            found = (_look_up(element, key) for element in value)
            return _Matches(element for element in found if element is not None)
        return _look_up(value, key)

    def _chain(self, node: Chain) -> object:
        left = self.value_of(node.first)
        for operator, operand in node.rest:
            if operator == "&&":
                left = self.value_of(operand) if is_true(left) else left
            elif operator == "||":
                left = left if is_true(left) else self.value_of(operand)
            else:
                left = self._compare(operator, left, self.value_of(operand), node.span)
        return left

    def _compare(self, operator: str, left: object, right: object, span: Span) -> bool:
        self._spend_on(left, span)
        self._spend_on(right, span)
        match operator:
            case "==":
                return are_equal(left, right)
            case "!=":
                return not are_equal(left, right)
            case "<":
                return is_less(left, right)
            case ">":
                return is_less(right, left)
            case "<=":
                return is_less(left, right) or _are_level(left, right)
        return is_less(right, left) or _are_level(left, right)

    def _call(self, node: Call) -> object:
        name = node.name.casefold()
        signature = SIGNATURES.get(name)
        if signature is None or not signature.takes(len(node.arguments)):
            raise EvaluationMistake(f"`{node.name}` cannot be called like this", node.span)
        if name not in PURE_FUNCTIONS:
            return self._ask_status(node, name)
        arguments = [self.value_of(argument) for argument in node.arguments]
        for argument in arguments:
            self._spend_on(argument, node.span)
        try:
            result = PURE_FUNCTIONS[name](*arguments)
        except FunctionMistake as mistake:
            raise EvaluationMistake(str(mistake), node.span) from mistake
        self._spend_on(result, node.span)
        return result

    def _ask_status(self, node: Call, name: str) -> bool:
        status = self._scope.status
        if name == "always":
            return True
        if status is None or name == "hash":
            raise EvaluationMistake(f"{SIGNATURES[name].name}() has no answer here", node.span)
        return bool(getattr(status, name))

    def _spend_on(self, value: object, span: Span) -> None:
        self._spend(_size(value), span)

    def _spend(self, amount: int, span: Span) -> None:
        self._left -= amount + 1
        if self._left < 0:
            raise EvaluationMistake("this expression takes too much work", span)


def _size(value: object) -> int:
    return len(value) if isinstance(value, Sequence | Mapping) else 1


def _breadth(value: object) -> int:
    """How many names a step may have to look at: a name in another case is found by trying each."""
    if isinstance(value, _Matches):
        return len(value) + sum(map(_size, value))
    return _size(value)


def _are_level(left: object, right: object) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return fold_case(left) == fold_case(right)
    return to_number(left) == to_number(right)


def _spread(value: object) -> object:
    if isinstance(value, Mapping):
        return _Matches(value.values())
    if isinstance(value, _Matches):
        return _Matches(inner for element in value for inner in _inner(element))
    return _Matches(_inner(value))


def _inner(value: object) -> Iterable[object]:
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, Sequence) and not isinstance(value, str) else ()


def _look_up(value: object, key: object) -> object:
    """What stands under ``key``; nothing there is null, as everywhere in this language."""
    if isinstance(value, Mapping):
        return _look_up_name(value, to_text(key)) if is_primitive(key) else None
    if isinstance(value, Sequence) and not isinstance(value, str):
        index = to_number(key)
        return value[int(index)] if 0 <= index < len(value) else None
    return None


def _look_up_name(mapping: Mapping[object, object], name: str) -> object:
    if name in mapping:
        return mapping[name]
    folded = fold_case(name)
    return next((value for key, value in mapping.items() if fold_case(str(key)) == folded), None)
