"""Tells by its bytes whether a file may refer to a DAG, which nearly none does; knows no trees."""

from __future__ import annotations

import re

# What a call is named that defines a DAG.
DEFINES = r"(?i)(?!get|trigger|pause|unpause|delete|patch|clear|run|wait|start|find)\w*dag"
# One of these is in every text that refers to a DAG, but for plain `dag_id=`; where nearly every DAG has it, the
# pattern tells more.
_NEEDLES: dict[bytes, bytes] = {
    b"external_dag": b"",
    b"trigger_dag": b"",
    b"get_dag": b"",
    b"DagRun": b"",
    b"DagModel": b"",
    b"_dag_run": b"",
    b"patch_dag": b"",
    b"pause_dag": b"",
    b"delete_dag": b"",
    b"xcom_pull": rb"xcom_pull\((?:[^=()]*,|\*|(?:[^()]|\([^()]*\))*?dag_id)",
    b"dags/": rb"(?i)api/|dag_?runs|clearTask|taskInst|requests|httpx|http",
    b".dags": rb"\.dags\s*(?:\[|\.\s*get\b)",
    b".dag_id": rb"\.dag_id\s*(?:[=!]=|in\b|not\b|:|\.\s*(?:in_|i?like|__eq__))|[=!]=\s*[\w.\[\]\"'()]*\.dag_id",
    b"dag_id ": rb"(?i)\bdag_id\s+(?:=\s*'|like\b|in\s*\()",
    b"airflow": rb"\bairflow\W+(?:dags|tasks|backfill|trigger_dag|unpause|pause|delete_dag|dag_state|clear|run|test)\b",
}


def may_refer(text: bytes) -> bool:
    """Return whether a file can refer to a DAG; false for nearly all."""
    if not any(needle in text for needle in (b"dag", b"Dag", b"airflow", b"xcom_pull")):
        return False
    if any(needle in text and re.search(pattern, text) for needle, pattern in _NEEDLES.items()):
        return True
    at = text.find(b"dag_id")
    while at >= 0:
        if text[at + 6 : at + 8].lstrip().startswith((b"=", b"s")) and not _defines(text, at):
            return True
        at = text.find(b"dag_id", at + 6)
    return False


def _defines(text: bytes, at: int) -> bool:
    """Return whether an argument seems to be one of a call that defines a DAG."""
    bracket = text.rfind(b"(", 0, at)
    callee = re.search(rb"\w*\Z", text[max(0, bracket - 40) : bracket]) if bracket >= 0 else None
    return callee is not None and bool(re.fullmatch(DEFINES, callee[0].decode("utf-8", "replace")))
