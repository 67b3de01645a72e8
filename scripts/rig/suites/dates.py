"""Suite dates: the instant of each text, to the second; null must be refused."""
import datetime

from . import ask, load, result

SUITES = ["dates"]
PROGRAMS = ["coranto-conformance"]
# Families that a field's format names. Anything else is what a feed may hold in any field.
DECLARED = {"w3dtf": "w3c"}


def run(directory, tools, programs, failed):
    cases = load(directory, "dates")
    if cases is None:
        return []
    answers = ask(programs, [{"op": "date", "args": [case["input"]], "options": {"form": DECLARED.get(case["kind"], "any")}}
                             for case in cases])
    rows = []
    for case, answer in zip(cases, answers):
        seconds = None if answer is None else answer["milliseconds"] // 1000
        if case.get("parses"):
            rows.append((case["input"], seconds is not None, True))
        else:
            rows.append((case["input"], utc(seconds), case["expected_utc"]))
    return [result("dates", rows, 0.99, failed)]


def utc(seconds):
    if seconds is None:
        return None
    moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=seconds)
    return moment.isoformat(timespec="seconds") + "Z"
