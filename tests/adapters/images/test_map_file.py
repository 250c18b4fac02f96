"""Map files: the shipped map, a person's own above it, and the facts of recipes beneath."""

from pathlib import Path

import pytest

from solstice.adapters.images.map_file import load_image_map
from solstice.adapters.images.recipe import digest_recipe
from solstice.domain.errors import OperatorMistake
from solstice.domain.image import Boot, Local, Recipe, SeedBus
from solstice.domain.image_map import BadImageMap

SHIPPED = Path(__file__).parents[3] / "images" / "images.toml"


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_the_shipped_map_is_right_and_takes_the_recipes_facts() -> None:
    image_map = load_image_map(SHIPPED, None)
    image = image_map.resolve("debian-latest")
    assert image.source == Recipe(str(SHIPPED.parent / "debian-12"))
    assert (image.boot, image.seed_bus, image.user) == (Boot.KERNEL, SeedBus.VIRTIO, "ci")
    assert image_map.default_label == "debian-12"
    assert set(image_map.sizes) == {"small", "medium", "large"}


def test_a_persons_own_map_lies_above_the_shipped_one(tmp_path: Path) -> None:
    own = write(
        tmp_path / "images.toml",
        """
        default_label = "mine"
        [aliases]
        debian-latest = "mine"
        [images.mine]
        source = "disks/mine.qcow2"
        """,
    )
    image_map = load_image_map(SHIPPED, own)
    assert image_map.resolve("debian-latest").source == Local(str(tmp_path / "disks/mine.qcow2"))
    assert image_map.resolve("").name == "mine"
    assert image_map.resolve("debian-12").name == "debian-12"


def test_what_the_map_says_beats_the_recipe_and_own_recipes_beat_shipped_ones(tmp_path: Path) -> None:
    own = write(tmp_path / "images.toml", '[images.debian-12]\nbuild = "images/debian-12"\nuser = "me"\n')
    recipe = write(tmp_path / "images/debian-12/recipe.toml", '[image]\nuser = "you"\nos = "plan9"\n')
    image = load_image_map(SHIPPED, own).resolve("debian-12")
    assert image.source == Recipe(str(recipe.parent))
    assert (image.user, image.os) == ("me", "plan9")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param("[images", "cannot read the image map", id="not toml"),
        pytest.param('[images.x]\nbuild = "nowhere"', "there is no recipe folder", id="no recipe"),
    ],
)
def test_a_map_that_cannot_be_read_says_why(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(OperatorMistake, match=complaint):
        load_image_map(SHIPPED, write(tmp_path / "images.toml", text))


def test_a_map_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(OperatorMistake, match="there is no image map"):
        load_image_map(SHIPPED, tmp_path / "images.toml")


def test_mistakes_name_the_persons_own_map(tmp_path: Path) -> None:
    own = write(tmp_path / "images.toml", "[images.x]\nformat = 3\n")
    with pytest.raises(BadImageMap, match=r"images\.x\.format: a text is expected") as caught:
        load_image_map(SHIPPED, own)
    assert str(own) in str(caught.value)


def test_a_recipe_with_keys_that_mean_nothing_is_refused(tmp_path: Path) -> None:
    own = write(tmp_path / "images.toml", '[images.x]\nbuild = "r"\n')
    write(tmp_path / "r/recipe.toml", "[build]\nneed = []\n[other]\n")
    with pytest.raises(OperatorMistake, match=r"keys that mean nothing: other, build\.need"):
        load_image_map(SHIPPED, own)


def test_a_recipe_is_another_one_when_a_folder_it_uses_changes(tmp_path: Path) -> None:
    write(tmp_path / "top/recipe.toml", '[build]\nuses = ["../below"]\n')
    shared = write(tmp_path / "below/build", "one")
    before = digest_recipe(tmp_path / "top")
    assert digest_recipe(tmp_path / "top") == before
    shared.write_text("two")
    assert digest_recipe(tmp_path / "top") != before
