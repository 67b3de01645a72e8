"""Text and metadata of saved pages, by `coranto extract --batch` and the data's own scorer."""
import importlib.util
import json
import os
import subprocess

from . import TIME_LIMIT_SECONDS, Result, load

SUITES = (
    "extract-aeb", "extract-fundus", "extract-wcxb", "extract-segments", "extract-readability", "metadata-dates",
)
PROGRAMS = ("coranto",)

# The shares of pages whose metadata must be right.
METADATA_GOALS = {
    "extract-fundus": {"title": 0.85, "published": 0.98, "authors": 0.80},
    "metadata-dates": {"published": 0.92},
}
TEXT_GOALS = {"extract-aeb": 0.965, "extract-fundus": 0.955, "extract-wcxb": 0.940, "extract-segments": 0.915}


def run(directory, tools, programs, failed):
    scorer = load_scorer(tools)
    results = []
    for suite in SUITES:
        truth = load(directory, suite, "truth.json")
        if truth is None:
            continue
        pages, errors = extract(programs["coranto"], os.path.join(directory, suite), truth)
        results += score(suite, truth, pages, scorer, failed)
        if errors:
            results[-1].note += f"; {len(errors)} pages could not be read: {errors[0]}"
    return results


def load_scorer(tools):
    spec = importlib.util.spec_from_file_location("score_extraction", os.path.join(tools, "score_extraction.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def extract(program, folder, truth):
    """What the product reads in each page, by id, and the errors it tells."""
    lines = "".join(
        json.dumps({"id": name, "file": os.path.join(folder, page["file"]), "url": page.get("url")}) + "\n"
        for name, page in truth.items())
    done = subprocess.run([program, "extract", "--batch", "-"], input=lines.encode(), stdout=subprocess.PIPE,
                          timeout=TIME_LIMIT_SECONDS, check=False)
    answers = [json.loads(line) for line in done.stdout.decode().splitlines()]
    if len(answers) != len(truth):
        raise RuntimeError(f"{len(answers)} answers to {len(truth)} pages")
    errors = [answer["error"] for answer in answers if "error" in answer]
    return {answer["id"]: answer for answer in answers if "error" not in answer}, errors


def score(suite, truth, pages, scorer, failed):
    if suite == "extract-segments":
        results = [segments(suite, truth, pages, scorer, failed)]
    elif suite == "extract-wcxb":
        articles = {name: page for name, page in truth.items() if page["page_type"] == "article"}
        others = {name: page for name, page in truth.items() if page["page_type"] != "article"}
        results = [texts(suite, articles, pages, scorer, failed, "articles"),
                   texts(suite, others, pages, scorer, 0, "other pages", goal=None)]
    elif suite == "metadata-dates":
        results = []
    else:
        results = [texts(suite, truth, pages, scorer, failed)]
    return results + metadata(suite, truth, pages, scorer, failed)


def texts(suite, truth, pages, scorer, failed, what="", goal=0.0):
    """F1 over 4-word shingles."""
    rows = {name: scorer.page_counts(scorer.text_of(page), scorer.text_of(pages.get(name)), 4)
            for name, page in truth.items()}
    figures = scorer.prf(list(rows.values()))
    worst = sorted(rows, key=lambda name: rows[name])[:failed]
    return Result(
        label(suite, what), len(rows), figures["f1"], TEXT_GOALS.get(suite) if goal is not None else None,
        [f"{name}: right {rows[name][0]:.2f}, too much {rows[name][1]:.2f}, lost {rows[name][2]:.2f}" for name in worst],
        f"precision {figures['precision']:.3f}, recall {figures['recall']:.3f}")


def segments(suite, truth, pages, scorer, failed):
    """Phrases that must be in the text and phrases that must not."""
    figures = scorer.segments(truth, pages)
    worst = []
    for name, page in truth.items():
        text = " ".join(scorer.text_of(pages.get(name)).split())
        worst += [f"{name}: lost {phrase!r}" for phrase in page.get("must", []) if " ".join(phrase.split()) not in text]
        worst += [f"{name}: kept {phrase!r}" for phrase in page.get("must_not", []) if " ".join(phrase.split()) in text]
    return Result(suite, len(truth), figures["f1"], TEXT_GOALS.get(suite), worst[:failed],
                  f"precision {figures['precision']:.3f}, recall {figures['recall']:.3f}")


def metadata(suite, truth, pages, scorer, failed):
    """The share of pages whose title, day or authors are right; told without a goal where there is none."""
    results = []
    goals = METADATA_GOALS.get(suite, {})
    for field, figures in scorer.metadata(truth, pages).items():
        wrong = [name for name, page in truth.items() if page.get(field)
                 and not scorer.metadata({name: page}, {name: pages.get(name)}).get(field, {}).get("right")]
        worst = [f"{name}: {pages.get(name, {}).get(field)!r}, not {truth[name][field]!r}" for name in wrong[:failed]]
        what = "day" if field == "published" else field
        results.append(Result(label(suite, what), figures["pages"], figures["right"] / figures["pages"],
                              goals.get(field), worst))
    return results


def label(suite, what):
    return f"{suite} {what}".strip()
