"""What a conformance suite's run gives, and how suites ask the product.

Each module here runs one or more suites: run(directory, tools, programs, failed) -> list of Result, where directory holds the
suites' folders, tools the scorers, programs is {"coranto": path, "coranto-conformance": path}, and failed is how many misses
to name. A suite whose folder is absent is passed over. SUITES names the folders a module knows (without it, it is always
run), PROGRAMS which programs it asks (without it, both).
"""
import json
import os
import subprocess
from dataclasses import dataclass, field

TIME_LIMIT_SECONDS = 600


@dataclass
class Result:
    suite: str
    cases: int
    score: float | None = None
    goal: float | None = None
    worst: list[str] = field(default_factory=list)
    note: str = ""

    @property
    def is_missed(self):
        # A score that is one case short of the goal must not be rounded up to it.
        return self.goal is not None and (self.score is None or self.score < self.goal - 1e-12)


def load(directory, suite, name="cases.json"):
    """The cases of a suite, or None if it is not there."""
    path = os.path.join(directory, suite, name)
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def ask(programs, questions):
    """The product's answers to questions {"op", "args", "options"}, in their order.

    Lone surrogates, which no UTF-8 can hold, go as U+FFFD: what a browser makes of them before it parses.
    """
    lines = (json.dumps(whole(question), ensure_ascii=False) + "\n" for question in questions)
    done = subprocess.run([programs["coranto-conformance"], "answer"], input="".join(lines).encode(),
                          stdout=subprocess.PIPE, timeout=TIME_LIMIT_SECONDS, check=True)
    answers = [json.loads(line).get("result") for line in done.stdout.decode().splitlines()]
    if len(answers) != len(questions):
        raise RuntimeError(f"{len(answers)} answers to {len(questions)} questions")
    return answers


def whole(value):
    if isinstance(value, str):
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, list):
        return [whole(each) for each in value]
    if isinstance(value, dict):
        return {name: whole(each) for name, each in value.items()}
    return value


def result(suite, rows, goal=None, failed=0, note=""):
    """A Result of rows (what was asked, what came, what was expected)."""
    misses = [row for row in rows if row[1] != row[2]]
    score = (len(rows) - len(misses)) / len(rows) if rows else None
    worst = [f"{shown(asked)}: {shown(came)}, not {shown(expected)}" for asked, came, expected in misses[:failed]]
    return Result(suite, len(rows), score, goal if rows else None, worst, note)


def shown(value, limit=160):
    text = value if isinstance(value, str) and value.isprintable() and value else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= limit else text[:limit] + "…"
