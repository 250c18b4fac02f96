"""`solstice images`, from its flags to what it prints and leaves behind."""

import hashlib
import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from solstice.cli.images import describe_progress, format_bytes, watch_progress
from solstice.domain.event import ImageProgress
from solstice.main.commands import solstice
from solstice.main.context import Context
from solstice.main.images import guess_from_name
from solstice.main.settings import Environment

DISK = b"disk" * 5000
SHA256 = hashlib.sha256(DISK).hexdigest()
Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs `solstice images` at home in a folder of the test's own."""
    environment = Environment({"HOME": str(tmp_path), "SOLSTICE_CACHE_DIR": str(tmp_path / "cache")})

    def invoke(*words: str) -> Result:
        return CliRunner().invoke(solstice, ["images", *words], obj=Context(environment))

    return invoke


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    path = tmp_path / "mine.raw"
    path.write_bytes(DISK)
    return path


def test_an_added_image_is_listed_pulled_verified_and_removed(run: Run, disk: Path, tmp_path: Path) -> None:
    added = run("add", "--url", str(disk), "--sha256", SHA256, "--os", "plan9")
    assert (added.exit_code, "added mine to" in added.stdout) == (0, True), added.output
    assert (tmp_path / ".config/solstice/images.toml").is_file()
    pulled = run("pull", "mine", "--json")
    assert pulled.exit_code == 0, pulled.output
    assert Path(json.loads(pulled.stdout)["disk"]).read_bytes() == DISK
    listed = json.loads(run("ls", "--json").stdout)
    (entry,) = [image for image in listed["images"] if image["name"] == "mine"]
    assert (entry["here"], entry["os"], entry["kind"]) == (True, "plan9", "local")
    assert run("verify").exit_code == 0
    assert "made for mine" in run("rm", "mine").stdout
    again = run("rm", "mine")
    assert (again.exit_code, again.stdout) == (2, "")
    assert "nothing of 'mine' is here" in again.stderr


def test_the_list_for_people_names_the_default_and_the_aliases(run: Run) -> None:
    result = run("ls")
    assert result.exit_code == 0
    assert "debian-12 *" in result.stdout
    assert "debian-latest -> debian-12" in result.stdout


def test_damage_is_found_and_told_by_the_exit_code(run: Run, disk: Path, tmp_path: Path) -> None:
    run("add", "--url", str(disk), "--sha256", SHA256)
    run("pull", "mine")
    (stored,) = (tmp_path / "cache/images/content").glob("*/disk.raw")
    stored.chmod(0o644)
    stored.write_bytes(b"damage")
    result = run("verify", "mine")
    assert result.exit_code == 1
    assert "disk.raw has changed" in result.stdout
    assert f"solstice images rm {stored.parent.name[:12]}; solstice images pull mine" in result.stdout
    entries = json.loads(run("ls", "--json").stdout)["images"]
    assert not any(entry["here"] for entry in entries), "what is known to be damaged is not here"
    assert run("pull", "mine").exit_code == 0
    assert stored.read_bytes() == DISK
    assert run("verify", "mine").exit_code == 0


def test_an_alias_is_removed_as_the_image_it_leads_to(run: Run, disk: Path, tmp_path: Path) -> None:
    run("add", "--url", str(disk), "--sha256", SHA256)
    own = tmp_path / ".config/solstice/images.toml"
    own.write_text(own.read_text() + '\n[aliases]\nours = "mine"\n')
    assert run("pull", "ours").exit_code == 0
    assert "made for mine" in run("rm", "ours").stdout
    assert run("verify").stdout == "no images are here\n"


def test_what_the_map_no_longer_leads_to_is_shown_and_can_be_removed(run: Run, disk: Path) -> None:
    run("add", "--url", str(disk))
    run("pull", "mine")
    disk.write_bytes(b"another disk")
    assert "no longer used" in run("ls").stdout
    assert "removed" in run("rm", "--unused").stdout
    assert "no longer used" not in run("ls").stdout


def test_an_unverified_url_is_refused_and_the_map_stays_as_it_was(run: Run, tmp_path: Path) -> None:
    own = tmp_path / ".config/solstice/images.toml"
    own.parent.mkdir(parents=True)
    own.write_text("# kept\n")
    result = run("add", "--url", "https://example.org/disk.qcow2")
    assert result.exit_code == 2
    assert "images.disk.source: a URL needs exactly one of" in result.stderr
    assert str(own) in result.stderr
    assert own.read_text() == "# kept\n"
    assert list(own.parent.iterdir()) == [own]


def test_an_entry_is_replaced_only_when_asked(run: Run, disk: Path, tmp_path: Path) -> None:
    own = tmp_path / ".config/solstice/images.toml"
    own.parent.mkdir(parents=True)
    own.write_text('# kept\n[aliases]\nm = "mine"\n[images.mine]\nsource = "/old"\n')
    assert "has an image mine already" in run("add", "--url", str(disk)).stderr
    assert run("add", "--url", str(disk), "--replace").exit_code == 0
    assert own.read_text().startswith('# kept\n[aliases]\nm = "mine"')
    assert str(disk) in own.read_text()


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        pytest.param(["pull", "debain-12"], "did you mean `debian-12`?", id="label"),
        pytest.param(["verify", "nothing"], "nothing of 'nothing' is here", id="content"),
        pytest.param(["rm"], "name an image", id="no name"),
        pytest.param(["ls", "--images", "/nowhere.toml"], "there is no image map /nowhere.toml", id="map"),
    ],
)
def test_mistakes_are_said_with_a_remedy(run: Run, words: list[str], complaint: str) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert complaint in result.stderr


def test_only_recipes_are_built(run: Run, disk: Path) -> None:
    run("add", "--url", str(disk))
    assert "is fetched, not built" in run("build", "mine").stderr


@pytest.mark.parametrize(
    ("url", "guess"),
    [
        ("https://example.org/a/alpine-3.20.qcow2", ("alpine-3.20", "qcow2", "none")),
        ("https://example.org/FreeBSD.raw.xz?x=1", ("FreeBSD", "raw", "xz")),
        ("https://example.org/disk.img.zst", ("disk", "qcow2", "zstd")),
        ("/srv/disk.raw.gz", ("disk", "raw", "gz")),
    ],
)
def test_name_format_and_packing_are_guessed_from_the_file_name(
    url: str, guess: tuple[str, str, str]
) -> None:
    assert guess_from_name(url) == guess


def test_progress_to_a_file_is_one_line_a_phrase() -> None:
    stream = StringIO()
    with watch_progress(stream, is_terminal=False) as tell:
        for done in range(3):
            tell(ImageProgress("x", "downloading", done << 20, 3 << 20))
        tell(ImageProgress("x", "unpacking\x1b[2J"))
    assert stream.getvalue() == "x: downloading 0 B of 3.0 MiB\nx: unpacking\\u{1b}[2J\n"


def test_progress_to_a_terminal_is_a_bar_without_markup() -> None:
    stream = StringIO()
    with watch_progress(stream, is_terminal=True) as tell:
        tell(ImageProgress("x", "[bold]downloading", 1 << 20, 2 << 20))
    assert "\x1b]" not in stream.getvalue()


def test_sizes_are_written_for_reading() -> None:
    assert [format_bytes(size) for size in (0, 1000, 2048, 5 << 20, 300 << 20, 3 << 30)] == [
        "0 B",
        "1000 B",
        "2 KiB",
        "5.0 MiB",
        "300 MiB",
        "3.0 GiB",
    ]
    assert describe_progress(ImageProgress("x", "unpacking", 2048)) == "x: unpacking 2 KiB"
