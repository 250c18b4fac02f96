"""What is said to have happened when a person, not a forge, asks for a plan or a run."""

from collections.abc import Sequence
from dataclasses import dataclass

from solstice.domain.plan import Occasion, Scalar

UNKNOWN_BRANCH = "main"


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a person stands: a repository's name, the branch checked out ("" for none), the commit, and
    who they are."""

    repo: str = ""
    branch: str = UNKNOWN_BRANCH
    sha: str = ""
    actor: str = ""


def make_occasion(
    event: str,
    here: Whereabouts,
    *,
    branch: str | None = None,
    tag: str = "",
    inputs: Sequence[tuple[str, Scalar]] = (),
    changed: Sequence[str] = (),
    labels: Sequence[str] = (),
) -> Occasion:
    """``event`` on ``branch``, or on the one a person stands on; a ``tag`` takes the branch's place.

    The base of a pull request is taken to be that branch too.
    """
    branch = "" if tag else (branch or here.branch)
    is_pull_request = event == "pull_request"
    return Occasion(
        event=event,
        sha=here.sha,
        ref=f"refs/tags/{tag}" if tag else (f"refs/heads/{branch}" if branch else ""),
        branch=branch,
        tag=tag,
        repo=here.repo,
        actor=here.actor,
        inputs=tuple(inputs),
        changed=tuple(changed) or None,
        labels=tuple(labels),
        base_branch=branch if is_pull_request else "",
        pull_request_type="synchronize" if is_pull_request else "",
    )
