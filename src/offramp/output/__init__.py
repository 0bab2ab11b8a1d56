"""How findings are shown; may import finding, reading, knowledge, settings and model, never the engine."""

PAGES = "https://offramp.readthedocs.io/rules/"


def rule_url(code: str) -> str:
    """Address of a rule's page."""
    return f"{PAGES}{code}/"
