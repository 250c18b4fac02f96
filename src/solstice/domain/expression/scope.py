"""What an expression may look at while it is evaluated."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from solstice.domain.scalar import Scalar

if TYPE_CHECKING:
    from solstice.domain.plan import Occasion

CONTEXTS: Final = (
    "event", "ref", "branch", "tag", "sha", "repo", "actor", "workflow", "matrix", "inputs", "env", "needs",
)  # fmt: skip
"""Every name an expression may begin with."""
TEXT_CONTEXTS: Final = frozenset(CONTEXTS[:8])
"""Those that are a text and have nothing inside."""


@dataclass(frozen=True, slots=True)
class Status:
    """What ``success()``, ``failure()`` and ``cancelled()`` answer; ``always()`` needs no status."""

    success: bool = False
    failure: bool = False
    cancelled: bool = False


SUCCESS: Final = Status(success=True)
FAILURE: Final = Status(failure=True)
CANCELLED: Final = Status(cancelled=True)


@dataclass(frozen=True, slots=True)
class Scope:
    """The values of the contexts by name; ``status`` is None where no job's state can be asked for."""

    contexts: Mapping[str, object]
    status: Status | None = field(default=None)


def describe_occasion(
    occasion: "Occasion",
    workflow: str,
    *,
    matrix: Iterable[tuple[str, Scalar]] = (),
    env: Mapping[str, str] | None = None,
    needs: Mapping[str, object] | None = None,
) -> dict[str, object]:
    """The contexts of an expression: what happened, and what is known of the job beside it."""
    return {
        "event": occasion.event,
        "ref": occasion.ref,
        "branch": occasion.branch,
        "tag": occasion.tag,
        "sha": occasion.sha,
        "repo": occasion.repo,
        "actor": occasion.actor,
        "workflow": workflow,
        "matrix": dict(matrix),
        "inputs": dict(occasion.inputs),
        "env": env if env is not None else {},
        "needs": needs if needs is not None else {},
    }
