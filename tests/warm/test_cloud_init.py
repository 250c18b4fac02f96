"""A whole Debian with systemd and cloud-init, restored in the time of a small image."""

import pytest

from solstice.adapters.images.map_file import load_image_map
from solstice.adapters.images.store import ImageStore
from solstice.main import settings
from solstice.main.shipped import shipped_image_map
from tests.warm.nest import Nest, way_of

pytestmark = [pytest.mark.machine, pytest.mark.slow]

IMAGE = "debian-12-cloud"
BODY = f"""
    checkout #false
    job id="a" {{
        runs_on "{IMAGE}"
        step run="cat /proc/1/comm /proc/sys/kernel/hostname /etc/machine-id; id -un; sudo id -un"
    }}
"""


@pytest.fixture
def clouded(empty: Nest) -> Nest:
    """A place for that image; skips where it was never built, which takes minutes."""
    cache = settings.read_settings({}, settings.read_environment()).cache_dir
    image = load_image_map(shipped_image_map(), None).resolve(IMAGE)
    if not ImageStore(cache / "images").find(image):
        pytest.skip(f"{IMAGE} is not built here: solstice images build {IMAGE}")
    empty.place.workflow(BODY)
    empty.place.commit()
    return empty


def test_a_machine_with_systemd_and_cloud_init_is_restored(clouded: Nest) -> None:
    made = clouded.run()
    assert way_of(made) == "restored"
    first, second = (ended.log_of("a").decode().splitlines() for ended in (made, clouded.run()))
    for said in (first, second):
        assert said[0] == "systemd"
        assert said[3:] == ["ci", "root"]
    assert first[1] != second[1]
    assert first[2] != second[2]
