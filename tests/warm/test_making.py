"""Making templates: at once by two, and killed at any point."""

import shutil
from collections.abc import Callable
from functools import partial

import pytest

from tests.journeys.running import NOTHING, wait_for
from tests.warm.nest import NO_OP, Nest, is_whole, make_nest, way_of

pytestmark = [pytest.mark.machine, pytest.mark.slow]


def test_two_processes_that_make_the_same_template_make_one(empty: Nest) -> None:
    empty.place.workflow(NO_OP)
    empty.place.commit()
    with make_nest() as other:
        # Its own repository and state directory, but the same cache.
        other.place.options = empty.place.options
        other.place.workflow(NO_OP)
        other.place.commit()
        makers: set[str] = set()

        def see_makers() -> bool:
            makers.update(makers_of(empty, other))
            return bool(empty.whole_templates())

        with empty.place.start() as one, other.place.start() as two:
            wait_for(see_makers)
            ended = [one.finish(), two.finish()]
    assert [way_of(each) for each in ended] == ["restored", "restored"]
    assert len(makers) == 1
    assert len(empty.whole_templates()) == 1
    assert empty.other_entries() == []


def makers_of(*nests: Nest) -> set[str]:
    """The places in which a template's machine is there now."""
    machines = [machine for nest in nests for machine in nest.place.machines()]
    return {str(machine) for machine in machines if machine.name.startswith("template-")}


def file_of_maker(nest: Nest, name: str) -> bool:
    return any((machine / name).exists() for machine in nest.place.machines())


POINTS: dict[str, Callable[[Nest], bool]] = {
    "it boots": lambda nest: file_of_maker(nest, "ram"),
    "it is being saved": lambda nest: file_of_maker(nest, "state"),
    "it is being published": lambda nest: any(nest.templates.glob("*.part")),
}


async def test_a_maker_that_is_killed_leaves_a_whole_template_or_none(empty: Nest) -> None:
    empty.place.workflow(NO_OP)
    empty.place.commit()
    for when, reached in POINTS.items():
        with empty.place.start() as running:
            wait_for(partial(reached, empty))
            running.kill()
            running.process.wait()
            running.finish()
        wait_for(lambda: empty.place.leftovers()["processes"] == [])
        for folder in empty.whole_templates():
            assert await is_whole(folder), when
            shutil.rmtree(folder)
    assert way_of(empty.run()) == "restored"
    assert await is_whole(empty.template)
    assert empty.other_entries() == []
    assert empty.place.leftovers() == NOTHING
