"""This computer as commands that only read see it, made up."""

from dataclasses import dataclass, field
from pathlib import Path

from solstice.cli.surroundings import Offer
from solstice.domain.errors import OperatorMistake
from solstice.domain.occasion import Whereabouts

OFFER = Offer(("debian-12", "freebsd-14"), ("medium", "small"), "freebsd-14")


@dataclass
class MadeUp:
    """Offers what it was made with; only the map `broken` cannot be read."""

    offered: Offer = OFFER
    place: Whereabouts | None = None
    asked: list[str | None] = field(default_factory=list)

    def offer(self, images: str | None) -> Offer:
        """What was made up."""
        self.asked.append(images)
        if images == "broken":
            raise OperatorMistake("there is no image map broken", "Give another --images.")
        return self.offered

    def locate(self, path: Path) -> Whereabouts | None:
        """Where it was made to stand."""
        return self.place
