"""The expression language of workflows: reading it, checking its names, evaluating it."""

from solstice.domain.expression.coercion import is_true
from solstice.domain.expression.evaluation import EvaluationMistake, evaluate, render
from solstice.domain.expression.names import (
    KnownNames,
    Reference,
    asks_status,
    calls,
    check_names,
    references,
)
from solstice.domain.expression.parser import parse_expression, parse_template
from solstice.domain.expression.scope import (
    CANCELLED,
    FAILURE,
    SUCCESS,
    Scope,
    Status,
    describe_occasion,
)
from solstice.domain.expression.syntax import Call, Expression, ParsedExpression, ParsedTemplate

__all__ = [
    "CANCELLED",
    "FAILURE",
    "SUCCESS",
    "Call",
    "EvaluationMistake",
    "Expression",
    "KnownNames",
    "ParsedExpression",
    "ParsedTemplate",
    "Reference",
    "Scope",
    "Status",
    "asks_status",
    "calls",
    "check_names",
    "describe_occasion",
    "evaluate",
    "is_true",
    "parse_expression",
    "parse_template",
    "references",
    "render",
]
