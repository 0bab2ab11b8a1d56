"""Makes what `offramp migrate` writes from the results of checking; writes nothing itself."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from offramp.converting.connections import BlockField, BlockKind, Connection, block_kind
from offramp.converting.dbt_needs import DbtNeeds, dbt_needs
from offramp.converting.families import BLOCK_KINDS, FAMILIES
from offramp.editing.text import repr_text
from offramp.escapes import visible
from offramp.model import Applicability, FileResult, Flow, LoadedBlock, OfframpError
from offramp.python.nodes import walk
from offramp.reading.source import Positions
from offramp.record import NamedTuple

BLOCKS, PREFECT_YAML, REPORT, REQUIREMENTS = "blocks.py", "prefect.yaml", "MIGRATION.md", "requirements.txt"

_CANNOT_PARSE = "OFR901"
_WORK_POOL = "flows"
# A block whose fields are not known comes from one variable.
_WHOLE = BlockField("", "JSON")
_ONE_PROCESS = """\
- All tasks of a flow run share one process, its working directory, environment variables and memory. Airflow gives
  each task a process of its own.
"""


class Converted(NamedTuple):
    """A DAG file that becomes a flow module.

    ``path`` is the file's, ``target`` the module's below the output directory.
    ``doubts`` say how the flows differ; without any, what runs is the same.
    """

    path: str
    target: str
    text: bytes
    flows: tuple[Flow, ...]
    connections: tuple[LoadedBlock, ...]
    doubts: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()


class Refused(NamedTuple):
    """A DAG file that stays as it is: all that prevents its conversion, with rows from 1 (0: no place)."""

    path: str
    blockers: tuple[tuple[int, str], ...]


class Stays(NamedTuple):
    """A module of the project that a flow imports: its file, the directory that its import begins at.

    ``importable`` says that this is the flow's own directory.
    """

    file: str
    root: str
    importable: bool


# Finds the module of the project that a converted file imports by a dotted path; None where none is known.
Locate = Callable[[Converted, str], Stays | None]


class Plan(NamedTuple):
    """The DAG files of a run: those to write, those that only differing flows could replace, the rest.

    ``ignored`` are the files in which no dbt operator was reported.
    """

    converted: list[Converted]
    doubtful: list[Converted]
    refused: list[Refused]
    ignored: list[str]


def judged(result: FileResult, target: str) -> Converted | Refused | None:
    """Return what became of one file after its fixes were applied; None where it holds nothing to convert."""
    fixes = dict.fromkeys(finding.fix for finding in result.fixed if finding.fix is not None)
    left = [finding for finding in result.findings if finding.refusals or finding.fix is not None]
    if result.new_text is not None and not left and any(fix.flows or fix.connections for fix in fixes):
        return Converted(
            result.path,
            target,
            result.new_text,
            tuple(flow for fix in fixes for flow in fix.flows),
            tuple(dict.fromkeys(block for fix in fixes for block in fix.connections)),
            tuple(dict.fromkeys(fix.reason for fix in fixes if fix.applicability is Applicability.UNSAFE)),
            tuple(dict.fromkeys(package for fix in fixes for package in fix.packages)),
        )
    positions = Positions(result.text)
    blockers = {
        (positions.row(refusal.span.start) if refusal.span is not None else 0, refusal.reason)
        for finding in result.findings
        for refusal in finding.refusals
    }
    blockers |= {
        (positions.row(finding.span.start), finding.message)
        for finding in result.findings
        if finding.code == _CANNOT_PARSE
    }
    if result.problem:
        blockers.add((0, result.problem))
    elif not left and not blockers:
        return None
    return Refused(result.path, tuple(sorted(blockers or {(0, "its fixes do not convert the whole file")})))


def can_be_unsafe(result: FileResult) -> bool:
    """Return whether unsafe fixes could take a file further."""
    return any(
        finding.fix is not None and finding.fix.applicability is Applicability.UNSAFE for finding in result.findings
    )


def migration(
    plan: Plan,
    *,
    dags: Sequence[str],
    serves: bool,
    exported: Mapping[str, Connection] | None,
    neighbours: Collection[str],
    locate: Locate,
) -> dict[str, bytes]:
    """The files to write, by their paths below the output directory.

    ``dags`` are the paths that the user named; ``serves`` is off where a prefect.yaml
    deploys; ``exported`` are Airflow's connections where an export was given;
    ``neighbours`` the names that modules below the DAGs' directories have; ``locate`` finds modules
    of the project. Raises OfframpError where two DAGs, files or blocks would share a name.
    """
    _check_names(plan.converted)
    blocks = _blocks(plan.converted)
    files = {module.target: module.text for module in plan.converted}
    if blocks:
        files[BLOCKS] = _blocks_module(blocks, exported or {}).encode()
    if not serves and any(module.flows for module in plan.converted):
        files[PREFECT_YAML] = _prefect_yaml(plan.converted).encode()
    differences = "".join([*_differences(plan.converted), _ONE_PROCESS])
    report = [
        "# Migration to Prefect\n",
        f"Written by `offramp migrate` from {', '.join(map(_code, dags))}. The DAG files were not changed.\n",
        *_converted(plan.converted),
        *_doubtful(plan.doubtful),
        *_refused(plan.refused),
        *(_by_hand(plan.converted, blocks, exported, neighbours, locate, serves=serves) if plan.converted else ()),
        *(("## What differs\n", f"In every flow:\n\n{differences}") if plan.converted else ()),
        *_ignored(plan.ignored),
    ]
    if any(module.packages or _needs_of_dbt(module) for module in plan.converted):
        files[REQUIREMENTS] = "".join(f"{package}\n" for package in _packages(plan.converted)).encode()
    files[REPORT] = "\n".join(report).encode("utf-8", "backslashreplace")
    return files


def _differences(modules: Sequence[Converted]) -> list[str]:
    """The texts about what the families of operators in some modules do otherwise."""
    return [
        text
        for family in FAMILIES
        for marks, text in family.differences
        if any(mark in module.text for module in modules for mark in marks)
    ]


def _check_names(modules: Sequence[Converted]) -> None:
    targets: dict[str, str] = {}
    dags: dict[str, str] = {}
    for module in modules:
        path = module.path
        other = targets.setdefault(module.target, path)
        if other != path:
            raise OfframpError(
                f"{other} and {path} would both become {module.target}: migrate them into two directories"
            )
        if module.target == BLOCKS and module.connections:
            raise OfframpError(f"{path} would become {BLOCKS}, which is to create the credential blocks: rename it")
        for flow in module.flows:
            other = dags.setdefault(flow.dag, path)
            if other != path:
                raise OfframpError(f"{other} and {path} both hold a DAG `{flow.dag}`: flows need names of their own")


def check_blocks(blocks: Iterable[LoadedBlock]) -> list[LoadedBlock]:
    """The blocks, each once and in order; raises OfframpError where two connections would share one."""
    found: dict[tuple[str, str], LoadedBlock] = {}
    for block in blocks:
        other = found.setdefault((block.name, block.kind), block)
        if other != block:
            raise OfframpError(
                f"the connections `{other.connection}` and `{block.connection}` would share the block `{block.name}`: "
                "name one in [tool.offramp.blocks]"
            )
    return [block for _, block in sorted(found.items())]


def _blocks(modules: Sequence[Converted]) -> list[LoadedBlock]:
    return check_blocks(block for module in modules for block in module.connections)


def _variable(field: BlockField, block: LoadedBlock) -> str:
    """An environment variable; distinct for distinct blocks, whose names have no underscore."""
    return f"{_kind(block).prefix}_{field.variable}_{block.name.upper().replace('-', '_')}"


def _kind(block: LoadedBlock) -> BlockKind:
    return BLOCK_KINDS.get(block.kind) or block_kind(block.kind)


def _path(block: LoadedBlock) -> str:
    return block.kind.partition("(")[0]


def _blocks_module(blocks: Sequence[LoadedBlock], exported: Mapping[str, Connection]) -> str:
    imports = sorted({_path(block).rpartition(".")[::2] for block in blocks})
    lines = [
        '"""Creates the credential blocks that the flows load; with --overwrite, replaces those that exist."""',
        "",
        "import os",
        "import sys",
        "",
        *(f"from {module} import {name}" for module, name in imports),
        "",
        'if __name__ == "__main__":',
        "    blocks = {",
    ]
    for block in blocks:
        own = _path(block).rpartition(".")[2]
        lines.append(f"        # Airflow's connection {repr_text(block.connection)}")
        if not _kind(block).fields:
            lines.append(
                f'        "{block.name}": {own}.model_validate_json(os.environ["{_variable(_WHOLE, block)}"]),'
            )
            continue
        lines += [
            f'        "{block.name}": {own}(',
            *(
                f"            {field.argument}={_field(field, block, exported.get(block.connection))},"
                for field in _kind(block).fields
            ),
            "        ),",
        ]
    lines += [
        "    }",
        "    for name, block in blocks.items():",
        '        block.save(name, overwrite="--overwrite" in sys.argv[1:])',
    ]
    return "\n".join(lines) + "\n"


def _field(field: BlockField, block: LoadedBlock, known: Connection | None) -> str:
    """The expression that gives one argument of a block."""
    if known is not None and field.argument in known.arguments:
        return known.arguments[field.argument]
    variable = _variable(field, block)
    read = f'os.environ.get("{variable}", "{field.absent}")' if field.absent else f'os.environ["{variable}"]'
    return field.form.format(read)


def _prefect_yaml(modules: Sequence[Converted]) -> str:
    import yaml

    deployments = []
    for module in modules:
        for flow in module.flows:
            entry: dict[str, object] = {"name": flow.dag, "entrypoint": f"{module.target}:{flow.function}"}
            if flow.tags:
                entry["tags"] = list(flow.tags)
            if flow.schedule:
                entry["schedules"] = [dict(flow.schedule)]
            if flow.limit is not None:
                entry["concurrency_limit"] = flow.limit
            entry["work_pool"] = {"name": _WORK_POOL}
            deployments.append(entry)
    return yaml.safe_dump({"deployments": deployments}, sort_keys=False, allow_unicode=True, width=1000)


# -- MIGRATION.md ------------------------------------------------------------------


def _converted(modules: Sequence[Converted]) -> list[str]:
    if not modules:
        return ["## Converted\n", "Nothing.\n"]
    lines = ["## Converted\n", "| DAG | flow | schedule | from | blocks |", "|---|---|---|---|---|"]
    for module in modules:
        blocks = ", ".join(_code(block.name) for block in module.connections)
        for flow in module.flows or (Flow("", ""),):
            entry = f"{module.target}:{flow.function}" if flow.function else module.target
            dag = _code(flow.dag) if flow.dag else "none: an operator by itself"
            cells = [dag, _code(entry), _schedule(flow), _code(module.path), blocks]
            lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    lines.append("")
    differing = [module for module in modules if module.doubts]
    if differing:
        lines.append("These flows do not run just as their DAGs did (`--unsafe-fixes`):\n")
        lines += [*_reasons(differing), ""]
    return lines


def _schedule(flow: Flow) -> str:
    if not flow.schedule:
        return "none"
    entries = dict(flow.schedule)
    zone = entries.pop("timezone", "")
    shown = ", ".join(f"{name} {_code(str(value))}" for name, value in entries.items())
    return f"{shown} in {zone}" if zone else shown


def _doubtful(modules: Sequence[Converted]) -> list[str]:
    if not modules:
        return []
    lines = [
        "## Needs --unsafe-fixes\n",
        "Not written, since these flows would not run just as their DAGs do:\n",
    ]
    return [*lines, *_reasons(modules), ""]


def _reasons(modules: Iterable[Converted]) -> list[str]:
    return [f"- {_code(module.path)}: {_plain('; '.join(module.doubts))}" for module in modules]


def _refused(files: Sequence[Refused]) -> list[str]:
    if not files:
        return []
    lines = ["## Refused\n", "A file is converted whole or not at all. All that prevents it:\n"]
    for file in files:
        lines.append(f"### {_code(file.path)}\n")
        lines += [f"- {f'line {row}: ' if row else ''}{_plain(reason)}" for row, reason in file.blockers]
        lines.append("")
    return lines


def _by_hand(
    modules: Sequence[Converted],
    blocks: Sequence[LoadedBlock],
    exported: Mapping[str, Connection] | None,
    neighbours: Collection[str],
    locate: Locate,
    *,
    serves: bool,
) -> list[str]:
    *most, last = map(_code, _packages(modules))
    listed = f"{', '.join(most)} and {last}" if most else last
    steps = [f"Install {listed}, and what else the modules import."]
    steps += _dbt(modules)
    if blocks:
        steps.append(_create_blocks(blocks, exported))
    steps += [f"{_code(module.path)} {need}" for module in modules for need in _needs(module, neighbours, locate)]
    dags = [flow.dag for module in modules for flow in module.flows]
    if dags:
        commands = "\n".join(f"airflow dags pause {_quoted(dag)}" for dag in dags)
        steps.append(f"Pause the DAGs, or Airflow and Prefect both run the jobs:\n\n{_fenced(commands)}")
        paused = [flow.dag for module in modules for flow in module.flows if flow.paused]
        if paused:
            steps.append(
                f"Airflow creates {', '.join(map(_code, paused))} paused (`is_paused_upon_creation`). Prefect switches "
                "a schedule on each time that its flow is deployed: deploy these once their runs are wanted."
            )
        steps.append(_deploy(modules, serves=serves))
    numbered = []
    for number, step in enumerate(steps, 1):
        first, *rest = step.split("\n")
        numbered += [f"{number}. {first}", *(f"   {line}" if line else "" for line in rest)]
    return ["## By hand\n", *numbered, ""]


def _deploy(modules: Sequence[Converted], *, serves: bool) -> str:
    """The step that deploys the flows of some modules."""
    if serves:
        commands = "\n".join(f"python {_quoted(module.target)}" for module in modules if module.flows)
        return (
            "Deploy the flows: each of these commands creates its deployments and runs them on schedule "
            f"for as long as it runs itself.\n\n{_fenced(commands)}"
        )
    commands = f"prefect work-pool create {_WORK_POOL} --type process\nprefect --no-prompt deploy --all\n"
    return (
        f"Deploy the flows, in the directory of `{PREFECT_YAML}`, to a work pool; the worker runs them.\n\n"
        f"{_fenced(f'{commands}prefect worker start --pool {_WORK_POOL}')}"
    )


def _packages(modules: Sequence[Converted]) -> list[str]:
    needed = [one for module in modules for one in module.packages]
    needed += [one for module in modules if (needs := _needs_of_dbt(module)) for one in needs.packages]
    own = ["prefect-dbt"] if any(b"prefect_dbt" in module.text for module in modules) else []
    return list(dict.fromkeys(["prefect", *own, *needed]))


def _needs_of_dbt(module: Converted) -> DbtNeeds | None:
    return dbt_needs(module.path, module.text)


def _dbt(modules: Sequence[Converted]) -> list[str]:
    """The step that puts what dbt Core needs where the flows run; none where they do not run it."""
    needs = [found for module in modules if (found := _needs_of_dbt(module)) is not None]
    if not needs:
        return []
    directories = sorted({one for found in needs for one in found.directories})
    projects = f"its projects ({', '.join(map(_code, directories))})" if directories else "its projects"
    known = any(len(found.packages) > 1 for found in needs)
    adapter = "" if known else " and the adapter of its profile"
    step = (
        f"Have dbt{adapter} where the flows run, under the name that the commands have, and {projects}. The profiles "
        "have to be there too: dbt looks for `profiles.yml` in the directory that it runs in, then in `~/.dbt`, unless "
        "`--profiles-dir` or `DBT_PROFILES_DIR` says where."
    )
    return [step]


def _create_blocks(blocks: Sequence[LoadedBlock], exported: Mapping[str, Connection] | None) -> str:
    exports, remarks = [], []
    for block in blocks:
        known = exported.get(block.connection) if exported is not None else None
        for field in _kind(block).fields or (_WHOLE,):
            if known is None or field.argument not in known.arguments:
                unless = f"  # unless it is {field.absent}" if field.absent else ""
                unless = "  # the fields of the block, in JSON" if field is _WHOLE else unless
                exports.append(f"export {_variable(field, block)}=…{unless}")
        if known is None and exported is not None and _kind(block).types:
            title, name = _kind(block).title, _code(block.connection)
            remarks.append(f"The export of Airflow's connections has none for {title} named {name}.")
        elif known is not None and known.lost:
            remarks.append(
                f"The connection {_code(block.connection)} names {', '.join(known.lost)}, which a block cannot."
            )
    commands = _fenced("\n".join([*exports, f"python {BLOCKS}"]))
    secrets = " and ".join(dict.fromkeys(_kind(block).secrets for block in blocks))
    return "\n\n".join([f"Create the blocks; {secrets} are read from the environment.", commands, *remarks])


def _needs(module: Converted, neighbours: Collection[str], locate: Locate) -> list[str]:
    """Return what a module takes from the place where its DAG stood."""
    tree = ast.parse(module.text)
    found = []
    for node in walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            found.append(
                f"imports `{'.' * node.level}{node.module or ''}`, relative to its own package: it stayed there."
            )
        names = [(alias.name, "") for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and not node.level and node.module:
            names = [(node.module, alias.name) for alias in node.names]
        for name, taken in names:
            stays = (taken and locate(module, f"{name}.{taken}")) or locate(module, name)
            if stays:
                found.append(_stays(name, stays))
            elif name.partition(".")[0] in neighbours:
                found.append(f"imports `{name}`, which stayed with the DAGs: make it importable for the flows.")
        if isinstance(node, ast.Name) and node.id == "__file__":
            found.append(f"uses `__file__` (line {node.lineno} of the flow), which is another place now.")
    return list(dict.fromkeys(found))


def _stays(name: str, stays: Stays) -> str:
    """Describe the place of a module that a flow imports, and whether the flow finds it there."""
    begin = f"imports `{name}` ({_code(stays.file)}), which stayed with the DAGs: "
    if stays.importable:
        return f"{begin}it is importable from the flow's directory."
    return f"{begin}make it importable for the flows, as by `PYTHONPATH={_quoted(stays.root)}`."


def _ignored(paths: Sequence[str]) -> list[str]:
    if not paths:
        return []
    lines = [
        "## Left out\n",
        "No dbt operator is reported in these files: they have none, or their findings are suppressed.\n",
    ]
    return [*lines, *(f"- {_code(path)}" for path in paths), ""]


def _fenced(commands: str) -> str:
    return f"```sh\n{commands}\n```"


def _quoted(word: str) -> str:
    """A word of a shell's command line; one with control characters in the form that bash, zsh and ksh know."""
    import shlex

    if word.isprintable():
        return shlex.quote(word)
    quoted = "".join(
        one if one.isprintable() and one not in "\\'" else "".join(f"\\x{byte:02x}" for byte in os.fsencode(one))
        for one in word
    )
    return f"$'{quoted}'"


def _code(text: str) -> str:
    """Text as Markdown's code."""
    shown = _line(text)
    if "`" not in shown:
        return f"`{shown}`"
    fence = "`" * (max(map(len, re.findall("`+", shown))) + 1)
    return f"{fence} {shown} {fence}"


def _plain(text: str) -> str:
    """A sentence as Markdown, code in backquotes as it stands: no tags, links or images come out of names in it."""
    parts = re.split("(`[^`]*`)", _line(text))
    return "".join(
        part if part.startswith("`") and len(part) > 1 else re.sub(r"(<|`|\](?=[(\[]))", r"\\\1", part)
        for part in parts
    )


def _line(text: str) -> str:
    """Text on one line, control characters visible."""
    return visible(" ".join(text.split()))
