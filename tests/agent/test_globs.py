"""Which files a list of patterns means, and that none of them lies outside."""

from pathlib import Path

import pytest

from solstice.agent.globs import PatternMistake, find_files


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    for name in (
        "a.txt",
        "b.md",
        ".hidden",
        "d/c.txt",
        "d/e/f.txt",
        "d/e/[odd].txt",
        ".git/config",
        "d/.git/x",
    ):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (tmp_path / "outside.txt").write_text("secret")
    (root / "out.txt").symlink_to("../outside.txt")
    (root / "in.txt").symlink_to("d/c.txt")
    (root / "loop").symlink_to(".")
    (root / "dangling.txt").symlink_to("nowhere")
    return root


@pytest.mark.parametrize(
    ("patterns", "names"),
    [
        (["*.txt"], ["a.txt", "in.txt"]),
        (["**/*.txt"], ["a.txt", "d/c.txt", "d/e/[odd].txt", "d/e/f.txt", "in.txt"]),
        (["d"], ["d/c.txt", "d/e/[odd].txt", "d/e/f.txt"]),
        (["./d//e/"], ["d/e/[odd].txt", "d/e/f.txt"]),
        (["d/**/f.txt"], ["d/e/f.txt"]),
        (["d/**"], ["d/c.txt", "d/e/[odd].txt", "d/e/f.txt"]),
        (["**", "!**/*.txt"], [".hidden", "b.md"]),
        (["?.m[cd]"], ["b.md"]),
        ([".git/config"], [".git/config"]),
        (["loop/a.txt", "absent", "dangling.txt", "out.txt"], []),
        (["a.txt/x", "a.txt/*"], []),
        (["**/**/**/**/**/f.txt"], ["d/e/f.txt"]),
    ],
)
def test_patterns_mean_regular_files_inside(tree: Path, patterns: list[str], names: list[str]) -> None:
    found = find_files(tree, patterns)
    assert [file.name for file in found] == names
    assert all(file.path.is_relative_to(tree.resolve()) for file in found)


@pytest.mark.parametrize("pattern", ["../*", "/etc/passwd", "d/../../x", "!/x"])
def test_a_pattern_that_leads_out_is_a_mistake(tree: Path, pattern: str) -> None:
    with pytest.raises(PatternMistake, match="leads out of the checkout"):
        find_files(tree, [pattern])
