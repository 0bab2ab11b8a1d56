"""The ids of DAGs in texts that ask Airflow for something: requests, commands, templates, queries; knows no trees."""

from __future__ import annotations

import re
from collections.abc import Iterator

from offramp.project.texts import WILD

TEMPLATE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_ID = r"[^\s/?#\"'&;|<>()]+"
_REST = re.compile(
    rf"api/(?:v\d+|experimental|\0)/dags/(?P<id>{_ID})"
    rf"|dags/(?P<of>{_ID})/(?:dagRuns|dag_runs|taskInstances|clearTaskInstances|updateTaskInstancesState|details)\b"
)
# What a request is made to, where the API's own address is not in the text.
_REQUESTED = re.compile(rf"(?:^|/|\0)dags/(?P<id>{_ID})/?$")
_COMMAND = re.compile(
    r"\bairflow\s+(?:(?:dags|tasks|backfill)\s+[\w-]+|trigger_dag|unpause|pause|delete_dag|dag_state|backfill|clear|run|test)"
    r"(?P<rest>(?:\\\n|[^\n;&|])*)"
)
_PULLED = re.compile(
    r"xcom_pull\(\s*(?:(?:[^()]|\([^()]*\))*?dag_id\s*=\s*|(?:[\"'][^\"']*[\"']|\[[^\]]*\])\s*,\s*)"
    r"[\"'](?P<id>[^\"']+)"
)
_QUERIED = re.compile(r"\bdag_id\s*(?:=|like|in\s*\()\s*(?P<ids>'[^']+'(?:\s*,\s*'[^']+')*)", re.IGNORECASE)


def may_ask(text: str) -> bool:
    """Return whether a text, or what it is a part of, may name a DAG."""
    return any(word in text for word in ("dags/", "airflow", "xcom_pull", "dag_id", "dagRuns", "dag_runs"))


def ids_asked_for(text: str, *, is_requested: bool = False) -> Iterator[str]:
    """The ids in a text, with wildcards for what is not known of them.

    ``is_requested`` are texts that a request is made to, which may be paths by themselves.
    """
    for match in _PULLED.finditer(text):
        yield match["id"]
    text = TEMPLATE.sub(WILD, text)
    for match in _REST.finditer(text):
        yield match["id"] or match["of"]
    if is_requested and (requested := _REQUESTED.search(text)) is not None:
        yield requested["id"]
    for match in _COMMAND.finditer(text):
        for word in re.split(r"[\s\\=]+", match["rest"]):
            plain = re.sub(r"\$\{?\w+\}?", WILD, word.strip("\"'"))
            if plain and not plain.startswith("-"):
                yield plain
    for match in _QUERIED.finditer(text):
        yield from re.findall(r"'([^']+)'", match["ids"])
