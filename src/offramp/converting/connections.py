"""Airflow connections as ``airflow connections export`` writes them: what blocks need of them, never a secret.

May import ``model``.
"""

from __future__ import annotations

import json
import re
from urllib.parse import parse_qsl, unquote, urlsplit

from offramp.model import OfframpError
from offramp.record import NamedTuple

DEFAULT_DOMAIN = "cloud.getdbt.com"

_TYPES = ("dbt_cloud", "dbt-cloud")
_DOMAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]+)?")


class Connection(NamedTuple):
    """All that a credentials block takes from a connection.

    ``account`` is None where the login is no account id. ``proxies`` says that the
    connection names some, which the block cannot.
    """

    account: int | None
    domain: str
    proxies: bool = False


def connections(name: str, text: str) -> dict[str, Connection]:
    """The dbt Cloud connections of an export in JSON, by id; ``name`` is the file's.

    Both forms that Airflow writes are read, objects and URIs. Raises OfframpError with
    a sentence that quotes nothing but connection ids: anything else may be a secret.
    """
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise OfframpError(f"{name}:{error.lineno}: the connections are not JSON: {error.msg}") from None
    except RecursionError:
        raise OfframpError(f"{name}: the connections are nested too deeply") from None
    if not isinstance(data, dict):
        raise OfframpError(f"{name}: the connections are not a JSON object, with connection ids as its keys")
    found = {}
    for identifier, value in data.items():
        fields = _of_uri(name, identifier, value) if isinstance(value, str) else value
        if not isinstance(fields, dict):
            raise OfframpError(f"{name}: the connection `{identifier}` is neither a URI nor an object")
        if str(fields.get("conn_type")) in _TYPES:
            found[identifier] = _connection(name, identifier, fields)
    return found


def _of_uri(name: str, identifier: str, uri: str) -> dict[str, object]:
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


def _connection(name: str, identifier: str, fields: dict[str, object]) -> Connection:
    login = str(fields.get("login") or "").strip()
    host = str(fields.get("host") or "").strip()
    domain = re.sub(r"^[A-Za-z][A-Za-z0-9+.-]*://", "", host).rstrip("/")
    if domain and not _DOMAIN.fullmatch(domain):
        raise OfframpError(f"{name}: the host of the connection `{identifier}` is not a domain")
    account = int(login) if login.isascii() and login.isdecimal() else None
    return Connection(account, domain or DEFAULT_DOMAIN, _names_proxies(fields.get("extra")))


def _names_proxies(extra: object) -> bool:
    if isinstance(extra, str):
        try:
            extra = json.loads(extra or "{}")
        except (json.JSONDecodeError, RecursionError):
            return False
    if isinstance(extra, dict) and isinstance(extra.get("__extra__"), str):
        return _names_proxies(extra["__extra__"])
    return isinstance(extra, dict) and bool(extra.get("proxies"))
