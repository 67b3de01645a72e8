"""Suite robots: the matcher and parser of robots.txt; the RFC's cases and the leniency beyond it are told apart."""
from . import ask, load, result

SUITES = ["robots"]
PROGRAMS = ["coranto-conformance"]


def run(directory, tools, programs, failed):
    cases = load(directory, "robots")
    if cases is None:
        return []
    rows = {False: [], True: []}
    for case, answer in zip(cases, ask(programs, [question(case) for case in cases])):
        wanted = expected(case)
        if case["kind"] == "report" and answer is not None:
            answer = {name: answer.get(name) for name in wanted}
        rows[bool(case.get("google_only"))].append((shown(case), answer, wanted))
    return [result("robots", rows[False], 1.0, failed, "RFC 9309"),
            result("robots/lenient", rows[True], None, failed, "google_only")]


def question(case):
    kind = case["kind"]
    if kind == "allowed":
        args = [text(case), case["agent"], case["url"]]
    elif kind == "report":
        args = [text(case)]
    else:
        args = [case["agent"] if kind == "valid_agent" else case["input"]]
    return {"op": "robots_" + kind, "args": args, "options": {}}


def text(case):
    """The file's bytes, in hexadecimal: they need not be UTF-8."""
    return case.get("robots_txt_hex") or case["robots_txt"].encode("utf-8", "surrogatepass").hex()


def expected(case):
    for name in ("allowed", "valid", "expect", "expected"):
        if name in case:
            return case[name]
    return None


def shown(case):
    return " ".join(str(case[name]) for name in ("kind", "agent", "url", "input", "robots_txt") if name in case)
