"""What every benchmark prints: the machine, and a table."""

import os
import platform
import shlex
import subprocess
import time
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


def machine():
    import keras

    cpu = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            cpu = line.split(":", 1)[1].strip()
            break
    return (
        f"{os.cpu_count()} cores of {cpu}, Python {platform.python_version()}, "
        f"Keras {keras.__version__} on {keras.backend.backend()}"
    )


def best_time(run, repeats=5):
    """The shortest of a few runs, in seconds, after one to compile."""
    run()
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        run()
        times.append(time.perf_counter() - began)
    return min(times)


def ask_peer(command, items):
    """Runs another engine on items of an evaluation set.

    The command reads lines `id, syllables` and writes what `read_answers` reads.
    """
    lines = "".join(f"{item.id}\t{item.keys}\n" for item in items)
    run = subprocess.run(shlex.split(command), input=lines, text=True, capture_output=True)
    return read_answers(run.stdout)


def read_answers(text):
    """`id, best, others|..., microseconds, ...` as a dict id -> (candidates, milliseconds)."""
    found = {}
    for line in text.splitlines():
        name, best, others, microseconds = line.split("\t")[:4]
        found[name] = ([best, *filter(None, others.split("|"))], float(microseconds) / 1e3)
    return found


def report(name, title, header, rows, note=""):
    """Prints a markdown table and keeps it in results/."""
    lines = [f"# {title}", "", machine(), "", "| " + " | ".join(header) + " |"]
    lines.append("|" + " --- |" * len(header))
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in rows]
    text = "\n".join(lines) + "\n" + (f"\n{note}\n" if note else "")
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.md").write_text(text, encoding="utf-8")
    print(text)
