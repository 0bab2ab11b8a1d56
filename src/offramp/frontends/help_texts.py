"""Tells what ``--help`` says beyond the options: what a command does, examples, exit codes; loaded for help alone."""

from __future__ import annotations

import argparse
import shutil
import textwrap

from offramp.output import SITE
from offramp.record import NamedTuple

# Longer lines are hard to read, whatever the terminal has.
_WIDEST = 100
_NARROWEST = 40

_CHECKED = "Exit code: 0 without findings, 1 with findings, 2 when offramp or its input failed, which wins over 1."


class Manual(NamedTuple):
    """One command: what it does, examples as (purpose, command line), and its page below the site's address."""

    about: str
    examples: tuple[tuple[str, str], ...]
    page: str
    exit_codes: str = ""

    @property
    def epilog(self) -> str:
        """Return what stands below the options; lines that begin with blanks are laid out already."""
        lines = [f"  # {purpose}\n  {line}" for purpose, line in self.examples]
        parts = ["examples:\n" + "\n".join(lines), self.exit_codes, f"More: {SITE}{self.page}"]
        return "\n\n".join(part for part in parts if part)


MANUALS = {
    "offramp": Manual(
        "Finds Airflow's dbt operators, and dbt runs that nobody waits for; writes the Prefect flow that does"
        " the same, or says why it does not. It reads code and never runs it.",
        (
            ("what is there", "offramp check dags"),
            ("what a finding means", "offramp rule OFR211"),
            ("Prefect flows beside the DAGs", "offramp migrate dags --out flows"),
            ("let no new Airflow in", "offramp gate"),
        ),
        "",
    ),
    "offramp check": Manual(
        "Checks Python files for Airflow's dbt operators and the traps around waiting for dbt, and dependency"
        " manifests for what prefect-dbt does not have. Files that cannot matter are only read, not parsed.\n\n"
        "The configuration is the nearest offramp.toml, or [tool.offramp] in pyproject.toml, at or above each"
        " file. A comment `# noqa: OFR211` suppresses a finding on its line.",
        (
            ("everything below the current directory", "offramp check"),
            ("runs that nobody waits for, one line each", "offramp check dags --select OFR2 --output-format concise"),
            ("all but two rules", "offramp check --select ALL --ignore OFR203,OFR216"),
            ("what the safe fixes would change", "offramp check --diff dags"),
            ("write them, but convert no DAG", "offramp check --fix --convert-dags never dags"),
            ("while you type", "offramp check --watch dags"),
            (
                "GitHub's annotations, and a report beside them",
                "offramp check --output github --output sarif=o.sarif",
            ),
            ("an editor's buffer", "offramp check --stdin-filename dags/nightly.py - < buffer"),
        ),
        "rules/",
        _CHECKED,
    ),
    "offramp gate": Manual(
        "Fails on imports of Airflow, and on dependencies on it, that were not there before: neither in the"
        " baseline, a file of accepted findings, nor in a git revision. Moved lines change nothing.",
        (
            ("accept what there is today", "offramp gate --accept-new"),
            ("fail on what is new since", "offramp gate"),
            ("forget what is gone", "offramp gate --update"),
            ("without a baseline: what this branch brings", "offramp gate --base origin/main"),
            ("how much is left, by folder and by owner", "offramp gate --statistics"),
        ),
        "how-to/ci/",
        "Exit code: 0 without new findings, 1 with new ones (with --strict, also with entries whose findings are gone),"
        " 2 when offramp or its input failed.",
    ),
    "offramp migrate": Manual(
        "Writes a Prefect flow for every DAG that runs dbt and can be converted without changing what runs, what"
        " deploys the flows, and a report, MIGRATION.md, that says what was converted and why the rest was not."
        " The DAGs stay as they are.",
        (
            ("into a directory of its own", "offramp migrate dags --out flows"),
            ("with the names and hosts of connections", "offramp migrate dags --out flows --connections exported.json"),
            ("with flows whose difference the report tells", "offramp migrate dags --out flows --unsafe-fixes"),
        ),
        "how-to/side-by-side/",
        "Exit code: 0 when every DAG with a dbt operator was converted, 1 when some were not, 2 when offramp or its"
        " input failed.",
    ),
    "offramp notes": Manual(
        "A mapping note is a section of Markdown that says what an operator becomes in Prefect. Each is a rule,"
        " its fix, its documentation and its test; your own stand in files that the configuration names.",
        (
            ("begin a note on an operator of your own", "offramp notes new company.operators.NightlyDbtOperator"),
            ("compare notes with the installed libraries", "offramp notes check notes/ours.md"),
            ("run their examples", "offramp notes test notes/ours.md"),
        ),
        "how-to/notes/",
    ),
    "offramp notes check": Manual(
        "Compares notes with the installed libraries: the operators, their arguments, and what prefect-dbt takes.",
        (("the notes of the configuration", "offramp notes check"), ("one file", "offramp notes check notes/ours.md")),
        "how-to/notes/",
    ),
    "offramp notes test": Manual(
        "Runs the examples of notes: findings where they are marked, the fix as it is written, silence elsewhere.",
        (("the notes of the configuration", "offramp notes test"), ("one file", "offramp notes test notes/ours.md")),
        "how-to/notes/",
    ),
    "offramp notes new": Manual(
        "Prints a note with a row for every argument of an operator, to be filled in.",
        (
            ("an operator that can be imported", "offramp notes new company.operators.NightlyDbtOperator > notes/n.md"),
            ("one that cannot", "offramp notes new company.operators.NightlyDbtOperator plugins/operators.py"),
        ),
        "how-to/notes/",
    ),
    "offramp server": Manual(
        "A language server: findings while you type, fixes and notes in your editor. Editors start it themselves;"
        " it needs the extra `lsp`.",
        (("what an editor is told to start", "offramp server"),),
        "",
    ),
    "offramp rule": Manual(
        "Shows what a rule finds, why it matters, what its fix does and when there is none.",
        (
            ("by code or by name", "offramp rule OFR211"),
            ("all of them", "offramp rule --all"),
            ("those that speak of something", "offramp rule --search deferrable"),
            ("for programs", "offramp rule --all --output-format json"),
        ),
        "rules/",
    ),
    "offramp docs": Manual(
        "Writes the pages of the rules, of offramp's own notes or of yours, and removes those that lost their rule.",
        (
            ("your notes, as pages in docs/", "offramp docs"),
            ("in CI: are they up to date?", "offramp docs --check"),
        ),
        "how-to/notes/",
        "Exit code: 0, or with --check 1 when a page is out of date; 2 when offramp or its input failed.",
    ),
    "offramp generate-shell-completion": Manual(
        "Prints the script that lets a shell complete commands, options, rules, formats and files.",
        (
            ("bash: in ~/.bashrc", 'eval "$(offramp generate-shell-completion bash)"'),
            ("zsh: in ~/.zshrc, after compinit", 'eval "$(offramp generate-shell-completion zsh)"'),
            ("fish: in ~/.config/fish/config.fish", "offramp generate-shell-completion fish | source"),
        ),
        "how-to/terminal/",
    ),
}


class Formatter(argparse.HelpFormatter):
    """Formatter as wide as the terminal, within bounds; keeps what is laid out already."""

    def __init__(self, prog: str) -> None:
        columns = shutil.get_terminal_size().columns
        super().__init__(prog, width=max(_NARROWEST, min(columns, _WIDEST)))

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        paragraphs = text.split("\n\n")
        return "\n\n".join(
            part if "\n  " in part else textwrap.fill(part, width, initial_indent=indent, subsequent_indent=indent)
            for part in paragraphs
        )
