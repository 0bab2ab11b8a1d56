"""Findings as a SARIF 2.1.0 log; may import finding, reading and model."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from itertools import groupby
from operator import attrgetter
from typing import Any
from urllib.parse import quote

from offramp import __version__
from offramp.escapes import as_json
from offramp.finding.api_keys import told_code
from offramp.finding.baseline import Entry
from offramp.model import Applicability, FileResult, Fix, Note, Rule, Span
from offramp.output import SITE, rule_url, well_formed
from offramp.output.json_objects import json_array
from offramp.output.locations import Located, Repository, identity, located
from offramp.output.outcome import Outcome
from offramp.reading.source import Positions, newline_of

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_ROOT = "%SRCROOT%"
_FINGERPRINT = "offramp/v1"


def report(outcome: Outcome) -> Iterator[str]:
    """A JSON object with one run.

    Columns count code points, and URIs are relative to the repository. Where findings
    were compared, known ones are shown too, suppressed, and those that are gone. Fixes
    are the safe ones.
    """
    codes = {finding.code for result in (*outcome.found, *outcome.known) for finding in result.findings}
    rules = sorted(codes | {entry.code for entry in outcome.gone})
    run = {
        "tool": {
            "driver": {
                "name": "offramp",
                "version": __version__,
                "semanticVersion": __version__,
                "informationUri": SITE,
                "rules": [_rule(outcome.rules[code], outcome.notes) for code in rules],
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_ROOT: {"description": {"text": "the root of the repository"}}},
        "invocations": [_invocation(outcome)],
        "results": [],
    }
    opening, closing = as_json({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}).rsplit("[]", 1)
    yield opening
    yield from json_array(_results(outcome, {code: index for index, code in enumerate(rules)}))
    yield f"{closing}\n"


def _rule(rule: Rule, notes: Mapping[str, Note]) -> dict[str, object]:
    words = rule.name.replace("-", " ")
    intent = notes[rule.section].fields.get("intent", "") if rule.section in notes else ""
    described = " ".join(intent.split()) or words
    url = rule_url(rule.code)
    return {
        "id": rule.code,
        "name": "".join(word.capitalize() for word in rule.name.split("-")),
        "shortDescription": {"text": words},
        "fullDescription": {"text": described},
        "helpUri": url,
        "help": {"text": f"{described} See {url}", "markdown": f"{described} [More]({url})"},
        "defaultConfiguration": {"enabled": rule.default, "level": "error"},
    }


def _invocation(outcome: Outcome) -> dict[str, object]:
    invocation: dict[str, object] = {"executionSuccessful": not (outcome.problems or outcome.unparsed)}
    if outcome.problems:
        notifications = [{"level": "error", "message": {"text": problem}} for problem in outcome.problems]
        invocation["toolExecutionNotifications"] = notifications
    return invocation


def _results(outcome: Outcome, index: dict[str, int]) -> Iterator[dict[str, Any]]:
    known = {id(finding) for result in outcome.known for finding in result.findings}
    for item in located(_together(outcome)):
        code = item.finding.code
        result = {
            "ruleId": code,
            "ruleIndex": index[code],
            "level": "error",
            "message": {"text": item.message},
            "locations": [_location(item.path, _region(item.finding.span, item.positions))],
            "partialFingerprints": {_FINGERPRINT: identity(item.entry)},
        }
        fix = item.finding.fix
        if fix is not None and fix.applicability is Applicability.SAFE and fix.edits:
            result["fixes"] = [_fix(fix, item)]
        if outcome.compared:
            result["baselineState"] = "unchanged" if id(item.finding) in known else "new"
        if id(item.finding) in known:
            result["suppressions"] = [{"kind": "external", "justification": "accepted when the gate was set up"}]
        yield result
    within = Repository()
    for entry in outcome.gone:
        yield _absent(entry._replace(path=within.relative(entry.path)), index)


def _together(outcome: Outcome) -> Iterator[FileResult]:
    """All files, each with its new and known findings together, so that equal ones are numbered as they stand."""
    path = attrgetter("path")
    for _, same in groupby(sorted((*outcome.found, *outcome.known), key=path), key=path):
        first, *others = same
        findings = sorted(
            (finding for result in (first, *others) for finding in result.findings), key=attrgetter("span")
        )
        yield first._replace(findings=tuple(findings))


def _absent(entry: Entry, index: dict[str, int]) -> dict[str, Any]:
    return {
        "ruleId": entry.code,
        "ruleIndex": index[entry.code],
        "level": "error",
        "message": {"text": well_formed(f"`{told_code(entry.name)}` is gone")},
        "locations": [_location(entry.path, None)],
        "partialFingerprints": {_FINGERPRINT: identity(entry)},
        "baselineState": "absent",
    }


def _fix(fix: Fix, item: Located) -> dict[str, object]:
    newline = newline_of(item.positions.utf8)
    replacements = [
        {
            "deletedRegion": _region(edit.span, item.positions),
            "insertedContent": {"text": edit.text.replace("\n", newline)},
        }
        for edit in fix.edits
    ]
    change = {"artifactLocation": _artifact(item.path), "replacements": replacements}
    return {"description": {"text": fix.title}, "artifactChanges": [change]}


def _location(path: str, region: dict[str, int] | None) -> dict[str, object]:
    physical: dict[str, object] = {"artifactLocation": _artifact(path)}
    if region is not None:
        physical["region"] = region
    return {"physicalLocation": physical}


def _artifact(path: str) -> dict[str, str]:
    if os.path.isabs(path):
        return {"uri": file_uri(path)}
    return {"uri": quote(os.fsencode(path)), "uriBaseId": _ROOT}


def file_uri(path: str) -> str:
    """The URI of an absolute path with ``/``; one of Windows begins with its drive."""
    quoted = quote(os.fsencode(path), safe="/:")
    return f"file://{quoted}" if path.startswith("/") else f"file:///{quoted}"


def _region(span: Span, positions: Positions) -> dict[str, int]:
    start, end = positions.location(span.start), positions.location(span.end)
    return {"startLine": start.row, "startColumn": start.column, "endLine": end.row, "endColumn": end.column}
