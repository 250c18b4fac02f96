"""Guests without virtio-serial: the agent speaks over the second serial line, cold and restored."""

from pathlib import Path

import pytest

from solstice.main.shipped import shipped_image_map
from tests.journeys.running import Ended
from tests.warm.nest import Nest, way_of

pytestmark = [pytest.mark.machine, pytest.mark.slow]

BODY = """
    checkout #false
    job id="a" {
        runs_on "line"
        step run="test ! -e /dev/virtio-ports/org.solstice.agent"
        step run="head -c 4000 /dev/urandom | od -An -tx1 -v | tee kept"
        artifact name="kept" { path "kept" }
    }
"""


@pytest.fixture
def lined(empty: Nest) -> Nest:
    """A place whose image has nothing but serial lines."""
    images = empty.place.folder / "images.toml"
    recipe = shipped_image_map().parent / "debian-12"
    images.write_text(f'[images.line]\nbuild = "{recipe}"\nchannel = "serial"\n')
    empty.place.options += ("--images", str(images))
    empty.place.workflow(BODY)
    empty.place.commit()
    return empty


def kept(ended: Ended) -> bytes:
    return Path(ended.of("pipeline-ended")[0]["artifacts"], "a", "kept", "kept").read_bytes()


def test_a_job_runs_over_a_serial_line_and_no_byte_is_lost(lined: Nest) -> None:
    restored = lined.run()
    assert way_of(restored) == "restored"
    assert kept(restored) in restored.log_of("a")
    assert len(kept(restored).split()) == 4_000
    refused = lined.template
    refused.rename(refused.with_name(f"{refused.name}.bad"))
    (lined.templates / f"{refused.name}.bad" / "reason").write_text("so that it boots cold")
    cold = lined.run()
    assert way_of(cold) == "cold"
    assert kept(cold) in cold.log_of("a")
