"""Suite urls: each operation by itself; those a news ingester needs have a goal, the rest is told."""
from . import ask, load, result

SUITES = ["urls"]
PROGRAMS = ["coranto-conformance"]
GOALS = {("crawler-commons", "resolve"): 0.97, ("miniflux", "strip_tracking"): 0.97}
MEDIACLOUD_GOAL = 0.97
WEB_GOAL = 0.99


def run(directory, tools, programs, failed):
    cases = load(directory, "urls")
    if cases is None:
        return []
    answers = ask(programs, [question(case) for case in cases])
    groups = {}
    for case, answer in zip(cases, answers):
        groups.setdefault(group(case), []).append((shown(case), answer, case["expected"]))
    return [result("urls/" + name, rows, goal(name), failed) for name, rows in sorted(groups.items(), key=order)]


def question(case):
    options = dict(case.get("options") or {})
    for name in ("site_url", "feed_url"):
        if name in case:
            options[name] = case[name]
    return {"op": f"url_{case['origin']}_{case['op']}".replace("-", "_"), "args": case["args"], "options": options}


def group(case):
    name = f"{case['origin']}/{case['op']}"
    if name == "wpt/parse":
        return name if is_web(case) else name + " (other schemes)"
    return name


def is_web(case):
    """Whether an address of http or https is expected, or was attempted and must fail."""
    expected = case["expected"]
    if expected is not None:
        return expected.startswith(("http:", "https:"))
    texts = [each or "" for each in case["args"]]
    first = texts[0].lstrip("".join(map(chr, range(0x21)))).lower()
    has_scheme = first.split(":")[0].isalpha() and ":" in first
    return first.startswith(("http:", "https:")) if has_scheme else texts[-1].lower().startswith("http")


def goal(name):
    if name == "wpt/parse":
        return WEB_GOAL
    origin, op = name.split("/", 1)
    return MEDIACLOUD_GOAL if origin == "mediacloud" else GOALS.get((origin, op))


def order(item):
    return (goal(item[0]) is None, item[0])


def shown(case):
    return " ".join(repr(each) for each in case["args"])
