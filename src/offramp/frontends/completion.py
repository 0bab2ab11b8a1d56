"""``offramp generate-shell-completion``: the script that lets a shell complete the command line; topmost layer."""

from __future__ import annotations

import argparse
import os
import sys

from offramp.frontends.terminal import CLEAN, write

SHELLS = {"bash": "offramp.bash", "zsh": "offramp.zsh", "fish": "offramp.fish"}
FOLDER = os.path.join(os.path.dirname(__file__), "completions")


def declare(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``offramp generate-shell-completion``."""
    parser.add_argument("shell", choices=tuple(SHELLS), help="the shell that reads it")


def run(args: argparse.Namespace) -> int:
    """Print the script; the exit code."""
    with open(os.path.join(FOLDER, SHELLS[args.shell]), encoding="utf-8") as file:
        write(sys.stdout, file.read())
    return CLEAN
