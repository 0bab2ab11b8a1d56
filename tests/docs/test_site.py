"""The site builds strictly, has no dead links, and is looked at in Chromium where there is one."""

from __future__ import annotations

import functools
import http.server
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest

from .conftest import ROOT

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SEEN = [
    "",
    "tutorial/",
    "rules/",
    "rules/OFR101/",
    "rules/OFR211/",
    "operators/airflow-core/",
    "reference/configuration/",
    "reference/cli/",
    "explanation/waiting/",
    "how-to/ci/",
]

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("material") is None, reason="mkdocs-material is not installed (extra `docs`)"
)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    handler = functools.partial(Quiet, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


def test_addresses_of_rules_are_those_that_findings_name(site: Path) -> None:
    from offramp.knowledge.rulebook import load_rulebook
    from offramp.output import rule_url

    for code in load_rulebook([], lambda _: None).rules:
        assert rule_url(code) == f"https://offramp.readthedocs.io/rules/{code}/"
        assert (site / "rules" / code / "index.html").is_file()


def test_no_link_is_dead_and_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    base = "https://offramp.readthedocs.io/"
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 50
    for page in pages:
        text = page.read_text(encoding="utf-8")
        here = urljoin(base, str(page.relative_to(site)).removesuffix("index.html"))
        for tag, way in re.findall(r'<(a|link|script|img)\b[^>]*?\s(?:href|src)="([^"]+)"', text):
            target = urljoin(here, way)
            if not target.startswith(base):
                assert tag == "a", f"{page}: {way}"
                continue
            path = site / urlsplit(target).path.lstrip("/")
            if page.name != "404.html":
                assert (path / "index.html" if path.is_dir() else path).is_file(), f"{page}: {way}"


in_browser = pytest.mark.skipif(
    CHROMIUM is None or importlib.util.find_spec("playwright") is None,
    reason="there is no Chromium here, or no playwright (extra `docs`), to look at the site with",
)


@in_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_the_pages_in_a_browser(address: str, scheme: str, width: int, tmp_path: Path) -> None:
    """Nothing sticks out, nothing is fetched from elsewhere, axe finds no fault; OFFRAMP_SCREENSHOTS keeps pictures."""
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright

    kept = Path(os.environ.get("OFFRAMP_SCREENSHOTS") or tmp_path)
    faults: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme="dark" if scheme == "dark" else "light"
        )
        page = context.new_page()
        page.on(
            "request",
            lambda request: None if request.url.startswith((address, "data:", "blob:")) else faults.append(request.url),
        )
        page.on("pageerror", lambda error: faults.append(str(error)))
        for name in SEEN:
            page.goto(address + name)
            page.screenshot(path=kept / f"{name.strip('/').replace('/', '-') or 'home'}-{width}-{scheme}.png")
            assert page.evaluate("document.body.getAttribute('data-md-color-scheme')") == (
                "slate" if scheme == "dark" else "default"
            )
            if page.evaluate("document.documentElement.scrollWidth") > width:
                faults.append(f"{name}: wider than the window")
            for violation in Axe().run(page).response["violations"]:
                places = [node["target"] for node in violation["nodes"]][:3]
                faults.append(f"{name}: {violation['id']}: {violation['help']} {places}")
        browser.close()
    assert faults == []


@in_browser
def test_keyboard_alone_is_enough_to_find_a_rule(address: str) -> None:
    from playwright.sync_api import expect, sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(address, wait_until="networkidle")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent.trim()") == "Skip to content"
        page.keyboard.press("/")
        # The site asks at each key that is let go: after one, no answer to a beginning comes late and takes the focus.
        expect(page.get_by_role("textbox", name="Search")).to_be_focused()
        page.keyboard.insert_text("fire-and-forget-ru")
        page.keyboard.press("n")
        expect(page.locator(".md-search-result__link").first).to_have_attribute("href", f"{address}rules/OFR201/")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(page.locator("h1")).to_contain_text("fire-and-forget-run (OFR201)")
        browser.close()
