"""Exported files as a host runs them: latency, memory, accuracy, beside another engine.

    python benchmarks/on_device.py FILE.tflite --sets FOLDER [--peer COMMAND] [--cpp PROGRAM]

Latency is processor time of one thread for inputs of ten keys with ten candidates, without left
context. A peer is a command as `common.ask_peer` takes it. Memory and the first result are those of
a new process that runs `keras_pinyin.ime.Converter`, Keras not being loaded, or the program that
tflite/cpp builds.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from common import ask_peer, report

from keras_pinyin.data.eval_sets import read_eval_set
from keras_pinyin.ime import Converter
from keras_pinyin.metrics import score_conversions

ROOT = Path(__file__).resolve().parent.parent
KEYS, TIMED, TURN = 10, 200, 20
SAID = (
    "jin tian tian qi zhen de hen bu cuo a",
    "wo men qu gong yuan zou yi zou ba ma",
    "今天天气真好，",
)
COLD = """
import json, sys, time
sys.path.insert(0, sys.argv[2])
from keras_pinyin.ime import Converter
began = time.perf_counter()
converter = Converter(sys.argv[1])
converter.convert("", sys.argv[3])
first = time.perf_counter() - began
converter.convert(sys.argv[5], sys.argv[4])
# Not ru_maxrss: a new process begins with that of the one which started it.
with open("/proc/self/status") as status:
    peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
print(json.dumps([first, peak]))
"""


class Program:
    """What tflite/cpp builds, asked line by line."""

    def __init__(self, program, model):
        self._process = subprocess.Popen(
            [program, model, "--lines"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def convert(self, context, keys):
        """Converts, and returns milliseconds of processor time."""
        self._process.stdin.write(f"{keys}\t{context}\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline().split("\t")[2]) / 1e3

    def close(self):
        """Ends the process, and returns its peak memory in KiB."""
        peak = _peak(self._process.pid)
        self._process.stdin.close()
        self._process.wait()
        return peak


def _peak(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))


def cold_program(program, model):
    first, later, context = SAID
    began = time.perf_counter()
    host = Program(program, model)
    host.convert("", first)
    taken = time.perf_counter() - began
    for _ in range(20):
        host.convert(context, later)
    return taken, host.close()


def main(options):
    sets = {path.stem: read_eval_set(path) for path in sorted(Path(options.sets).glob("*.tsv"))}
    ten = [item for items in sets.values() for item in items if len(item.keys.split()) == KEYS]
    ten = ten[:: max(len(ten) // TIMED, 1)][:TIMED]
    converters = {path: Converter(path) for path in options.files}
    programs = {path: Program(options.cpp, path) for path in options.files if options.cpp}
    times = {name: [] for name in (*options.files, *(f"{path}, C++" for path in programs), "peer")}
    for start in range(0, len(ten), TURN):  # by turns: a busy machine slows all alike
        turn = ten[start : start + TURN]
        for path, converter in converters.items():
            for item in turn:
                began = time.process_time()
                converter.convert("", item.keys)
                times[path].append(1e3 * (time.process_time() - began))
        for path, program in programs.items():
            times[f"{path}, C++"] += [program.convert("", item.keys) for item in turn]
        if options.peer:
            times["peer"] += [taken for _, taken in ask_peer(options.peer, turn).values()]
    for program in programs.values():
        program.close()
    rows = []
    for path, converter in converters.items():
        cold = subprocess.run(
            [sys.executable, "-c", COLD, path, str(ROOT), *SAID],
            check=True,
            capture_output=True,
        )
        first, peak = json.loads(cold.stdout)
        size, speed = os.path.getsize(path) / 1e6, statistics.median(times[path])
        shown = [f"{size:.2f}", f"{speed:.2f}", f"{1e3 * first:.0f}", f"{peak / 1024:.0f}"]
        rows.append([Path(path).name, *shown, *accuracy(converter, sets, options.limit)])
    for path in programs:
        first, peak = cold_program(options.cpp, path)
        name, speed = f"{Path(path).name}, C++", statistics.median(times[f"{path}, C++"])
        rows.append([name, "", f"{speed:.2f}", f"{1e3 * first:.0f}", f"{peak / 1024:.0f}", "", ""])
    if options.peer:
        speed = statistics.median(times["peer"])
        rows.append([Path(options.peer).name, "", f"{speed:.2f}", *[""] * 4])
    report(
        "on_device",
        f"Exported files, {len(ten)} inputs of {KEYS} keys, {options.limit} of a set for accuracy",
        ["file", "MB", "median ms", "first result, ms", "peak MB", "characters", "sentences"],
        rows,
        "Accuracy: percent, the mean of the sets, without left context.",
    )


def accuracy(converter, sets, limit):
    results = []
    for items in sets.values():
        best = [[converter.convert("", item.keys, 1)[0][0]] for item in items[:limit]]
        results.append(score_conversions(best, [item.hanzi for item in items[:limit]]))
    means = (statistics.mean(r[key] for r in results) for key in ("characters", "sentences_1"))
    return [f"{100 * mean:.2f}" for mean in means]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", help=".tflite files")
    parser.add_argument("--sets", required=True, help="folder of .tsv sets")
    parser.add_argument("--peer", help="another engine's command")
    parser.add_argument("--cpp", help="the program that tflite/cpp builds")
    parser.add_argument("--limit", type=int, default=250, help="inputs of a set (default 250)")
    main(parser.parse_args())
