"""Whether a workflow starts on what happened, and the reason when it does not."""

import pytest

from solstice.domain.plan import Occasion
from solstice.domain.triggering import explain_skip
from solstice.domain.workflow.values import Manual, PullRequest, Push, Schedule, Trigger

MAIN = Occasion("push", branch="main", ref="refs/heads/main")
TAG = Occasion("push", tag="v1.0", ref="refs/tags/v1.0")
REQUEST = Occasion("pull_request", base_branch="main", pull_request_type="opened", labels=("docs",))


def changed(*paths: str) -> Occasion:
    return Occasion("push", branch="main", changed=paths)


@pytest.mark.parametrize(
    ("triggers", "occasion"),
    [
        ([], MAIN),
        ([], TAG),
        ([], REQUEST),
        ([], Occasion("manual")),
        ([Push()], MAIN),
        ([Push()], TAG),
        ([Push(branches=("main", "release/*"))], MAIN),
        ([Push(tags=("v*",))], TAG),
        ([Push(branches=("x",), tags=("v*",))], TAG),
        ([Push(paths=("src/**",))], changed("README.md", "src/a.py")),
        ([Push(paths=("src/**",))], MAIN),
        ([Push(paths=("src/**",))], TAG),
        ([Push(branches=("x",)), Push(branches=("main",))], MAIN),
        ([PullRequest(("main",), (), ("opened",), ("ci", "docs"))], REQUEST),
        ([PullRequest(types=("closed",))], Occasion("pull_request")),
        ([Schedule("0 0 * * *")], Occasion("schedule")),
        ([Manual()], Occasion("manual")),
    ],
)
def test_it_starts(triggers: list[Trigger], occasion: Occasion) -> None:
    assert explain_skip(triggers, occasion) == ""


@pytest.mark.parametrize(
    ("triggers", "occasion", "reason"),
    [
        ([], Occasion("schedule"), "it does not start on schedule"),
        ([Push(), Manual()], REQUEST, "it does not start on pull_request, only on push, manual"),
        ([Push(("dev", "release/*"))], MAIN, 'branch "main" does not pass branches "dev" "release/*"'),
        ([Push(("**", "!main"))], MAIN, 'branch "main" does not pass branches "**" "!main"'),
        ([Push(("dev",))], Occasion("push"), 'branch without a name does not pass branches "dev"'),
        ([Push(tags=("v2*",))], TAG, 'tag "v1.0" does not pass tags "v2*"'),
        ([Push(("main",))], TAG, 'tag "v1.0" is pushed, and only branches start it'),
        ([Push(tags=("v*",))], MAIN, 'branch "main" is pushed, and only tags start it'),
        (
            [Push(paths=("src/**",))],
            changed("a", "b"),
            '2 changed paths, none of which passes paths "src/**"',
        ),
        ([Push(paths=("src/**",))], changed("a"), '1 changed path, none of which passes paths "src/**"'),
        ([Push(paths=("src/**",))], changed(), "no path changed"),
        (
            [PullRequest(types=("closed", "edited"))],
            REQUEST,
            "the pull request was opened, not closed or edited",
        ),
        ([PullRequest(labels=("ci",))], REQUEST, 'the pull request has no label "ci"'),
        ([PullRequest(("dev",))], REQUEST, 'base branch "main" does not pass branches "dev"'),
        (
            [Push(("a",)), Push(("b",))],
            MAIN,
            'branch "main" does not pass branches "a"; branch "main" does not pass branches "b"',
        ),
    ],
)
def test_it_does_not_start_and_says_why(triggers: list[Trigger], occasion: Occasion, reason: str) -> None:
    assert explain_skip(triggers, occasion) == reason


def test_a_long_list_of_patterns_is_cut() -> None:
    reason = explain_skip([Push(tuple(f"b{i}" for i in range(100)))], MAIN)
    assert reason.endswith('"b7" …')
