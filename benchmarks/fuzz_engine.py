"""Random keys into the input-method engine: does it ever break, grow, or show what was not typed?

    python benchmarks/fuzz_engine.py [--events 1000000] [--model FILE.tflite]

Most keys come in bursts of pinyin, whole, cut or with a slip, as people type them; the others are
any key. The state is looked at after one key in ten, as by a host that cannot keep up, and where
the engine needs it; then every candidate is checked: its hanzi must have the readings it was
converted from, and where slips are not mended those must be the letters typed. What is typed
repeats, and more conversions are remembered than an engine does, so that they serve many keys; runs
of the model are counted.
"""

import argparse
import random
import sys
import time
from functools import lru_cache
from pathlib import Path

from keras_pinyin.ime import Converter, Engine, Options
from keras_pinyin.text import normalize_key

NAMED = (
    *("backspace", "delete", "left", "right", "home", "end", "space", "enter", "escape", "tab"),
    *("pageup", "pagedown", "up", "down", "f1", "shift"),
)
CHARS = "abcdefghijklmnopqrstuvwxyz'ABXYZ0123456789,.?!:;()<>[]\"\\-=_^~$é，中😀"
LOOKED_AT = 0.1
BURSTS = 400  # different ones


class Counting(Converter):
    """A converter that counts what it had to run."""

    runs = 0

    def __init__(self, path):
        super().__init__(path)
        self._remembered = lru_cache(4096)(self._run)

    def _run(self, context, keys):
        self.runs += 1
        return super()._run(context, keys)


def bursts(syllables, rng):
    """Pinyin as it is typed: one to six syllables, some cut, some with a slip."""
    found = []
    for _ in range(BURSTS):
        keys = rng.choices(syllables, k=rng.randint(1, 6))
        keys = [key[: rng.randint(1, len(key))] if rng.random() < 0.2 else key for key in keys]
        letters = list(rng.choice(["", "", "'"]).join(keys))
        if rng.random() < 0.2:
            letters.insert(rng.randrange(len(letters) + 1), rng.choice(CHARS[:26]))
        found.append(letters)
    return found


def fuzz(engine, lexicon, events, seed=0, every=None):
    """Presses random keys and checks what comes of them.

    Args:
        engine: an `Engine`.
        lexicon: that of its model.
        events: int, how many keys.
        seed: int.
        every: None, or a function to call with the number of keys so far, every hundredth part.

    Returns:
        dict of counts: "keys", "committed" characters, "checked" candidates.

    Raises:
        AssertionError: if a state contradicts itself or a candidate what was typed.
    """
    rng = random.Random(seed)
    pool, waiting = bursts(lexicon.keys.syllables, rng), []
    counts = {"keys": 0, "committed": 0, "checked": 0}
    for number in range(events):
        if not waiting:
            kind = rng.random()
            waiting = (
                list(rng.choice(pool))
                if kind < 0.4
                else [rng.choice(NAMED if kind < 0.8 else CHARS)]
            )
        key = waiting.pop(0)
        handled = engine.press(key)
        assert handled in (True, False), key
        counts["keys"] += 1
        counts["committed"] += len(engine.take_commit())
        odd = rng.random()
        if odd < 0.002:
            engine.reset()
        elif odd < 0.004:
            engine.set_context("".join(rng.choices("今天我们，3a中", k=rng.randint(0, 40))))
        elif odd < 0.2 and not engine.composing:
            engine.set_context(rng.choice(("", "今天", "她走了，", "在3", "今天")))
        elif odd < 0.02:
            shown = len(engine.state.candidates)
            if shown:
                engine.choose(rng.randrange(shown))
        elif odd < 0.02 + LOOKED_AT:
            counts["checked"] += check(engine, lexicon)
        if every and (number + 1) % (events // 100) == 0:
            every(number + 1)
    return counts


def check(engine, lexicon):
    """Checks the state of an engine; the number of candidates in it."""
    state = engine.state
    assert 0 <= state.caret <= len(state.preedit)
    assert bool(state.preedit) == engine.composing
    assert bool(state.candidates) == (0 <= state.page < state.pages)
    assert state.candidates or not engine.composing
    assert -1 <= state.highlighted < max(len(state.candidates), 1)
    assert (state.highlighted >= 0) == engine.composing
    assert not state.warning, state.warning
    texts = [candidate.text for candidate in state.candidates]
    assert all(texts) and len(set(texts)) == len(texts), texts
    for candidate in state.candidates:
        assert (candidate.span > 0) == engine.composing
        assert len(candidate.keys) in (0, len(candidate.text)), candidate
        for hanzi, key in zip(candidate.text, candidate.keys):
            ids = lexicon.vocabulary.ids[hanzi], lexicon.keys.ids[key]
            assert lexicon.allows(ids[1], ids[0]), candidate
        if candidate.keys and not engine.options.correct:
            typed = engine.letters[: candidate.span].replace("'", "")
            assert spelled(candidate.keys, typed), (candidate, engine.letters)
    return len(texts)


def spelled(keys, typed):
    """Whether letters are those of keys, ü as one likes."""
    if not keys:
        return not typed
    return any(
        normalize_key(typed[:size]) == keys[0] and spelled(keys[1:], typed[size:])
        for size in range(1, min(len(typed), 6) + 1)
    )


def main(options):
    from common import report

    rows, converter = [], Counting(options.model)
    for correct in (False, True):
        engine = Engine(converter, options=Options(correct=correct))
        memory, runs, began = [], converter.runs, time.process_time()
        events = options.events // 2

        def every(done):
            memory.append(resident())
            print(f"{done} of {events} keys, {memory[-1]:.0f} MB", file=sys.stderr)

        counts = fuzz(engine, converter.lexicon, events, seed=int(correct), every=every)
        taken = time.process_time() - began
        rows.append(
            [
                "mended" if correct else "not mended",
                *counts.values(),
                converter.runs - runs,
                f"{taken:.0f}",
                f"{memory[9]:.0f}",
                f"{memory[-1]:.0f}",
            ]
        )
    name = Path(options.model).name if options.model else "the released file"
    report(
        "fuzz_engine",
        f"Random keys, {name}",
        [
            *("slips", "keys", "characters committed", "candidates checked", "runs of the model"),
            *("processor time, s", "MB at a tenth", "MB at the end"),
        ],
        rows,
        "No assertion failed: the engine did not break, and no candidate was read otherwise than "
        "typed.",
    )


def resident():
    """Resident memory of this process in MB."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--model", help="a .tflite file (default: the released one)")
    main(parser.parse_args())
