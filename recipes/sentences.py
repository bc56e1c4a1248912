"""Trains a finished model on whole sentences, against those that its own search finds instead.

    python recipes/sentences.py saved_models/mine --corpus FOLDER --out saved_models/better

The last stage, after recipes/pretrain.py: what matters now is that the right sentence comes out of
the search first. First the network is trained so; then, with --memories, every n-gram that the
memories hold. That comes last of all: whatever fills the memories anew forgets what they learned.
Cut it at any moment and start it again: it goes on after the last whole round.
"""

import argparse
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")  # trains fastest on a CPU
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def main(options):
    import keras
    import numpy as np
    from keras import ops

    from keras_pinyin.data.memory import fill_memory
    from keras_pinyin.data.pipeline import Batching, examples
    from keras_pinyin.data.sentences import SeenSentences
    from keras_pinyin.data.shards import corpus_shards, split_shards
    from keras_pinyin.models import Converter, PinyinTransformer
    from keras_pinyin.training.sentences import (
        SentenceTrainer,
        learn_memories,
        learned_memories,
        train_on_sentences,
    )

    began = time.time()
    say = lambda text: print(f"[{time.time() - began:4.0f} s] {text}", flush=True)
    runs = Path(options.runs)
    run = runs / f"{Path(options.out).name}-sentences"
    model = PinyinTransformer.from_preset(options.model)
    model.decoder_head.kernel.assign(model.decoder_head.kernel * options.decoder)
    trainer = SentenceTrainer(model)
    average = dict(use_ema=True, ema_momentum=0.998)
    if options.memories:
        learn_memories(model)
        # The accumulator begins at several times what one sentence of a batch adds to it: an
        # n-gram that is hardly ever met moves little.
        optimizer = keras.optimizers.Adagrad(
            options.peak or 2.0, initial_accumulator_value=2e-4, **average
        )
    else:
        peak = options.peak or 1e-4
        optimizer = keras.optimizers.AdamW(
            keras.optimizers.schedules.PolynomialDecay(peak / 20, 100, peak),
            weight_decay=0.0,
            beta_2=0.98,
            global_clipnorm=1.0,
            **average,
        )
    trainer.compile_for_sentences(optimizer, options.risk)

    shards = corpus_shards(options.corpus, runs)
    training, _ = split_shards(shards, held_out=[0])
    # Some folds are searched, with memories that have not counted them.
    counting, learning = split_shards(shards, held_out=options.folds)
    counting = [path for path in counting if path in set(training)]
    say("counting n-grams for the memory")
    fill_memory(model, counting, options.words)
    start = [np.array(ops.convert_to_numpy(v)) for v in model.trainable_variables]
    seen = SeenSentences(counting)

    batching = Batching(lengths=(7, 12, 18, 28, 48))
    train_on_sentences(
        trainer,
        Converter(model, n_best=8, beams=8),
        lambda skip: examples(learning, model.lexicon, batching, seed=options.seed, skip=skip),
        rounds=options.rounds,
        rows=options.rows,
        positions=options.positions,
        seen=seen,
        checkpoint=run / "checkpoint.npz",
        report=lambda number, logs: say(f"round {number + 1}: {logs}"),
    )
    trainer.optimizer.finalize_variable_values(trainer.trainable_variables)
    # The mean of the weights before and after does better than either (Wortsman et al., 2022,
    # "Robust fine-tuning of zero-shot models").
    for variable, before in zip(model.trainable_variables, start):
        after = ops.convert_to_numpy(variable)
        variable.assign((1 - options.average) * before + options.average * after)
    say("filling the memory from all training text")
    learned = learned_memories(model) if options.memories else None
    fill_memory(model, training, options.words, learned=learned)
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
    parser.add_argument("--rounds", type=int, default=24, help="of search and training (24)")
    parser.add_argument("--rows", type=int, default=4096, help="inputs of a round (4096)")
    parser.add_argument("--positions", type=int, default=2048, help="keys of a batch (2048)")
    parser.add_argument(
        "--memories",
        action="store_true",
        help="train what the counted memories say of each n-gram, and leave the network as it is",
    )
    parser.add_argument(
        "--peak", type=float, help="learning rate (0.0001; 2 of Adagrad with --memories)"
    )
    parser.add_argument(
        "--risk",
        type=float,
        default=0.0,
        help="share of the expected wrong hanzi in the loss, 0 to 1 (0)",
    )
    parser.add_argument(
        "--decoder", type=float, default=1.0, help="factor of the decoder's scores to begin with"
    )
    parser.add_argument(
        "--average", type=float, default=0.65, help="share of the new weights in the mean (0.65)"
    )
    parser.add_argument(
        "--folds",
        type=int,
        nargs="+",
        default=[1, 2],
        help="twentieths of the text, 1 to 19, to learn from (1 2)",
    )
    parser.add_argument("--runs", default="runs", help="folder for shards and the checkpoint")
    parser.add_argument("--seed", type=int, default=100)
    try:
        main(parser.parse_args())
    except ValueError as error:
        sys.exit(print(f"sentences.py: {error}", file=sys.stderr) or 2)
