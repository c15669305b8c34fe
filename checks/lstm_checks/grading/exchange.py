"""Results in the forms of other tools: Gradescope's results.json, and JUnit XML."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from xml.etree import ElementTree

from lstm_checks.grading.results import Record

ILLEGAL = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # in XML 1.0


def as_gradescope(seen: Mapping[str, Any]) -> str:
    """Gradescope's results.json of one student: a test per rung, in plain text.

    No test is hidden, since a hidden one hides the student's total; hidden laws have no text.
    """
    tests = [
        {
            "name": rung["rung"],
            "number": str(number),
            "score": round(rung["points"] - rung["lost"], 2),
            "max_score": rung["points"],
            "status": "failed" if rung["lost"] else "passed",
            "output": "\n".join(
                f"{law['id']} ({law['status']}){': ' if law['text'] else ''}{law['text']}"
                for law in rung["laws"]
            ),
            "output_format": "text",
            "visibility": "visible",
        }
        for number, rung in enumerate(seen["rungs"], 1)
    ]
    output = "\n".join(
        [
            seen["words"],
            *([seen["says"]] if seen["says"] else []),
            *([f"{seen['late']:g} points are lost for being late."] if seen["late"] else []),
            *([f"The file {seen['main']} was graded."] if seen["main"] else []),
            *(f"Left out: {name}" for name in seen["left_out"]),
        ]
    )
    made = {
        "score": seen["score"] or 0.0,
        "execution_time": round(seen["seconds"]),
        "output": output,
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": tests,
    }
    return json.dumps(made, indent=1, ensure_ascii=True) + "\n"


def as_junit(title: str, records: Iterable[Record]) -> str:
    """JUnit XML: a test case per student; what the grader failed at is an error, not a failure."""
    records = list(records)
    suite = ElementTree.Element("testsuite", name=_xml(title), tests=str(len(records)))
    failures = errors = 0
    for one in records:
        case = ElementTree.SubElement(
            suite, "testcase", classname="lstm", name=_xml(one["id"]), time=f"{one['seconds']:g}"
        )
        if one["status"] == "passed":
            continue
        wrong = one["status"] in ("infra", "unusable")
        failures, errors = failures + (not wrong), errors + wrong
        found = ElementTree.SubElement(case, "error" if wrong else "failure", type=one["status"])
        found.set("message", _xml(one["says"]))
        score = "none" if one["score"] is None else f"{one['score']:g}"
        found.text = f"score {score} of {one['out_of']:g}"
    suite.set("failures", str(failures))
    suite.set("errors", str(errors))
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _xml(text: str) -> str:
    return ILLEGAL.sub("\ufffd", text)
