"""The figure of the checkout: this repository from a bundle, by the agent and by hand."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from benchmarks.computer import ROOT
from benchmarks.figure import Figure, Pair
from benchmarks.lab import Lab
from benchmarks.rig import make_job
from solstice.adapters.git.packing import Bundle
from solstice.adapters.git.repository import open_repository
from solstice.adapters.git.source import GitSource
from solstice.domain.plan import Checkout
from solstice.main.running import make_pipeline

BY_HAND = """git init --quiet .
test -z "{shallow}" || echo {commit} > .git/shallow
git fetch --quiet --no-tags /tmp/source.bundle {ref}
git checkout --quiet --force --detach {commit}
test -e pyproject.toml
"""


@asynccontextmanager
async def open_checkout(lab: Lab) -> AsyncIterator[Pair]:
    """The agent's checkout phase against the same git commands as a step, each in a fresh machine."""
    rig = await lab.rig()
    repository = open_repository(ROOT)
    source = GitSource(repository, repository.head, lab.make_folder("source"), dirty=False)
    anything = make_pipeline(rig.plan(), "", datetime.now(UTC))
    bundle = rig.sources.given = await source.bundle(anything, Checkout())

    async def by_agent() -> float:
        job = make_job("test -e pyproject.toml", checkout=True)
        return (await rig.run(job, way="restored")).phases["checkout"]

    async def by_hand() -> float:
        outcome = await rig.run(make_job(_bring(bundle), _type(bundle)), way="restored")
        return outcome.attempt.steps[1].duration.total_seconds()

    yield Pair(by_agent, by_hand)


def _bring(bundle: Bundle) -> str:
    # As text of a step, for want of another way in; it is not timed.
    text = base64.encodebytes(bundle.path.read_bytes()).decode()
    return f"base64 -d > /tmp/source.bundle <<'END'\n{text}END\n"


def _type(bundle: Bundle) -> str:
    shallow = "yes" if bundle.shallow else ""
    return BY_HAND.format(commit=bundle.commit, ref=bundle.ref, shallow=shallow)


FIGURES = (
    Figure(
        name="checkout",
        unit="s",
        subject="the agent's checkout of this repository from a bundle, its transfer included",
        floor="the same git commands as a step, the bundle being there",
        goal=1.3,
        rounds=7,
        quick_rounds=2,
        open=open_checkout,
    ),
)
