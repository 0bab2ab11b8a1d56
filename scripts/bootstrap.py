"""Install pip into a virtual environment whose Python has no ensurepip: ``bootstrap.py PYTHON``.

Takes the newest wheel that fits from the package index that pip itself would ask (``PIP_INDEX_URL``, ``PIP_CERT``,
``PIP_CONFIG_FILE`` and pip's configuration files count), checks it against the index's sha256, and lets it install
itself. Standard library only.
"""

from __future__ import annotations

import configparser
import hashlib
import os
import re
import ssl
import subprocess
import sys
import tempfile
import urllib.request
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

PYPI = "https://pypi.org/simple"
WHEEL = re.compile(r"pip-(\d+(?:\.\d+)*)-py3-none-any\.whl")


class Links(HTMLParser):
    """Collects the links of an index page, and the Pythons that each asks for."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an ``a`` element, unless it was yanked."""
        given = dict(attrs)
        if tag == "a" and given.get("href") and "data-yanked" not in given:
            self.found.append((given["href"] or "", given.get("data-requires-python") or ""))


def main() -> None:
    """Install pip for the Python named on the command line; one sentence on standard error if that fails."""
    (python,) = sys.argv[1:]
    index = setting("index-url", PYPI).rstrip("/")
    try:
        install(python, f"{index}/pip/")
    except (OSError, ValueError) as error:
        shown = re.sub(r"//[^/]*@", "//", index)
        sys.exit(f"cannot install pip from {shown}: {error}")


def setting(name: str, default: str) -> str:
    """One of pip's settings, from the environment or from the files that pip reads, nearest first."""
    variable = f"PIP_{name.upper().replace('-', '_')}"
    if os.environ.get(variable):
        return os.environ[variable]
    home = Path.home()
    configured = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    files = [
        Path("/etc/xdg/pip/pip.conf"),
        Path("/etc/pip.conf"),
        home / "Library/Application Support/pip/pip.conf",
        home / ".pip/pip.conf",
        configured / "pip/pip.conf",
        *([Path(os.environ["PIP_CONFIG_FILE"])] if "PIP_CONFIG_FILE" in os.environ else []),
    ]
    parser = configparser.RawConfigParser()
    parser.read(files, encoding="utf-8")
    for section in ("install", "global"):
        if parser.has_option(section, name):
            return parser.get(section, name)
    return default


def install(python: str, page: str) -> None:
    """Download the newest pip that ``page`` lists for this Python, and have it install itself for ``python``.

    Raises OSError where the index cannot be reached, and ValueError where what it gives is not usable.
    """
    page, opener = _without_credentials(page)
    with opener.open(urllib.request.Request(page, headers={"Accept": "text/html"}), timeout=60) as answer:
        links = Links()
        links.feed(answer.read().decode("utf-8"))
        base = answer.url
    url, digest = newest(links.found)
    with opener.open(urljoin(base, url), timeout=60) as answer:
        wheel = answer.read()
    if hashlib.sha256(wheel).hexdigest() != digest:
        raise ValueError("the wheel does not have the sha256 that the index names")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / Path(urlsplit(url).path).name
        file.write_bytes(wheel)
        command = [python, f"{file}/pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", str(file)]
        if subprocess.run(command, check=False).returncode:
            raise ValueError("pip could not install itself")


def _without_credentials(page: str) -> tuple[str, urllib.request.OpenerDirector]:
    """The address without name and password, and an opener that tells them to its host alone."""
    parts = urlsplit(page)
    host = parts.netloc.rpartition("@")[2]
    passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    if parts.username is not None:
        passwords.add_password(None, host, unquote(parts.username), unquote(parts.password or ""))
    context = ssl.create_default_context(cafile=setting("cert", "") or None)
    opener = urllib.request.build_opener(
        urllib.request.HTTPSHandler(context=context), urllib.request.HTTPBasicAuthHandler(passwords)
    )
    return parts._replace(netloc=host).geturl(), opener


def newest(links: list[tuple[str, str]]) -> tuple[str, str]:
    """Address and sha256 of the newest pip among links and the Pythons they ask for."""
    usable = []
    for link, pythons in links:
        url, fragment = urldefrag(link)
        match = WHEEL.fullmatch(Path(urlsplit(url).path).name)
        if match and fragment.startswith("sha256=") and fits(pythons):
            release = tuple(int(part) for part in match[1].split("."))
            usable.append((release, url, fragment.removeprefix("sha256=")))
    if not usable:
        raise ValueError("it lists no wheel of pip for this Python with a sha256")
    _, url, digest = max(usable)
    return url, digest


def fits(pythons: str) -> bool:
    """Whether this Python satisfies ``>=3.9`` and the like; pip's wheels state nothing but lower bounds and ``!=``."""
    bounds = re.findall(r">=\s*(\d+)\.(\d+)", pythons)
    return all(sys.version_info >= (int(major), int(minor)) for major, minor in bounds)


if __name__ == "__main__":
    main()
