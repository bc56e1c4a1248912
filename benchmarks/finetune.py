"""Every fine-tuning task for real, from the released model and from scratch, in one table each.

    python benchmarks/finetune.py
    python benchmarks/finetune.py --sets ../shared/eval --own ../shared/corpus/d2l_zh.txt.xz
        --pairs ../shared/parallel/classical-modern.tsv.xz

Runs `recipes/finetune.py` and keeps its reports: with --only the others stay as they are. Without
--own and --pairs, `domain` and `seq2seq` use the default corpus. `pip install g2pM sacrebleu` for
the other programs and metrics.
"""

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

from common import RESULTS, machine

from keras_pinyin.text.files import write_whole

ROOT = Path(__file__).parent.parent
RUNS = {
    "classify": ["classify", "--peers"],
    "classify, scratch": ["classify", "--scratch", "--peak", "0.001"],
    "classify, twice as long": ["classify", "--steps", "1000"],
    "classify, LoRA": ["classify", "--lora", "8"],
    "classify, frozen": ["classify", "--freeze", "-1"],
    "spelling": ["spelling", "--steps", "80"],
    "polyphone": ["polyphone", "--steps", "100", "--peers"],
    "domain": ["domain", "--steps", "40", "--peak", "0.0002"],
    "seq2seq": ["seq2seq", "--steps", "400", "--peak", "0.002", "--peers"],
}


def main(options):
    extra = {"domain": [], "seq2seq": []}
    if options.own:
        extra["domain"] += ["--data", options.own]
    if options.sets:
        extra["domain"] += ["--sets", options.sets]
    if options.pairs:
        extra["seq2seq"] += ["--data", options.pairs]
    os.environ.setdefault("KERAS_BACKEND", "jax")
    sections = read_sections()
    for name in options.only or RUNS:
        arguments = RUNS[name]
        out = Path("runs/finetune") / name.replace(", ", "-")
        command = [sys.executable, str(ROOT / "recipes" / "finetune.py"), *arguments]
        command += [*extra.get(arguments[0], []), "--out", str(out), "--no-export"]
        print(" ".join(command), flush=True)
        subprocess.run(command, check=True)
        sections[name] = f"{machine()}\n\n{(out / 'report.md').read_text(encoding='utf-8')}"
        parts = [f"## {n}\n\n{sections[n]}" for n in RUNS if n in sections]
        write_whole(RESULTS / "finetune.md", "\n".join(["# Fine-tuning\n", *parts]))


def read_sections():
    """What earlier runs left: name -> text."""
    if not (RESULTS / "finetune.md").exists():
        return {}
    text = (RESULTS / "finetune.md").read_text(encoding="utf-8")
    found = re.split(r"^## (.+)\n\n", text, flags=re.MULTILINE)[1:]
    return {name: part.rstrip() + "\n" for name, part in zip(found[::2], found[1::2])}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--own", help="folder or file of a user's own text")
    parser.add_argument("--sets", help="folder of .tsv sets, to see what is forgotten")
    parser.add_argument("--pairs", help=".tsv or .tsv.xz of pairs")
    parser.add_argument("--only", nargs="+", choices=RUNS, help="some of the runs")
    main(parser.parse_args())
