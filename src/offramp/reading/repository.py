"""Tells where the user's repository is; imports nothing of offramp."""

from __future__ import annotations

import os


def repository_of(directory: str) -> str:
    """The directory of the git repository around ``directory``; empty where there is none."""
    while not os.path.exists(os.path.join(directory, ".git")):
        if directory == os.path.dirname(directory):
            return ""
        directory = os.path.dirname(directory)
    return directory
