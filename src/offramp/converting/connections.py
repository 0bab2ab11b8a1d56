"""Airflow connections as ``airflow connections export`` writes them: what blocks need of them, never a secret.

May import ``model``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from offramp.model import OfframpError
from offramp.record import NamedTuple


class Connection(NamedTuple):
    """All that a block takes from a connection: its arguments as Python text, and what it cannot take, by name."""

    arguments: Mapping[str, str]
    lost: tuple[str, ...] = ()


class BlockField(NamedTuple):
    """One argument of a block: the environment variable that gives it, how that is read, and what it is if absent."""

    argument: str
    variable: str
    form: str = "{}"
    absent: str = ""


class BlockKind(NamedTuple):
    """A class of blocks: the connections that it comes from, and how ``blocks.py`` makes one.

    ``fields`` come from environment variables that begin with ``prefix``, where a connection does not tell;
    ``title`` and ``secrets`` are words for its connections and for what never comes from them.
    """

    title: str
    types: tuple[str, ...]
    read: Callable[[str, str, Mapping[str, object]], Connection]
    prefix: str
    fields: tuple[BlockField, ...]
    secrets: str


def block_kind(text: str) -> BlockKind:
    """The kind of a class that a note names: its dotted path, and the fields that come from the environment.

    Without fields the whole block is one variable, in JSON.
    """
    path, _, fields = text.partition("(")
    name = path.rpartition(".")[2]
    prefix = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper()
    return BlockKind(
        title=name,
        types=(),
        read=lambda _name, _identifier, _fields: Connection({}),
        prefix=prefix,
        fields=tuple(BlockField(field, field.upper()) for field in re.findall(r"\w+", fields)),
        secrets="what they hold",
    )


def connections(name: str, text: str, kinds: Iterable[BlockKind]) -> dict[str, Connection]:
    """The connections of an export in JSON that blocks of these kinds come from, by id; ``name`` is the file's.

    Both forms that Airflow writes are read, objects and URIs. Raises OfframpError with
    a sentence that quotes nothing but connection ids: anything else may be a secret.
    """
    import json  # a check needs it for no file

    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise OfframpError(f"{name}:{error.lineno}: the connections are not JSON: {error.msg}") from None
    except RecursionError:
        raise OfframpError(f"{name}: the connections are nested too deeply") from None
    if not isinstance(data, dict):
        raise OfframpError(f"{name}: the connections are not a JSON object, with connection ids as its keys")
    by_type = {one: kind for kind in kinds for one in kind.types}
    found = {}
    for identifier, value in data.items():
        fields = _of_uri(name, identifier, value) if isinstance(value, str) else value
        if not isinstance(fields, dict):
            raise OfframpError(f"{name}: the connection `{identifier}` is neither a URI nor an object")
        kind = by_type.get(str(fields.get("conn_type")))
        if kind is not None:
            found[identifier] = kind.read(name, identifier, fields)
    return found


def _of_uri(name: str, identifier: str, uri: str) -> dict[str, object]:
    from urllib.parse import parse_qsl, unquote, urlsplit

    kind, mark, rest = uri.partition("://")
    # Airflow also writes a host with a scheme of its own, as a second ``://``.
    if rest.startswith(("http://", "https://")):
        rest = rest.partition("://")[2]
    try:
        parts = urlsplit(f"//{rest}")
        host, login = parts.hostname, parts.username
    except ValueError:
        parts, mark = urlsplit(""), ""
        host = login = None
    if not mark:
        raise OfframpError(f"{name}: the URI of the connection `{identifier}` cannot be read")
    return {
        "conn_type": kind.replace("-", "_"),
        "host": unquote(host or ""),
        "login": unquote(login or ""),
        "extra": dict(parse_qsl(parts.query)),
    }
