"""How a local run is watched: the watcher a person asked for, and what the closing lines need to know."""

import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from solstice.cli.run import Given, Summary, Watcher, make_watcher
from solstice.cli.run.watcher import Kind
from solstice.domain.event import Notice
from solstice.domain.plan import Plan
from solstice.main.terminal import Terminal

_PLACES = ("secret-file", "images", "config", "cache-dir", "state-dir", "boot-limit")


def open_watcher(options: Mapping[str, Any], plan: Plan, terminal: Terminal) -> Watcher:
    """The watcher for standard output."""
    kind: Kind = "live" if terminal.is_terminal else "plain"
    if options["as_json"]:
        kind = "json"
    elif options["quiet"]:
        kind = "quiet"
    width = terminal.width if terminal.is_terminal else 0
    return make_watcher(
        kind, sys.stdout, plan=plan, width=width, height=terminal.height, colour=terminal.colour
    )


def tell_nothing_ran(watcher: Watcher, why: str, given: Given) -> None:
    """The events of a run in which there was nothing to do."""
    watcher.tick(datetime.now(UTC))
    watcher.tell(Notice(why))
    watcher.close(Summary(success=True, duration=timedelta(), given=given))


def collect_given(options: Mapping[str, Any]) -> Given:
    """What was typed, as far as it changes what a job does."""
    given = [(name, str(options[name])) for name in ("event", "branch", "commit") if options[name]]
    if options["hypervisor"] != "qemu":
        given.append(("hypervisor", options["hypervisor"]))
    for name, key in (("input", "inputs"), ("image", "image"), ("secret", "secrets")):
        given += [(name, value) for value in options[key]]
    for name in _PLACES:
        if value := options.get(name.replace("-", "_")):
            given.append((name, str(value)))
    return Given(options["path"] if options["path"] != "." else "", tuple(given))
