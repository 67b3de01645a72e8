"""Python libraries beside the product: a venv for them, and the CPU time of one run of either."""
import json
import os
import resource
import statistics
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SHARED = os.environ.get("CORANTO_SHARED") or os.path.join(ROOT, "..", "shared")


def python(packages):
    """The interpreter of a venv that has these; made, and filled by pip, the first time."""
    folder = os.path.join(ROOT, ".build-bench", "venv")
    program = os.path.join(folder, "bin", "python")
    if not os.path.exists(program):
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    there = subprocess.run([program, "-m", "pip", "freeze"], capture_output=True, text=True, check=True).stdout.split()
    missing = [name for name in packages if name not in there]
    if missing:
        subprocess.run([program, "-m", "pip", "install", "-q", *missing], check=True)
    return program


def seconds(command, lines):
    """CPU seconds of a whole process, and its output's lines as JSON."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, input="".join(json.dumps(line) + "\n" for line in lines).encode(), check=True,
                          stdout=subprocess.PIPE)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
            [json.loads(line) for line in done.stdout.splitlines()])


def told(program, script, question):
    """What a script says as JSON, asked with JSON on standard input."""
    done = subprocess.run([program, "-c", script], input=json.dumps(question).encode(), stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, check=True)
    return json.loads(done.stdout)


def median(rows):
    return statistics.median(row[0] for row in rows)
