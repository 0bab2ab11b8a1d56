"""What MkDocs needs to know of this repository: every rule has its place in the menu, and the notes come along."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[1]


def on_config(config: Any) -> Any:
    """Put the pages of the rules under the rules' table."""
    pages = sorted(path.name for path in (ROOT / "docs" / "rules").glob("OFR*.md"))
    rules = next(entry["Rules"] for entry in config.nav if "Rules" in entry)
    rules += [{page.removesuffix(".md"): f"rules/{page}"} for page in pages]
    return config


def on_files(files: Files, config: Any) -> Files:
    """Let the notes be read as they are written."""
    for note in sorted((ROOT / "rules").glob("*.md")):
        files.append(File.generated(config, f"notes/{note.stem}.txt", content=note.read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Lead from a page to the site's copy of its note, where the repository has the note itself."""
    if not page.file.src_uri.startswith("rules/"):
        return markdown
    for note in (ROOT / "rules").glob("*.md"):
        markdown = markdown.replace(f"](../../rules/{note.name})", f"](../notes/{note.stem}.txt)")
    return markdown


def on_post_page(output: str, **_: Any) -> str:
    """Give the theme's search dialog the name that screen readers ask for."""
    return output.replace('role="dialog"', 'role="dialog" aria-label="Search"')
