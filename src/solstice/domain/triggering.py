"""Whether a workflow starts on what happened, and if not, why not."""

from collections.abc import Sequence

from solstice.domain.filters import any_passes, passes
from solstice.domain.plan import Occasion
from solstice.domain.workflow.values import Manual, PullRequest, Push, Schedule, Trigger

_WITHOUT_TRIGGERS = ("push", "pull_request", "manual")
"""A person who asks for a workflow that says nothing about when it starts gets it."""
_EVENTS: dict[type[Trigger], str] = {
    Push: "push",
    PullRequest: "pull_request",
    Schedule: "schedule",
    Manual: "manual",
}


def explain_skip(triggers: Sequence[Trigger], occasion: Occasion) -> str:
    """Why nothing starts, in one line; "" when something does."""
    if not triggers:
        return "" if occasion.event in _WITHOUT_TRIGGERS else f"it does not start on {occasion.event}"
    reasons = [_refuse(trigger, occasion) for trigger in triggers if _EVENTS[type(trigger)] == occasion.event]
    if not reasons:
        known = dict.fromkeys(_EVENTS[type(trigger)] for trigger in triggers)
        return f"it does not start on {occasion.event}, only on {', '.join(known)}"
    return "" if "" in reasons else "; ".join(dict.fromkeys(reasons))


def _refuse(trigger: Trigger, occasion: Occasion) -> str:
    if isinstance(trigger, Push):
        return _refuse_push(trigger, occasion)
    if isinstance(trigger, PullRequest):
        return _refuse_pull_request(trigger, occasion)
    return ""


def _refuse_push(push: Push, occasion: Occasion) -> str:
    if occasion.tag:
        if push.tags:
            return _refuse_text("tag", occasion.tag, "tags", push.tags)
        # The paths of a tag have no base to be compared with, so they decide nothing.
        return f"tag {_quote(occasion.tag)} is pushed, and only branches start it" if push.branches else ""
    if push.tags and not push.branches:
        return f"branch {_quote(occasion.branch)} is pushed, and only tags start it"
    return _refuse_text("branch", occasion.branch, "branches", push.branches) or _refuse_paths(
        push.paths, occasion
    )


def _refuse_pull_request(trigger: PullRequest, occasion: Occasion) -> str:
    if trigger.types and occasion.pull_request_type and occasion.pull_request_type not in trigger.types:
        return f"the pull request was {occasion.pull_request_type}, not {' or '.join(trigger.types)}"
    if trigger.labels and not set(trigger.labels) & set(occasion.labels):
        return f"the pull request has no label {_listed(trigger.labels)}"
    refused = _refuse_text("base branch", occasion.base_branch, "branches", trigger.branches)
    return refused or _refuse_paths(trigger.paths, occasion)


def _refuse_text(noun: str, text: str, filters: str, patterns: Sequence[str]) -> str:
    if passes(patterns, text):
        return ""
    return f"{noun} {_quote(text)} does not pass {filters} {_listed(patterns)}"


def _refuse_paths(patterns: Sequence[str], occasion: Occasion) -> str:
    changed = occasion.changed
    # Nobody knows what changed: running once too often is the safe mistake.
    if changed is None or any_passes(patterns, changed) or not patterns:
        return ""
    count = "no path changed" if not changed else f"{len(changed)} changed path{'s' * (len(changed) > 1)}"
    return f"{count}, none of which passes paths {_listed(patterns)}" if changed else count


def _quote(text: str) -> str:
    return f'"{text}"' if text else "without a name"


def _listed(texts: Sequence[str]) -> str:
    shown = " ".join(f'"{text}"' for text in texts[:8])
    return shown + (" …" if len(texts) > 8 else "")
