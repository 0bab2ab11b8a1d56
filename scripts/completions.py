"""Makes the shells' completion scripts of the parsers and the shipped rules; ``scripts/reference.py`` writes them."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterator
from string import Template

import shtab

from offramp.frontends import cli
from offramp.frontends.completion import SHELLS
from offramp.knowledge.rulebook import load_rulebook
from offramp.model import Rule
from offramp.settings import OUTPUT_FORMATS

HEADING = "# Written by `python scripts/reference.py`, with shtab (https://github.com/tqdm/shtab)."

# What stands for a value in the help decides how the value is completed.
COMPLETED = {
    "CODE": "_offramp_code",
    "CODES": "_offramp_codes",
    "DAGS": "_offramp_file",
    "DIR": "_offramp_directory",
    "FILE": "_offramp_file",
    "FORMAT=FILE": "_offramp_output",
    "GLOBS": "_offramp_file",
    "NOTE": "_offramp_file",
    "PATH": "_offramp_file",
}
FREE = frozenset({"N", "OPERATOR", "REF", "WORD"})

# Lists separated by commas, and files whose names have blanks, are more than shtab writes by itself. In bash, a
# name with `file` or `dir` in it makes shtab's script quote what the function gives as file names.
PREAMBLES = {
    "bash": """\
_offramp_file() { compgen -f -- "$1"; }
_offramp_directory() { compgen -d -- "$1"; }
_offramp_code() { compgen -W "$codes" -- "$1"; }
_offramp_codes() {
  local listed=""
  [[ "$1" == *,* ]] && listed="${1%,*},"
  compgen -P "$listed" -W "ALL $families $codes" -- "${1##*,}"
}
_offramp_output() { compgen -S = -W "$formats" -- "$1"; }
""",
    "zsh": """\
_offramp_file() { _files }
_offramp_directory() { _files -/ }
_offramp_code() {
  local -a codes=($described)
  _describe code codes
}
_offramp_codes() {
  local -a codes=(ALL $families $described)
  compset -P '*,'
  _describe code codes -q -S ','
}
_offramp_output() {
  if compset -P '*='; then _files; else compadd -S = $formats; fi
}
""",
    "fish": """\
function _offramp_file
  __fish_complete_path (commandline -ct)
end
function _offramp_directory
  __fish_complete_directories (commandline -ct)
end
function _offramp_code
  printf '%s\\n' $described
end
function _offramp_each_code
  printf '%s\\n' ALL $families $described
end
function _offramp_codes
  __fish_complete_list , _offramp_each_code
end
function _offramp_output
  printf '%s=\\n' $formats
end
""",
}


def completions() -> Iterator[tuple[str, str]]:
    """The file name and the text of each shell's script."""
    rules = [rule for _, rule in sorted(load_rulebook([], print).rules.items())]
    for shell, file in SHELLS.items():
        script: str = shtab.complete(_whole_parser(shell), shell, preamble=_preamble(shell, rules))
        first, *lines = script.splitlines(keepends=True)
        compdef = first if first.startswith("#compdef") else ""  # zsh asks for it on the first line
        body = "".join(line for line in lines if not line.startswith("# "))
        yield file, f"{compdef}{HEADING}\n{body.rstrip()}\n"


def _whole_parser(shell: str) -> argparse.ArgumentParser:
    """One parser of all commands, which the command line never builds, each value with its completion."""
    parser = argparse.ArgumentParser(prog="offramp")
    parser.add_argument("--version", action="version", version="", help="show the version and exit")
    commands = parser.add_subparsers()
    for name, command in cli.COMMANDS.items():
        command.declare(commands.add_parser(name, help=command.purpose))
    _complete_values(parser, shell)
    return parser


def _complete_values(parser: argparse.ArgumentParser, shell: str) -> None:
    parser.description = None
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for nested in action.choices.values():
                _complete_values(nested, shell)
        elif action.nargs != 0 and action.choices is None and action.metavar not in FREE:
            function = COMPLETED[str(action.metavar)]
            action.complete = {shell: f"({function})" if shell == "fish" else function}  # type: ignore[attr-defined]


def _preamble(shell: str, rules: list[Rule]) -> str:
    families = sorted({rule.code[:4] for rule in rules})
    codes = [rule.code for rule in rules]
    match shell:
        case "bash":
            words = {"codes": " ".join(codes), "families": " ".join(families), "formats": " ".join(OUTPUT_FORMATS)}
            return Template(PREAMBLES[shell]).safe_substitute(words)
        case "zsh":
            described = shlex.join(f"{rule.code}:{rule.name}" for rule in rules)
        case _:
            described = " ".join(f"{rule.code}\\t{rule.name}" for rule in rules)
    words = {"described": described, "families": " ".join(families), "formats": " ".join(OUTPUT_FORMATS)}
    return Template(PREAMBLES[shell]).safe_substitute(words)
