"""Layouts that show findings; may import finding, reading, knowledge, settings and model, never the engine."""

SITE = "https://offramp.readthedocs.io/"
PAGES = f"{SITE}rules/"


def well_formed(text: str) -> str:
    """Text without lone surrogates, which readers of UTF-8 refuse."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def rule_url(code: str) -> str:
    """Address of a rule's page."""
    return f"{PAGES}{code}/"
