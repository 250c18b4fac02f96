"""What a plan or a run that a person asked for is told to have happened."""

from solstice.domain.occasion import Whereabouts, make_occasion

HERE = Whereabouts("ship", "trunk", "ab" * 20, "Ada")


def test_it_happened_where_the_person_stands() -> None:
    made = make_occasion("push", HERE)
    assert (made.ref, made.branch, made.sha, made.repo, made.actor) == (
        "refs/heads/trunk",
        "trunk",
        HERE.sha,
        "ship",
        "Ada",
    )


def test_a_named_branch_beats_the_current_one_and_a_tag_beats_both() -> None:
    assert make_occasion("push", HERE, branch="topic").ref == "refs/heads/topic"
    tagged = make_occasion("push", HERE, branch="topic", tag="v1")
    assert (tagged.ref, tagged.branch, tagged.tag) == ("refs/tags/v1", "", "v1")


def test_no_branch_is_made_up_for_a_commit_that_is_on_none() -> None:
    assert make_occasion("push", Whereabouts("ship", "", "ab" * 20)).ref == ""


def test_a_pull_request_is_a_new_commit_on_one_against_the_branch() -> None:
    made = make_occasion("pull_request", HERE, labels=["ci"], changed=["a"])
    assert (made.base_branch, made.pull_request_type, made.labels, made.changed) == (
        "trunk",
        "synchronize",
        ("ci",),
        ("a",),
    )


def test_changed_paths_nobody_named_are_unknown() -> None:
    assert make_occasion("push", HERE).changed is None
