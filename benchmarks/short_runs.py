"""Short trainings that differ in one thing, for ablation.py, objectives.py and scaling.py."""

import argparse
import json
import statistics
import time
from pathlib import Path

import keras
import numpy as np

from keras_pinyin.data.eval_sets import read_eval_set
from keras_pinyin.data.memory import fill_memory
from keras_pinyin.data.pipeline import Batching, examples
from keras_pinyin.data.shards import prepare_shards, split_shards
from keras_pinyin.metrics import score_conversions
from keras_pinyin.models import Converter, PinyinTransformer
from keras_pinyin.text.lexicon import DATA, Lexicon
from keras_pinyin.training.growth import grow

RUNS = Path("runs")
BATCHING = Batching(positions=2048, lengths=(24,))  # one shape: one compilation
PEAK, WARMUP = 2e-3, 40
KEYS, EACH = range(9, 13), 100  # sentences measured: of so many keys, so many of a set


def arguments(description):
    """A parser of what these scripts need."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", required=True, help="folder of text")
    parser.add_argument("--sets", required=True, help="folder of .tsv sets")
    return parser


class Bench:
    """Labelled text, filled memories and development sets, shared by all runs of a script.

    Args:
        corpus: folder of text. sets: folder of .tsv sets.
    """

    def __init__(self, corpus, sets):
        self.lexicon = Lexicon.default()
        shards = prepare_shards(corpus, RUNS, lexicon_path=DATA / "lexicon.tsv")
        # The network trains on two folds that nothing was counted in; fold 0 stays out.
        self.counted, self.trained = split_shards(shards, held_out=(0, 1, 2))
        self.trained = [path for path in self.trained if not path.stem.endswith("-00")]
        self.sets = {
            path.stem: [i for i in read_eval_set(path) if len(i.keys.split()) in KEYS][:EACH]
            for path in sorted(Path(sets).glob("*.tsv"))
        }
        self._tables = {}

    def model(self, kind=PinyinTransformer, size="small", **changes):
        """An untrained model with filled memories."""
        keras.utils.set_random_seed(0)
        model = kind.from_lexicon(self.lexicon, size, **changes)
        for memory in (model.memory, model.sound_memory):
            if memory is not None:
                slots = (memory.name, memory.buckets)
                if slots not in self._tables:
                    fill_memory(model, self.counted)
                    for filled in filter(None, (model.memory, model.sound_memory)):
                        counted = [keras.ops.convert_to_numpy(w) for w in _counted(filled)]
                        self._tables[filled.name, filled.buckets] = counted
                for weight, value in zip(_counted(memory), self._tables[slots]):
                    weight.assign(value)
        return model

    def train(self, make, *, seconds=None, hanzi=None, grown_from=None, batching=BATCHING):
        """Trains until so much processor time or so many hanzi, compilation left out.

        Args:
            make: function of the number of encoder layers (None for all) to a model.
            seconds, hanzi: the budget, one of the two.
            grown_from: layers to begin with, one more after each equal part of the budget.
            batching: a `Batching`.

        Returns:
            A dict of the model, and of the hanzi and seconds used.
        """
        full = make(None).settings["encoder_layers"]
        depths = range(grown_from, full + 1) if grown_from else [full]
        model, used, seen, step = None, 0.0, 0, 0
        for stage, depth in enumerate(depths):
            deeper = make(depth)
            model = deeper if model is None else grow(model, deeper)
            optimizer = keras.optimizers.AdamW(0.0, weight_decay=0.01, global_clipnorm=1.0)
            model.compile_for_conversion(optimizer, pinyin="masked_pinyin" in batching.objectives)
            fresh = True
            data = examples(self.trained, self.lexicon, batching, seed=1, skip=step)
            for inputs, labels, weights in data.as_numpy_iterator():
                share = used / seconds if seconds else seen / hanzi
                if share >= (stage + 1) / len(depths):
                    break
                optimizer.learning_rate.assign(PEAK * min(step / WARMUP, 1) * max(1 - share, 0.01))
                began = time.process_time()
                model.train_on_batch(inputs, labels, weights)
                used += 0.0 if fresh else time.process_time() - began
                seen += int(weights["hanzi"].sum())
                step, fresh = step + 1, False
        return {"model": model, "hanzi": seen, "seconds": used}

    def measure(self, model):
        """Percent, means of the sets: characters, sentences; the same with left context."""
        converter = Converter(model, n_best=10, beams=10)
        found = []
        for with_context in (False, True):
            results = []
            for items in self.sets.values():
                inputs = [(item.context if with_context else "", item.keys) for item in items]
                best = [[s for s, _ in c] for c in converter.convert_all(inputs, batch_size=50)]
                results.append(score_conversions(best, [item.hanzi for item in items]))
            found += [
                100 * statistics.mean(r[key] for r in results)
                for key in ("characters", "sentences_1")
            ]
        return [round(value, 2) for value in found]


def _counted(memory):
    return memory.table, memory.levels, memory.unigram


def table_row(script, name, run):
    """A row of a table: the name, M hanzi and figures of what a run gave, see `remembered`."""
    result = remembered(f"{script} {name}", run)
    print(name, result, flush=True)
    return [name, f"{result['hanzi'] / 1e6:.2f}", *(f"{x:.2f}" for x in result["found"])]


def remembered(name, run):
    """What a run gave, from a file if a script that was cut has finished it before."""
    path = RUNS / "short_runs" / f"{name.replace(' ', '_').replace('/', '_')}.json"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        result = run()
        path.write_text(json.dumps(result, default=float))
    return json.loads(path.read_text())


def parameters(model):
    """Trained numbers of the network, its embeddings and key table."""
    return int(sum(np.prod(weight.shape) for weight in model.trainable_weights))
