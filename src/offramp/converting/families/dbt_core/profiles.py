"""The profiles that dbt connects by: the directory of a file, or why there is none yet."""

from __future__ import annotations

import ast
import json
import posixpath
import re

from offramp.converting.argument_text import Expressions
from offramp.converting.families.dbt_core.words import PROFILE, PROFILES, TARGET, given
from offramp.converting.recipes.body import Job
from offramp.dags.graph import Argument
from offramp.editing.text import repr_text
from offramp.finding.dbt_core import by_name
from offramp.model import Blocked
from offramp.python.values import Constant, Made, Reference, Table

# The target of the argument that names the file itself.
_FILE = "profiles file"
_MAPPING = "profile"
_NAME = "profiles.yml"
_SECRET = "key|pass|secret|token"


def profiles_directory(job: Job) -> str:
    """The directory of the profiles that a task is given, as Python text. Raises Blocked."""
    directory = given(job, PROFILES)
    if directory is not None:
        return job.expressions.text(directory[1])
    file, mapping = given(job, _FILE), given(job, _MAPPING)
    if mapping is not None:
        raise Blocked(_to_write(job, mapping[1]), mapping[1].node)
    if file is None:
        raise Blocked("no file of profiles is given, by which dbt would connect", job.task.node)
    return _above(job, file[1])


def _above(job: Job, file: Argument) -> str:
    known = job.expressions.constant(file)
    if known is not None:
        path, name = posixpath.split(str(known.value))
        _check_name(name, file)
        return repr_text(path or ".")
    node = file.node
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        last = job.expressions.constant(file._replace(node=node.right))
        if last == Constant(_NAME):
            return job.expressions.text(file._replace(node=node.left))
    text = job.expressions.text(file)
    if (joined := re.fullmatch(rf"""f(["'])(.*)/{re.escape(_NAME)}\1""", text)) is not None:
        alone = re.fullmatch(r"\{(\w+)\}", joined[2])
        return alone[1] if alone is not None else f"f{joined[1]}{joined[2]}{joined[1]}"
    job.expressions.doubts[f"the file of profiles has to be called {_NAME}"] = node
    return f"os.path.dirname({text})"


def _to_write(job: Job, mapping: Argument) -> str:
    """The reason why a profile that Cosmos makes of a connection prevents it, with the profile to write instead."""
    expressions = job.expressions
    reason = f"Cosmos makes a profile of a connection of Airflow: write a {_NAME} and give its path"
    made = expressions.module.values.single(mapping.node)
    if not isinstance(made, Made) or not isinstance(made.callee, Reference):
        return reason
    name = made.callee.path.rpartition(".")[2].removesuffix("ProfileMapping")
    described = by_name(expressions.module.rulebook.notes["cosmos-operator"], "profiles", name)
    if not described:
        return reason
    kind, *fields = described.split()
    entries = {"type": kind}
    for field in fields:
        key, _, value = field.partition("=")
        number = " | int" if key == "port" else ""
        entries[key] = value or f"\"{{{{ env_var('DBT_{key.upper()}'){number} }}}}\""
    entries |= _own(expressions, made)
    output = ", ".join(f"{key}: {value}" for key, value in entries.items())
    chosen = (given(job, option) for option in (PROFILE, TARGET))
    profile, target = (expressions.constant(one[1]) if one is not None else None for one in chosen)
    names = [str(one.value) if one is not None else usual for one, usual in ((profile, "default"), (target, "prod"))]
    return f"{reason}: `{names[0]}: {{target: {names[1]}, outputs: {{{names[1]}: {{{output}}}}}}}`"


def _own(expressions: Expressions, made: Made) -> dict[str, str]:
    """The fields that a mapping is given besides the connection's, as far as they are known."""
    given_fields = expressions.module.values.arguments(made.call).given.get("profile_args")
    table = given_fields.values[0] if given_fields is not None and len(given_fields.values) == 1 else None
    if not isinstance(table, Table):
        return {}
    known = {key: expressions.module.values.single(node) for key, node in table.entries.items() if node is not None}
    return {
        key: json.dumps(one.value, default=str)
        for key, one in known.items()
        if isinstance(one, Constant) and not re.search(_SECRET, key)
    }


def _check_name(name: str, file: Argument) -> None:
    """Blocked for a file of another name, which dbt would not find."""
    if name != _NAME:
        raise Blocked(f"dbt reads {_NAME} alone, and this file is called `{name}`", file.node)
