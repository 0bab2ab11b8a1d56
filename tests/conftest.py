"""What every test needs of its process."""

from __future__ import annotations

import signal

import pytest


@pytest.fixture(scope="session", autouse=True)
def _hears_interrupts() -> None:
    """A job that a shell starts in the background is deaf to interrupts, and so is every process that it starts."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
