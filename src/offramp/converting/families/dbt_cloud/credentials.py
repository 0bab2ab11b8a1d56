"""The block of dbt Cloud's credentials, and what it takes from a connection of Airflow."""

from __future__ import annotations

import re
from collections.abc import Mapping

from offramp.converting.connections import BlockField, BlockKind, Connection
from offramp.model import OfframpError

CREDENTIALS = "prefect_dbt.cloud.DbtCloudCredentials"
_DEFAULT_DOMAIN = "cloud.getdbt.com"
_DOMAIN = r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]+)?"


def _read(name: str, identifier: str, fields: Mapping[str, object]) -> Connection:
    """The account and the domain of a connection; a login that is not an account id is left to be given."""
    login = str(fields.get("login") or "").strip()
    host = str(fields.get("host") or "").strip()
    domain = re.sub(r"^[A-Za-z][A-Za-z0-9+.-]*://", "", host).rstrip("/")
    if domain and not re.fullmatch(_DOMAIN, domain):
        raise OfframpError(f"{name}: the host of the connection `{identifier}` is not a domain")
    arguments = {"domain": f'"{domain or _DEFAULT_DOMAIN}"'}
    if login.isascii() and login.isdecimal():
        arguments["account_id"] = str(int(login))
    lost = ("proxies",) if _names_proxies(fields.get("extra")) else ()
    return Connection(arguments, lost)


def _names_proxies(extra: object) -> bool:
    import json

    if isinstance(extra, str):
        try:
            extra = json.loads(extra or "{}")
        except (json.JSONDecodeError, RecursionError):
            return False
    if isinstance(extra, dict) and isinstance(extra.get("__extra__"), str):
        return _names_proxies(extra["__extra__"])
    return isinstance(extra, dict) and bool(extra.get("proxies"))


KIND = BlockKind(
    title="dbt Cloud",
    types=("dbt_cloud", "dbt-cloud"),
    read=_read,
    prefix="DBT_CLOUD",
    fields=(
        BlockField("api_key", "API_KEY"),
        BlockField("account_id", "ACCOUNT_ID", "int({})"),
        BlockField("domain", "DOMAIN", absent=_DEFAULT_DOMAIN),
    ),
    secrets="the API keys",
)
