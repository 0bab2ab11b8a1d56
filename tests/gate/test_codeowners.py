"""Owners by GitHub's documented examples of CODEOWNERS, and GitLab's sections."""

from __future__ import annotations

from pathlib import Path

import pytest

from offramp.reading.codeowners import CodeOwners

TEXT = """\
# a comment
*       @global-owner1 @global-owner2
*.js    @js-owner  # inline
/build/logs/ @doctocat
docs/*  docs@example.com
apps/ @octocat
/scripts/ @doctocat @octocat
**/logs @logs
/apps/github
with\\ space/ @space
"""


@pytest.mark.parametrize(
    ("path", "owners"),
    [
        ("any.py", ("@global-owner1", "@global-owner2")),
        ("deep/down/any.py", ("@global-owner1", "@global-owner2")),
        ("deep/x.js", ("@js-owner",)),
        ("docs/getting-started.md", ("docs@example.com",)),
        ("docs/build-app/troubleshooting.md", ("@global-owner1", "@global-owner2")),
        ("a/apps/b/c.py", ("@octocat",)),
        ("apps/x.py", ("@octocat",)),
        ("scripts/a/b.sh", ("@doctocat", "@octocat")),
        ("a/scripts/b.sh", ("@global-owner1", "@global-owner2")),
        ("build/logs/x.txt", ("@logs",)),
        ("deeply/nested/logs/x.txt", ("@logs",)),
        ("apps/github/x.py", ()),
        ("with space/x.py", ("@space",)),
    ],
)
def test_the_last_line_that_matches_counts(path: str, owners: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / ".github").mkdir()
    (tmp_path / ".github/CODEOWNERS").write_text(TEXT)
    assert CodeOwners(str(tmp_path)).of(path) == owners


def test_sections_of_gitlab_have_default_owners(tmp_path: Path) -> None:
    text = "[Docs] @docs-team\ndocs/\nREADME.md @lead\n^[Data][2]\ndata/\n"
    (tmp_path / "CODEOWNERS").write_text(text)
    owners = CodeOwners(str(tmp_path))
    assert owners.of("docs/a/b.md") == ("@docs-team",)
    assert owners.of("README.md") == ("@lead",)
    assert owners.of("data/x.csv") == ()


def test_without_a_file_nobody_owns_anything(tmp_path: Path) -> None:
    assert CodeOwners(str(tmp_path)).of("a.py") == ()
