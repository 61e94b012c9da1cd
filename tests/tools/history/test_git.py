"""What is read from a git repository, and what is refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from repositories import commit, git

from acortex.errors import UsageError
from acortex.tools.history.git import repository


def test_commits_of_a_range_begin_with_its_first_end(tmp_path: Path) -> None:
    names = [commit(tmp_path, f"step {at}", {"a.txt": str(at)}) for at in range(4)]
    found = repository(tmp_path)
    assert [one.name for one in found.commits(f"{names[1]}..{names[3]}")] == names[1:]
    assert [one.name for one in found.commits("main")] == names
    assert [one.name for one in found.commits("HEAD~1..")] == names[2:]
    assert [one.name for one in found.commits("main..main")] == names[3:]
    assert found.commits("main")[2].subject == "step 2"
    assert found.commits("main")[2].date.startswith("2026-01-02T03:04:05")


def test_of_a_file_those_that_changed_it(tmp_path: Path) -> None:
    first = commit(tmp_path, "one", {"a*.txt": "1", "ab.txt": "1"})
    commit(tmp_path, "another file", {"ab.txt": "2"})
    last = commit(tmp_path, "two", {"a*.txt": "2"})
    assert [one.name for one in repository(tmp_path).commits("HEAD", "a*.txt")] == [first, last]  # no pattern


@pytest.mark.parametrize("ending", ["\u2028", "\f", "\x85", "\x1c"])
def test_a_message_may_hold_what_else_ends_a_line(tmp_path: Path, ending: str) -> None:
    names = [commit(tmp_path, subject, {"a.txt": subject}) for subject in (f"one{ending}two", "three")]
    found = repository(tmp_path).commits("HEAD")
    assert [one.name for one in found] == names
    assert found[0].subject == f"one{ending}two"


def test_a_merge_is_one_step(tmp_path: Path) -> None:
    first = commit(tmp_path, "one", {"a.txt": "1"})
    git(tmp_path, "switch", "-q", "-c", "side")
    commit(tmp_path, "aside", {"b.txt": "1"})
    git(tmp_path, "switch", "-q", "main")
    second = commit(tmp_path, "two", {"a.txt": "2"})
    git(tmp_path, "merge", "-q", "--no-ff", "-m", "merge", "side")
    merge = git(tmp_path, "rev-parse", "HEAD")
    found = repository(tmp_path)
    assert [one.name for one in found.commits("HEAD")] == [first, second, merge]
    assert [one.name for one in found.commits("HEAD", "b.txt")] == [merge]


def test_files_of_a_folder_are_those_that_any_commit_had(tmp_path: Path) -> None:
    commit(tmp_path, "one", {"t/ä b.json": "1", "t/gone.json": "1", "t/in/c.json": "1", "d.json": "1"})
    commit(tmp_path, "two", {"t/gone.json": None, "t/new.json": "1"})
    found = repository(tmp_path / "t" / "in")
    assert found.files("HEAD", "t") == ["t/gone.json", "t/new.json", "t/ä b.json"]
    assert found.files("HEAD~1..HEAD", "t") == ["t/gone.json", "t/new.json", "t/ä b.json"]
    assert found.files("HEAD", "") == ["d.json"]


def test_a_folder_is_no_pattern(tmp_path: Path) -> None:
    commit(tmp_path, "one", {"t[1]/a.json": "1", "t1/b.json": "1"})
    commit(tmp_path, "two", {"t[1]/a.json": None})
    assert repository(tmp_path).files("HEAD~1..HEAD", "t[1]") == ["t[1]/a.json"]
    commit(tmp_path, "three", {"t[1]/c.json": "1"})
    assert repository(tmp_path).files("HEAD", "t[1]") == ["t[1]/a.json", "t[1]/c.json"]


def test_a_file_is_as_it_was(tmp_path: Path) -> None:
    commit(tmp_path, "one", {"a.txt": "é"})
    commit(tmp_path, "two", {"a.txt": b"\xff", "b.txt": ""})
    old, new = repository(tmp_path).commits("HEAD")
    found = repository(tmp_path)
    assert (found.text(old, "a.txt"), found.text(old, "b.txt"), found.text(new, "b.txt")) == ("é", None, "")
    with pytest.raises(UsageError, match="byte 0 is not UTF-8 text"):
        found.text(new, "a.txt")


def test_a_commit_is_written_into_a_folder_and_the_checkout_stays(tmp_path: Path) -> None:
    old = commit(tmp_path / "r", "one", {"a.txt": "1", "d/b.txt": "1"})
    commit(tmp_path / "r", "two", {"a.txt": "2"})
    (tmp_path / "out").mkdir()
    found = repository(tmp_path / "r")
    found.export(found.commit(old), tmp_path / "out")
    assert (tmp_path / "out" / "a.txt").read_text() == "1"
    assert (tmp_path / "out" / "d" / "b.txt").exists()
    assert (tmp_path / "r" / "a.txt").read_text() == "2"
    assert git(tmp_path / "r", "status", "--porcelain") == ""


def test_all_of_a_commit_is_written_whatever_an_archive_takes_of_it(tmp_path: Path) -> None:
    """`git archive` leaves out and writes into files what attributes say, and links may point anywhere."""
    root = tmp_path / "r"
    attributes = "k export-ignore\nid.txt export-subst\n"
    commit(root, "one", {".gitattributes": attributes, "k/a.s": "1", "id.txt": "$Format:%H$"})
    (root / "away").symlink_to("/etc/hostname")
    (root / "up").symlink_to("../..")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "links")
    (tmp_path / "out").mkdir()
    (root / "staged.txt").write_text("1")
    git(root, "add", "staged.txt")
    found = repository(root)
    found.export(found.commit("HEAD"), tmp_path / "out")
    assert (tmp_path / "out" / "k" / "a.s").read_text() == "1"
    assert (tmp_path / "out" / "id.txt").read_text() == "$Format:%H$"
    assert not (tmp_path / "out" / "staged.txt").exists()
    assert git(root, "status", "--porcelain") == "A  staged.txt"


def test_what_is_no_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not in a git repository"):
        repository(tmp_path)
    with pytest.raises(UsageError, match="there is no such folder"):
        repository(tmp_path / "none")


@pytest.mark.parametrize("name", ["none", "", "--all", "HEAD~9", "a\0b", "-n1", "é"])
def test_a_revision_that_git_does_not_know_is_refused(name: str, tmp_path: Path) -> None:
    commit(tmp_path, "one", {"a.txt": "1"})
    with pytest.raises(UsageError, match="no revision"):
        repository(tmp_path).commit(name)


def test_a_repository_without_commits_is_refused(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    with pytest.raises(UsageError, match="knows no revision 'HEAD'"):
        repository(tmp_path).commits("HEAD")


def test_the_environment_of_a_hook_does_not_lead_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = commit(tmp_path / "a", "one", {"a.txt": "1"})
    commit(tmp_path / "b", "other", {"a.txt": "1"})
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "b" / ".git"))
    assert repository(tmp_path / "a").commit("HEAD").name == name


def test_a_machine_without_git_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.devnull)
    with pytest.raises(UsageError, match="git is not installed here"):
        repository(tmp_path)


def test_what_else_git_refuses_is_told_in_its_own_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as a clone of another user: it is a repository, and git says what to do."""
    fake = tmp_path / "git"
    fake.write_text(
        "#!/bin/sh\necho \"fatal: detected dubious ownership in repository at '/r'\" >&2\n"
        "printf 'To add an exception, call:\\n\\n\\tgit config --global --add safe.directory /r\\n' >&2\nexit 128\n"
    )
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(UsageError) as caught:
        repository(tmp_path)
    assert caught.value.message == "git rev-parse failed: detected dubious ownership in repository at '/r'"
    assert caught.value.hint == "git config --global --add safe.directory /r"
