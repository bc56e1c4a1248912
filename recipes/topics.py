"""Teaches a model what words go together, so that the text to the left tells what is meant.

    python recipes/topics.py saved_models/mine --corpus FOLDER --out saved_models/better

After recipes/pretrain.py, before or after recipes/sentences.py: only the memory of topics learns,
from all the text but the part held out, half an hour for 100 M hanzi on two cores. The text is read
in groups of folds, each against counts of the others; in the end the counted memories are as they
were. Cut it at any moment and start it again: it goes on.
"""

import argparse
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")  # trains fastest on a CPU
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def main(options):
    from keras import ops

    from keras_pinyin.data.memory import fill_memory
    from keras_pinyin.data.shards import corpus_shards, split_shards
    from keras_pinyin.models import PinyinTransformer
    from keras_pinyin.training.topics import learn_topics, with_topics

    began = time.time()
    say = lambda text: print(f"[{time.time() - began:4.0f} s] {text}", flush=True)
    runs = Path(options.runs)
    model = with_topics(PinyinTransformer.from_preset(options.model), options.rows, options.topics)
    shards = corpus_shards(options.corpus, runs)
    training, _ = split_shards(shards, held_out=[0])
    thirds = range(1, 7), range(7, 13), range(13, 20)
    groups = [split_shards(shards, held_out=folds)[1] for folds in thirds]
    before = [[ops.copy(v) for v in memory.weights] for memory in model.counted_memories]

    def fill(number):
        say(f"counting n-grams of the text beside group {number + 1} of {len(groups)}")
        counting = set(training).difference(groups[number])
        fill_memory(model, sorted(counting), options.words)

    learn_topics(
        model,
        groups,
        fill,
        peak=options.peak,
        seed=options.seed,
        checkpoint=runs / f"{Path(options.out).name}-topics" / "checkpoint.npz",
        report=lambda share, logs: say(f"{100 * share:.0f}%: {logs}"),
    )
    for memory, weights in zip(model.counted_memories, before):
        for variable, value in zip(memory.weights, weights):
            variable.assign(value)
    model.topic_memory.trust.assign(options.trust)
    model.save_to_preset(options.out)
    say(f"saved to {options.out}; python recipes/evaluate.py {options.out} measures it")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", help="a released name or a folder")
    parser.add_argument("--corpus", default="", help="folder of text (default: the small one)")
    parser.add_argument("--words", help="a word list to count besides, see recipes/gather_words.py")
    parser.add_argument("--out", required=True, help="folder for the model")
    parser.add_argument("--rows", type=int, default=1 << 17, help="of the memory (131072)")
    parser.add_argument("--topics", type=int, default=32, help="numbers of a row (32)")
    parser.add_argument("--peak", type=float, default=0.5, help="learning rate (0.5)")
    parser.add_argument(
        "--trust",
        type=float,
        nargs=2,
        default=(0.06, 0.25),
        help="factors of what it says of hanzi, and of hanzi beside a sound (0.06 0.25)",
    )
    parser.add_argument("--runs", default="runs", help="folder for shards and the checkpoint")
    parser.add_argument("--seed", type=int, default=0)
    try:
        main(parser.parse_args())
    except ValueError as error:
        sys.exit(print(f"topics.py: {error}", file=sys.stderr) or 2)
