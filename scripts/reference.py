"""Writes what is made of code: the pages on the command line and the configuration, and the completion scripts.

``--check`` compares instead.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from completions import completions

from offramp.frontends import cli, completion
from offramp.settings import _GATE_OPTIONS, _OPTIONS, BLOCK_NAME, DEFAULT_BANNED, DEFAULT_EXCLUDE, Settings

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
COMMAND = "python scripts/reference.py"
GENERATED = f"<!-- Written by `{COMMAND}`. -->"

PURPOSES = {
    "select": "Run these rules only.",
    "extend-select": "Run these rules too.",
    "ignore": "Do not run these rules.",
    "per-file-ignores": "Rules that do not run on the files that match a glob.",
    "exclude": "Skip these paths, instead of the defaults.",
    "extend-exclude": "Skip these paths too.",
    "respect-gitignore": "Skip what Git ignores.",
    "force-exclude": "Skip excluded files even when they are named.",
    "notes": "Mapping notes for your own operators.",
    "src": "Directories that the project's imports begin at, instead of the usual ones.",
    "airflow-version": "Version of Airflow; else read from requirements and lock files.",
    "dbt-cloud-provider-version": "Version of apache-airflow-providers-dbt-cloud; else read from there too.",
    "prefect-version": "Version of Prefect; else read from there too.",
    "output-format": "Layout of the findings.",
    "blocks": "Names of Prefect blocks, by Airflow connection id.",
    "gate": "What `offramp gate` keeps out.",
    "convert-dags": "Whether fixes may turn DAGs into flows, in a run with `--convert-dags configured`.",
    "dbt-commands": "Names of the programs that are dbt, in shell texts and lists of words; with `dbt` also `dbtf`.",
    "dbt-cloud-pattern": "How flows call dbt Cloud: by prefect-dbt's functions, or by its `DbtCloudJob`, which never"
    " repeats a request.",
    "dbt-core-pattern": "How flows run dbt Core: as a command in a process of its own, or by prefect-dbt's"
    " `PrefectDbtRunner`, which shows a task run for each node; `auto` takes the runner for what Cosmos makes of a"
    " whole project, where that cannot run beside other dbt work.",
    "deployment": "How `migrate` deploys flows: each module serves itself, or one `prefect.yaml` has them all.",
}
GATE_PURPOSES = {
    "banned": "Modules that may not be imported, instead of the defaults.",
    "extend-banned": "Modules that may not be imported either.",
    "allow": "Modules that the files which match a glob may import all the same.",
    "baseline": "The file of accepted findings.",
}
_STRINGS: dict[str, object] = {"type": "array", "items": {"type": "string"}}
_CODES: dict[str, object] = {"type": "array", "items": {"type": "string", "pattern": "^(ALL|OFR[0-9]{0,3})$"}}
_TYPES: dict[str, tuple[str, dict[str, object]]] = {
    "codes": ("list of codes, prefixes or ALL", _CODES),
    "strings": ("list of strings", _STRINGS),
    "modules": ("list of modules", _STRINGS),
    "boolean": ("true or false", {"type": "boolean"}),
    "string": ("string", {"type": "string"}),
    "version": ("version", {"type": "string", "pattern": "^[0-9]+(\\.[0-9]+)*$"}),
    "table of codes": ("table of globs to codes", {"type": "object", "additionalProperties": _CODES}),
    "table of modules": ("table of globs to modules", {"type": "object", "additionalProperties": _STRINGS}),
    "table of block": (
        "table of connections to names",
        {"type": "object", "additionalProperties": {"type": "string", "pattern": f"^{BLOCK_NAME}$"}},
    ),
}


_WHERE = (
    "In the `offramp.toml`, or under `[tool.offramp]` in the `pyproject.toml`, nearest to each file. Files are not"
    " merged. Options of the command line win over those of a file. An unknown option is an error."
)
_EDITORS = (
    "Editors that know JSON schemas of TOML files complete and check `offramp.toml` with"
    " [offramp.schema.json](../offramp.schema.json):"
)


def command_line() -> str:
    """The page of the command line, from the parsers."""
    parts = [GENERATED, "# Command line", "Every command has `--help`; `offramp --version` names the version."]
    for name, command in cli.COMMANDS.items():
        parser = cli.command_parser(name)
        parts += [f"## offramp {name}", f"{command.purpose[0].upper()}{command.purpose[1:]}.", _help(parser)]
        for action in parser._subparsers._group_actions if parser._subparsers else ():
            assert isinstance(action, argparse._SubParsersAction)
            for nested, sub in action.choices.items():
                parts += [f"### offramp {name} {nested}", _help(sub)]
    return "\n\n".join(parts) + "\n"


def _help(parser: argparse.ArgumentParser) -> str:
    return f"```text\n{parser.format_help().rstrip()}\n```"


def schema() -> dict[str, object]:
    """JSON schema of ``offramp.toml``, for editors."""
    properties = {name: _property(name, kind) for name, kind in _OPTIONS.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://offramp.readthedocs.io/offramp.schema.json",
        "title": "Configuration of offramp: offramp.toml, or [tool.offramp] in pyproject.toml",
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
    }


def _property(name: str, kind: str | tuple[str, ...]) -> dict[str, object]:
    description = {"description": PURPOSES[name]}
    if isinstance(kind, tuple):
        return {**description, "enum": list(kind)}
    if kind == "gate":
        options = {key: {"description": GATE_PURPOSES[key], **_TYPES[of][1]} for key, of in _GATE_OPTIONS.items()}
        return {**description, "type": "object", "additionalProperties": False, "properties": options}
    return {**description, **_TYPES[kind][1]}


def configuration() -> str:
    """The page of the configuration, from the settings."""
    assert PURPOSES.keys() == _OPTIONS.keys(), "every option has one purpose"
    assert GATE_PURPOSES.keys() == _GATE_OPTIONS.keys(), "every option of the gate has one purpose"
    defaults = Settings("")._asdict()
    rows = ["| option | value | default | meaning |", "|---|---|---|---|"]
    for name, kind in _OPTIONS.items():
        if kind != "gate":
            words = ", ".join(f"`{one}`" for one in kind) if isinstance(kind, tuple) else _TYPES[kind][0]
            rows.append(f"| `{name}` | {words} | {_default(name, defaults)} | {PURPOSES[name]} |")
    gate = ["| option | value | meaning |", "|---|---|---|"]
    gate += [f"| `{name}` | {_TYPES[of][0]} | {GATE_PURPOSES[name]} |" for name, of in _GATE_OPTIONS.items()]
    parts = [
        GENERATED,
        "# Configuration",
        _WHERE,
        "\n".join(rows),
        "## The gate",
        "Under `[gate]`, or `[tool.offramp.gate]`. Unlike all other options, those of directories above add up.",
        "\n".join(gate),
        f"Banned unless told otherwise: {', '.join(f'`{name}`' for name in DEFAULT_BANNED)}.",
        "## Skipped unless told otherwise",
        ", ".join(f"`{name}`" for name in DEFAULT_EXCLUDE),
        "## In an editor",
        _EDITORS,
        '```toml\n#:schema https://offramp.readthedocs.io/offramp.schema.json\nselect = ["OFR2"]\n```',
    ]
    return "\n\n".join(parts) + "\n"


def _default(name: str, defaults: dict[str, object]) -> str:
    value = defaults.get(name.replace("-", "_"))
    if name == "exclude":
        return "see below"
    if isinstance(value, bool):
        return str(value).lower()
    return f"`{value}`" if value and isinstance(value, str) else "-"


def main() -> int:
    """Write the pages, or name those that are out of date; the exit code."""
    os.environ["COLUMNS"] = "100"  # the width that the commands themselves use
    texts = {
        DOCS / "reference" / "cli.md": command_line(),
        DOCS / "reference" / "configuration.md": configuration(),
        DOCS / "offramp.schema.json": json.dumps(schema(), indent=2) + "\n",
        **{Path(completion.FOLDER) / file: text for file, text in completions()},
    }
    stale = [path for path, text in texts.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        if sys.argv[1:] == ["--check"]:
            print(f"{path.relative_to(ROOT)} is out of date: run `{COMMAND}`", file=sys.stderr)
        else:
            path.write_text(texts[path], encoding="utf-8")
    return 1 if stale and sys.argv[1:] == ["--check"] else 0


if __name__ == "__main__":
    sys.exit(main())
