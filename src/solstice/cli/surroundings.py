"""What commands that only read ask of this computer: what its image map offers, where a repository stands."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import click

if TYPE_CHECKING:
    from solstice.domain.occasion import Whereabouts
    from solstice.domain.workflow.limits import Limits


@dataclass(frozen=True, slots=True)
class Offer:
    """The labels and sizes a job may name, ``None`` where nobody knows; ``complaint`` says why not."""

    labels: tuple[str, ...] | None = None
    sizes: tuple[str, ...] | None = None
    default_label: str = ""
    complaint: str = ""

    def limits(self) -> "Limits":
        """The language's limits, with what is offered here."""
        from solstice.domain.workflow.limits import Limits

        return Limits(labels=self.labels, sizes=self.sizes)


class Surroundings(Protocol):
    """This computer, as click's context object."""

    def offer(self, images: str | None) -> Offer:
        """What the image map offers, a person's own at ``images`` laid over the shipped one.

        A map that was not asked for and cannot be read is an offer with a complaint; one that was is an
        `OperatorMistake`.
        """

    def locate(self, path: Path) -> "Whereabouts | None":
        """Where the repository around ``path`` stands; ``None`` if there is none."""


def ask_offer(context: click.Context, images: str | None) -> Offer:
    """What is offered here; that it is not known is said on standard error."""
    around: Surroundings | None = context.find_root().obj
    offer = around.offer(images) if around else Offer()
    if offer.complaint:
        from solstice.cli.terminal import show

        words = "\n".join(map(show, offer.complaint.splitlines()))
        click.echo(f"warning: labels and sizes are not checked: {words}", err=True)
    return offer


def ask_whereabouts(context: click.Context, path: Path) -> "Whereabouts":
    """Where the repository around ``path`` stands."""
    from solstice.domain.occasion import Whereabouts

    around: Surroundings | None = context.find_root().obj
    return (around.locate(path) if around else None) or Whereabouts()
