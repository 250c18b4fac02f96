"""`solstice images warm`: the first job does not wait for its template."""

import json
import subprocess

import pytest

from tests.journeys.running import NOTHING, SOLSTICE
from tests.warm.nest import Nest, way_of

pytestmark = [pytest.mark.machine, pytest.mark.slow]


def test_a_job_is_restored_from_the_template_made_beforehand(empty: Nest) -> None:
    flags = ["--state-dir", str(empty.place.state), "--cache-dir", str(empty.cache), "--json"]
    done = subprocess.run([SOLSTICE, "images", "warm", *flags], capture_output=True, text=True, check=True)
    made = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(each["name"], each["network"], each["ready"]) for each in made] == [
        ("debian-12", "none", True),
        ("debian-12", "outbound", True),
    ]
    templates = set(empty.whole_templates())
    assert len(templates) == 2
    assert empty.place.leftovers() == NOTHING
    assert way_of(empty.no_op()) == "restored"
    assert set(empty.whole_templates()) == templates
