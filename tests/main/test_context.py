"""What commands that only read are told of this computer."""

import subprocess
from pathlib import Path

import pytest

from solstice.domain.errors import OperatorMistake
from solstice.main.context import Context
from solstice.main.settings import Environment


def context(**variables: str) -> Context:
    return Context(Environment({"HOME": "/nowhere", **variables}))


def test_the_shipped_map_offers_labels_sizes_and_a_default() -> None:
    offer = context().offer(None)
    assert offer.labels
    assert offer.default_label in offer.labels
    assert offer.sizes == ("large", "medium", "small")
    assert offer.complaint == ""


def test_an_own_map_adds_its_labels(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text('[aliases]\nmine = "debian-12"\n')
    assert "mine" in (context().offer(str(tmp_path / "own.toml")).labels or ())


@pytest.mark.parametrize("variable", ["SOLSTICE_IMAGES", "SOLSTICE_CONFIG"])
def test_a_map_that_cannot_be_read_is_a_complaint_unless_it_was_asked_for(variable: str) -> None:
    offer = context(**{variable: "/nowhere/x.toml"}).offer(None)
    assert "/nowhere/x.toml" in offer.complaint
    assert (offer.labels, offer.sizes) == (None, None)
    with pytest.raises(OperatorMistake, match="/nowhere"):
        context().offer("/nowhere/x.toml")


def test_a_repository_is_located_by_any_path_in_it(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", "--initial-branch=trunk", tmp_path / "ship"], check=True)
    (tmp_path / "ship/file").touch()
    for path in (tmp_path / "ship", tmp_path / "ship/file"):
        place = context().locate(path)
        assert place
        assert (place.repo, place.branch) == ("ship", "trunk")


@pytest.mark.parametrize("path", ["/proc", "/nowhere", "/" + "x" * 300])
def test_where_there_is_no_repository_none_is_located(path: str) -> None:
    assert context().locate(Path(path)) is None
