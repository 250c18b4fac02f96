"""A place for runs with templates of its own, so that they can be spoilt; the images are this computer's."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from solstice.adapters.machines.template import FACTS, FILES, TemplateShelf
from solstice.main import settings
from tests.journeys.running import Ended, Place, make_place

NO_OP = 'checkout #false\n job id="a" { step run="echo hello" }'


@dataclass
class Nest:
    """A place, and the cache its machines come from."""

    place: Place
    cache: Path

    @property
    def templates(self) -> Path:
        """Where its templates are."""
        return self.cache / "templates"

    @property
    def template(self) -> Path:
        """The template that was used last."""
        return max(self.whole_templates(), key=lambda folder: folder.stat().st_mtime_ns)

    def whole_templates(self) -> list[Path]:
        """Folders that have the names of templates."""
        return [path for path in self.templates.glob("*") if path.is_dir() and not path.suffix]

    def other_entries(self) -> list[str]:
        """What is there beside templates and their locks."""
        return [path.name for path in self.templates.glob("*") if path.suffix not in ("", ".lock")]

    def run(self, *arguments: str) -> Ended:
        """Run the workflow to its end."""
        return self.place.run(*arguments)

    def no_op(self) -> Ended:
        """One job that does nothing."""
        self.place.workflow(NO_OP)
        self.place.commit()
        return self.run()

    def files(self) -> list[Path]:
        """All a template is made of."""
        return [self.template / name for name in (*FILES, FACTS)]


def way_of(ended: Ended, job: str = "a") -> str:
    """How a job's machine came."""
    row: dict[str, Any] = ended.end_of(job)
    assert row["state"] == "succeeded", (row, ended.stderr)
    return str(row["way"])


@contextmanager
def make_nest(model: "Nest | None" = None, *options: str) -> Iterator[Nest]:
    """A nest; with the templates of ``model``, if there is one."""
    cache = Path(tempfile.mkdtemp(prefix="solc"))
    cache.chmod(0o755)
    try:
        ours = settings.read_settings({}, settings.read_environment()).cache_dir
        (cache / "images").symlink_to(ours / "images")
        if (ours / "kvm-probe").exists():
            shutil.copy(ours / "kvm-probe", cache)
        if model:
            _copy(model.templates, cache / "templates")
        with make_place("--cache-dir", str(cache), *options) as place:
            yield Nest(place, cache)
    finally:
        shutil.rmtree(cache, ignore_errors=True)


def _copy(source: Path, target: Path) -> None:
    # With its holes, its owners and its permissions, which shutil knows nothing of.
    subprocess.run(["cp", "--archive", "--sparse=always", source, target], check=True)


async def is_whole(folder: Path) -> bool:
    """Whether the template is what its record says."""
    template = await TemplateShelf(folder.parent, None).load(folder.name)
    if template is None:
        return False
    for descriptor in (template.ram, template.state, template.lease):
        os.close(descriptor)
    return True


def read_record(folder: Path) -> dict[str, Any]:
    """A template's record."""
    record: dict[str, Any] = json.loads((folder / FACTS).read_text())
    return record
