"""What a person answered to a workflow's inputs, held against what it asks for."""

from collections.abc import Iterator, Sequence

from solstice.domain.diagnostic import Diagnostic, Span
from solstice.domain.plan import Scalar
from solstice.domain.suggestion import did_you_mean
from solstice.domain.workflow.declarations import fits_choices, fits_type
from solstice.domain.workflow.kinds import scalar_text
from solstice.domain.workflow.taking import tame
from solstice.domain.workflow.values import Input

_NOWHERE = Span(0, 0)
_TRUTHS = {"true": True, "false": False}
_EMPTY: dict[str, Scalar] = {"string": "", "number": 0, "boolean": False}

Answers = tuple[tuple[str, Scalar], ...]


def fill_inputs(
    declared: Sequence[Input], given: Answers, *, asked: bool
) -> tuple[Answers, tuple[Diagnostic, ...]]:
    """Every declared input with its answer, else its default, else the empty value of its type.

    A text is read as the input's type. Only where a person was ``asked`` can an answer be missing.
    """
    by_name = {item.name: item for item in declared}
    answers, mistakes = dict(given), list(_refuse_unknown(given, by_name))
    filled: list[tuple[str, Scalar]] = []
    for item in declared:
        answer = answers.get(item.name)
        if answer is None and item.default is None and item.required and asked:
            mistakes.append(_mistake("missing-input", f"input `{item.name}` needs an answer", _wanted(item)))
        value = _default(item) if answer is None else _convert(answer, item)
        if answer is not None and not (fits_type(value, item.type) and fits_choices(value, item.choices)):
            message = f"`{scalar_text(answer)}` is no answer to input `{item.name}`"
            hint = did_you_mean(scalar_text(answer), [scalar_text(option) for option in item.choices])
            mistakes.append(_mistake("bad-input", message, _wanted(item), hint))
        filled.append((item.name, value))
    return tuple(filled), tuple(mistakes)


def _refuse_unknown(given: Answers, by_name: dict[str, Input]) -> Iterator[Diagnostic]:
    for name, _ in given:
        if name not in by_name:
            expected = ", ".join(by_name) or "no input at all"
            yield _mistake(
                "unknown-input", f"this workflow has no input `{name}`", expected, did_you_mean(name, by_name)
            )


def _default(item: Input) -> Scalar:
    return _EMPTY[item.type] if item.default is None else item.default


def _convert(answer: Scalar, item: Input) -> Scalar:
    if item.type == "string":
        return scalar_text(answer)
    if not isinstance(answer, str):
        return answer
    if item.type == "boolean":
        return _TRUTHS.get(answer.strip().lower(), answer)
    return _to_number(answer)


def _to_number(text: str) -> Scalar:
    digits = text.strip()
    if not digits.isascii() or len(digits) > 64:
        return text
    try:
        return int(digits)
    except ValueError:
        pass
    try:
        number = float(digits)
    except ValueError:
        return text
    return number if abs(number) < float("inf") else text


def _wanted(item: Input) -> str:
    if item.choices:
        return "one of " + ", ".join(scalar_text(option) for option in item.choices[:20])
    return {"string": "a text", "number": "a number", "boolean": "true or false"}[item.type]


def _mistake(code: str, message: str, expected: str, hint: str = "") -> Diagnostic:
    return Diagnostic(code, tame(message), _NOWHERE, tame(expected), tame(hint))
