"""What jobs say of each other: ids that are unique, needs that exist and make no circle."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from solstice.domain.diagnostic import Span
from solstice.domain.workflow.taking import Reader
from solstice.domain.workflow.written import Reading, Written

_LONGEST_CIRCLE = 12
_MOST_CIRCLES = 20
"""One circle usually makes others; whoever mends these finds the rest."""


def check_graph(reader: Reader, jobs: Sequence[Reading]) -> dict[str, Reading]:
    """Report duplicate ids, unknown needs and circles; answer the jobs by their ids."""
    by_id: dict[str, Reading] = {}
    for job in jobs:
        written = job.written("id")
        if written and (first := by_id.setdefault(str(written.value), job)) is not job:
            line = reader.line_of(first.node.span)
            reader.refuse(
                "duplicate-id",
                f"there is already a job `{written.value}`, on line {line}",
                written.span,
                expected="an id of its own",
            )
    for job in jobs:
        _check_needs(reader, job, by_id)
    for circle, span in islice(_circles(by_id), _MOST_CIRCLES):
        shown = (
            circle if len(circle) <= _LONGEST_CIRCLE else (*circle[: _LONGEST_CIRCLE - 1], "…", circle[-1])
        )
        hint = "take one of these needs away"
        reader.refuse(
            "cycle-in-needs", f"these jobs wait for each other: {' → '.join(shown)}", span, hint=hint
        )
    return by_id


def needed_by(job: Reading, by_id: Mapping[str, Reading]) -> set[str]:
    """The ids of every job that is over before this one starts."""
    found: set[str] = set()
    waiting = list(job.many("needs", str))
    while waiting:
        needed = waiting.pop()
        if needed not in found and needed in by_id:
            found.add(needed)
            waiting.extend(by_id[needed].many("needs", str))
    return found


def _check_needs(reader: Reader, job: Reading, by_id: Mapping[str, Reading]) -> None:
    seen: set[str] = set()
    for need in job.values.get("needs", ()):
        name = str(need.value)
        if name not in by_id:
            message, hint = f"there is no job `{name}`", reader.suggest(name, by_id)
            reader.refuse("unknown-need", message, need.span, expected="the id of a job", hint=hint)
        elif name in seen:
            reader.refuse("duplicate-need", f"`{name}` is already needed", need.span, hint="leave it out")
        seen.add(name)


def _circles(by_id: Mapping[str, Reading]) -> Iterator[tuple[tuple[str, ...], Span]]:
    """Each circle once, with the word that closes it, walking in written order without recursion."""
    done: set[str] = set()
    for start in by_id:
        path: dict[str, Iterator[Written]] = {}
        if start not in done:
            path[start] = _needs(by_id, start)
        while path:
            here = next(reversed(path))
            need = next(path[here], None)
            if need is None:
                done.add(here)
                del path[here]
            elif (name := str(need.value)) in path:
                ids = list(path)
                yield (*ids[ids.index(name) :], name), need.span
            elif name not in done and name in by_id:
                path[name] = _needs(by_id, name)


def _needs(by_id: Mapping[str, Reading], job: str) -> Iterator[Written]:
    return iter(by_id[job].values.get("needs", ()))
