"""Image maps: labels lead to images, and every mistake in a map is named."""

import pytest

from solstice.domain.image import (
    Boot,
    Decompress,
    Digest,
    DigestKind,
    DiskFormat,
    Image,
    ImageMap,
    Local,
    Recipe,
    Remote,
    SeedBus,
    Size,
    UnknownImage,
)
from solstice.domain.image_map import BadImageMap, parse_image_map

SHA256 = "ab" * 32
URL = "https://example.org/disk.qcow2"


def mistakes_of(data: dict[str, object]) -> str:
    with pytest.raises(BadImageMap) as caught:
        parse_image_map(data)
    return "\n".join(caught.value.mistakes)


def test_a_whole_entry_is_read() -> None:
    entry = {
        "source": URL + ".xz",
        "sha256": SHA256.upper(),
        "decompress": "xz",
        "format": "raw",
        "os": "freebsd-14",
        "arch": "aarch64",
        "seed_bus": "virtio",
        "cpus": 2,
        "memory": "1.5GiB",
        "disk": "10GB",
        "hypervisors": ["qemu", "libvirt"],
        "warm": 2,
        "user": "ci",
        "tried": True,
        "note": "boots",
    }
    image = parse_image_map({"images": {"bsd": entry}}).images["bsd"]
    assert image == Image(
        name="bsd",
        source=Remote(URL + ".xz", Digest(DigestKind.SHA256, SHA256)),
        os="freebsd-14",
        arch="aarch64",
        decompress=Decompress.XZ,
        format=DiskFormat.RAW,
        seed_bus=SeedBus.VIRTIO,
        user="ci",
        size=Size(2, 3 << 29, 10**10),
        hypervisors=("qemu", "libvirt"),
        warm=2,
        tried=True,
        note="boots",
    )


def test_sources_are_urls_paths_or_recipes() -> None:
    image_map = parse_image_map(
        {
            "images": {
                "url": {"source": URL, "digest_url": "https://example.org/SHA256SUMS"},
                "blind": {"source": URL, "unverified": True},
                "path": {"source": "/srv/disk.qcow2"},
                "built": {"build": "images/debian-12", "boot": "kernel"},
            }
        }
    )
    sources = {name: image.source for name, image in image_map.images.items()}
    assert sources == {
        "url": Remote(URL, None, "https://example.org/SHA256SUMS"),
        "blind": Remote(URL, unverified=True),
        "path": Local("/srv/disk.qcow2"),
        "built": Recipe("images/debian-12"),
    }
    assert image_map.images["built"].boot is Boot.KERNEL


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        pytest.param({}, "images.x.source: either", id="no source"),
        pytest.param({"source": URL}, "images.x.source: a URL needs exactly one", id="no digest"),
        pytest.param(
            {"source": URL, "sha256": SHA256, "unverified": True}, "needs exactly one", id="two ways to trust"
        ),
        pytest.param({"source": URL, "sha256": "12"}, "images.x.sha256: 64 hex", id="short digest"),
        pytest.param({"source": "ftp://a/b", "sha256": SHA256}, "only https://", id="ftp"),
        pytest.param({"source": "/d", "build": "b"}, "either `source`", id="two sources"),
        pytest.param({"build": "b", "sha256": SHA256}, "has no digest beforehand", id="built with digest"),
        pytest.param({"source": "/d", "unverified": True}, "a path needs neither", id="path unverified"),
        pytest.param(
            {"source": "/d", "fromat": "raw"}, "images.x.fromat: there is no such key; did you", id="key"
        ),
        pytest.param({"source": "/d", "format": "vmdk"}, "'vmdk' is not one of qcow2, raw", id="format"),
        pytest.param({"source": "/d", "memory": "big"}, "images.x.memory: ", id="memory"),
        pytest.param({"source": "/d", "cpus": 0}, "images.x.cpus: a whole number", id="no cpu"),
        pytest.param({"source": "/d", "cpus": True}, "images.x.cpus: ", id="cpu is a flag"),
        pytest.param(
            {"source": "/d", "warm": "2"}, "images.x.warm: a whole number is expected", id="warm text"
        ),
        pytest.param(
            {"source": "/d", "hypervisors": [1]}, "images.x.hypervisors: a list of", id="hypervisors"
        ),
        pytest.param({"source": "/d", "boot": "kernel"}, "images.x.boot: only a built image", id="kernel"),
        pytest.param({"source": "/d\n"}, "images.x.source: control characters", id="control"),
        pytest.param("disk", "images.x: a table is expected, not a text", id="no table"),
    ],
)
def test_a_mistake_in_an_entry_is_named_by_its_key(entry: object, complaint: str) -> None:
    assert complaint in mistakes_of({"images": {"x": entry}})


def test_every_mistake_is_reported_at_once() -> None:
    text = mistakes_of(
        {
            "default_label": "gone",
            "alias": {},
            "aliases": {"a": "b", "b": "a", "x": "x"},
            "sizes": {"small": {"memory": 5}},
            "images": {"x": {"source": "/d"}, "y": {}},
        }
    )
    assert "alias: there is no such key; did you mean `aliases`?" in text
    assert "aliases.x: an image has this name already" in text
    assert "aliases.a: the alias 'a' leads in a circle: a → b → a" in text
    assert "sizes.small.memory: a text is expected, not a number" in text
    assert "default_label: there is no image 'gone'" in text
    assert "images.y.source" in text


def image_map() -> ImageMap:
    return parse_image_map(
        {
            "default_label": "debian-12",
            "aliases": {"debian": "stable", "stable": "debian-12"},
            "images": {"debian-12": {"source": "/d"}, "alpine": {"source": "/a"}},
        }
    )


@pytest.mark.parametrize("label", ["debian-12", "stable", "debian", ""])
def test_a_label_leads_through_aliases_to_its_image(label: str) -> None:
    assert image_map().resolve(label).name == "debian-12"


def test_an_unknown_label_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UnknownImage, match="no image 'debain-12'; known labels: alpine") as caught:
        image_map().resolve("debain-12")
    assert "did you mean `debian-12`?" in str(caught.value)
    assert caught.value.known == ("alpine", "debian", "debian-12", "stable")


def test_no_label_and_no_default_is_said_plainly() -> None:
    with pytest.raises(UnknownImage, match="no default_label"):
        ImageMap({}).resolve("")
