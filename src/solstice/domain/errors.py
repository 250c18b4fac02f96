"""Every error we raise on purpose, in three families by who has to act.

    SolsticeError
    ├── Transient         nobody has to: trying again later may work
    ├── AuthorMistake     the author of a workflow; carries diagnostics that point into the file
    └── OperatorMistake   whoever runs this system; carries the remedy
        └── MachineFault  this computer cannot do it (QEMU missing, disk full, image broken)

A failed step is a result, not an error. Adapters translate their libraries' errors into these,
saying what was being done, ``from`` the cause.
"""

from collections.abc import Sequence

from solstice.domain.diagnostic import Diagnostic


class SolsticeError(Exception):
    """The root; never raised itself."""


class Transient(SolsticeError):
    """Broken just now, through nobody's fault: retry with patience."""


class AuthorMistake(SolsticeError):
    """What the author wrote cannot be run; shown at the place of the mistake."""

    def __init__(self, message: str, diagnostics: Sequence[Diagnostic] = ()) -> None:
        super().__init__(message)
        self.diagnostics = tuple(diagnostics)


class OperatorMistake(SolsticeError):
    """A setting, a file or a permission is wrong; ``remedy`` is one sentence that tells what to do."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


class MachineFault(OperatorMistake):
    """This computer cannot do what was asked (QEMU absent, no disk left, image does not match)."""
