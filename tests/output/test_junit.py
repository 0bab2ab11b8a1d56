"""The JUnit report, read with junitparser."""

from __future__ import annotations

import pytest
from junitparser import Error, Failure, JUnitXml

from offramp.model import FileResult
from offramp.output.layouts.junit import report as junit
from offramp.output.outcome import Outcome

from .conftest import ODD, RULES, TEXT, finding, outcome

pytestmark = pytest.mark.usefixtures("repository")


def read(found: Outcome) -> JUnitXml:
    return JUnitXml.fromstring("".join(junit(found)).encode())


def test_nothing_found_is_one_passed_case() -> None:
    report = read(outcome())
    assert (report.tests, report.failures, report.errors) == (1, 0, 0)
    (suite,) = report
    (case,) = suite
    assert (suite.name, case.name, case.is_passed) == ("offramp", "run", True)


def test_each_finding_is_a_failed_case_of_its_files_suite() -> None:
    text = "Op(1)\nOp(1)\n"
    results = (
        FileResult(ODD, (finding(TEXT, "Op"),), TEXT.encode()),
        FileResult("b.py", (finding(text, "Op(1)"),) * 2, text.encode()),
    )
    report = read(Outcome(results, RULES, ""))
    assert (report.tests, report.failures, report.errors) == (4, 3, 0)
    run, first, second = report
    assert (run.name, first.name, second.name) == ("offramp", ODD, "b.py")
    (case,) = first
    assert (case.name, case.classname) == ("OFR101 Op", ODD)
    assert case._elem.get("file") == ODD
    assert case._elem.get("line") == "2"
    (failure,) = case.result
    assert isinstance(failure, Failure)
    assert (failure.type, failure.message, failure.text) == ("OFR101", "message", f"{ODD}:2:11: OFR101 message")
    assert [case.name for case in second] == ["OFR101 Op(1)", "OFR101 Op(1) (2)"]


def test_a_problem_is_an_error_so_that_nothing_seems_to_have_passed() -> None:
    report = read(outcome(problems=("a.py: cannot read", "b.py: cannot read")))
    assert (report.tests, report.failures, report.errors) == (2, 0, 2)
    (suite,) = report
    results = [result for case in suite for result in case.result]
    assert all(isinstance(result, Error) for result in results)
    assert [result.message for result in results] == ["a.py: cannot read", "b.py: cannot read"]


def test_what_xml_gives_a_meaning_comes_back_and_what_it_cannot_hold_is_replaced() -> None:
    odd = "<&>\"'\t\r\n]]> é 𐐀"
    name = 'a<&>"\t\n.py'
    (_, suite) = read(outcome(finding("Op\n", "Op", message=f"{odd}\x00\x1b\ud800\uffff"), path=name, text="Op\n"))
    (case,) = suite
    (failure,) = case.result
    assert suite.name == name
    assert failure.message == f"{odd}\ufffd\ufffd\\ud800\ufffd"
