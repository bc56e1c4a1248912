"""Reads raw letters as keys: a lattice of syllables, beginnings of them, slips and literals."""

import itertools
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

from keras_pinyin.ime.slips import SWAPPED
from keras_pinyin.ime.spellings import SLIP, Spellings
from keras_pinyin.ime.words import LONGEST_WORD, word_costs
from keras_pinyin.text import SyllableScores
from keras_pinyin.text.keys import VOWELS

BEAM = 16  # readings kept at every letter
LITERAL_BEAM, SWAP_BEAM = 4, 4
REMEMBERED = 128  # places of inputs, so that a keystroke adds one
MARGIN = 9.0  # nats: readings further behind the best are not worth a conversion
# Nats that a literal costs where the letters might be pinyin: to begin one, and for each letter; or
# for a known word, beside how rare it is.
ENTER, LETTER, WORD = 8.0, 3.5, 4.0
BORDERS = "' "
# A converter adds up scores of several parts that know much the same: a nat of typing weighs so
# many of its nats. Fitted by benchmarks/slips.py; a converter trained anew may want another.
WEIGHT = 1.6


@dataclass(frozen=True)
class Reading:
    """One way to read letters.

    Attributes:
        keys: tuple of str, keys of the model, or literal pieces.
        spans: tuple of (int, int), the letters [start, end) that each came from.
        literal: tuple of bool, whether a piece is passed through as it is.
        cost: float, what the typing itself says against the reading: to be taken from the score
            of a converter.
    """

    keys: tuple
    spans: tuple
    literal: tuple
    cost: float


class _Node:
    """The last piece of a reading of the letters up to some place, and what stands before it."""

    __slots__ = ("before", "cost", "end", "key", "name", "path", "start", "total")

    def __init__(self, before, key, name, start, end, cost, total):
        self.before, self.key, self.name, self.start, self.end = before, key, name, start, end
        self.cost, self.total = cost, total
        self.path = hash((before.path if before else 0, key, name))


class _Place:
    """The best readings of the letters up to some place."""

    __slots__ = ("nodes", "scored", "swapped")

    def __init__(self, nodes=()):
        self.nodes = list(nodes)
        self.scored = self.swapped = ([], None, None, None)


class Letters:
    """Reads what is typed without borders as keys of a model.

    Every syllable that spells some letters is an edge of a lattice, with what its typing costs: a
    beginning of a syllable, a sound taken for another, a slip. A model of syllables says which
    follow each other. What was read is kept, so that one more letter costs one more place.

    Args:
        keys: a `keras_pinyin.text.KeyTable`.
        syllable_scores: a `SyllableScores`; without one all syllables are alike.
        scheme: "full", "xiaohe", "ziranma", "microsoft" or "nine-key".
        fuzzy: pairs of sounds that the typist does not tell apart, of `slips.FUZZY`.
        correct: bool, whether slips of the fingers are mended.

    Attributes:
        alphabet: set of str, the characters that spell syllables.

    Raises:
        ValueError: if there is no such scheme or pair.

    Example:
        >>> from keras_pinyin.text import Lexicon
        >>> letters = Letters(Lexicon.default().keys)
        >>> [reading.keys for reading in letters.readings("fangan", 2)]
        [('fang', 'an'), ('fan', 'gan')]
    """

    def __init__(self, keys, syllable_scores=None, *, scheme="full", fuzzy=(), correct=True):
        self._names, self._first_prefix = keys.names, keys.first_prefix
        self._borders = BORDERS + ("1" if scheme == "nine-key" else "")
        self._words = word_costs() if scheme != "nine-key" else {}
        self._scores = syllable_scores or SyllableScores.even(keys)
        self._spellings = Spellings(keys, scheme=scheme, fuzzy=fuzzy, correct=correct)
        self._correct, self.alphabet = correct, self._spellings.letters
        self._full, self._consonants = scheme == "full", self.alphabet - VOWELS | set(BORDERS)
        self._keep_exact = self._full and not fuzzy  # else they are not what was typed or meant
        self._places = OrderedDict()

    def readings(self, raw, n_best=4):
        """The likeliest ways to read letters.

        Args:
            raw: str, anything. Apostrophes and spaces are borders. Capitals, digits, punctuation
                and whatever is no letter are literals.
            n_best: int, how many at most.

        Returns:
            A list of `Reading`, best first; empty if there is nothing to read. Of full
            pinyin without fuzzy sounds, one more comes last where whole syllables spell the letters
            exactly, but none of the others is so.
        """
        places = self._read(raw)
        place, end = places[-1], len(raw)
        unfinished = self._best(self._blocks(places, raw, end, self._spellings.unfinished), BEAM)
        nodes = sorted([*place.nodes, *unfinished], key=_total)
        if self._full and set(raw) <= self._consonants:  # nothing but first letters
            nodes = [node for node in nodes if self._abbreviates(node)] or nodes
        found = {}
        for node in nodes:
            if len(found) == n_best or node.total > nodes[0].total + MARGIN:
                break
            reading = _reading(node)
            if reading.keys:
                found.setdefault((reading.keys, reading.literal), reading)
        found = list(found.values())
        if self._keep_exact and all(reading.cost for reading in found):
            exact = (_reading(node) for node in nodes if node.before and not node.cost)
            found += itertools.islice(exact, 1)
        return found

    def _read(self, raw):
        """The places of every beginning of the letters."""
        first = _Place([_Node(None, 0, "", 0, 0, 0.0, 0.0)])
        first.scored = self._scored(first.nodes)
        places = [first]
        for end in range(1, len(raw) + 1):
            place = self._places.get(raw[:end]) if end < REMEMBERED else None
            if place is None:
                place = self._place(places, raw, end)
                if end < REMEMBERED:
                    self._places[raw[:end]] = place
                    if len(self._places) > REMEMBERED:
                        self._places.popitem(last=False)
            else:
                self._places.move_to_end(raw[:end])
            places.append(place)
        return places

    def _place(self, places, raw, end):
        place, letter = _Place(), raw[end - 1]
        if letter in self._borders:
            place.nodes = places[-1].nodes
        else:
            if self._correct:
                self._swap(place, places, raw, end)
            blocks = self._blocks(places, raw, end, self._spellings.typed)
            blocks += self._after_swaps([*places, place], raw, end)
            place.nodes = self._best(blocks, BEAM)
            if self._keep_exact and all(node.cost for node in place.nodes):
                place.nodes += self._exact(places, raw, end)
            place.nodes += self._literals(places, raw, end)
        place.scored = self._scored(place.nodes)
        return place

    def _abbreviates(self, node):
        """Whether a reading is of beginnings of syllables alone."""
        while node.before:
            if node.key < self._first_prefix:
                return False
            node = node.before
        return True

    def _scored(self, nodes):
        """Nodes, their totals, what every key costs after them, which are beginnings."""
        totals = np.array([node.total for node in nodes], np.float32)
        short = np.array([node.key >= self._first_prefix for node in nodes], np.float32)
        return nodes, totals, self._scores.rows([_recent(node) for node in nodes]), short

    def _blocks(self, places, raw, end, table):
        """Pieces that end here: the scored nodes they follow, ids, costs, savings, span."""
        blocks = []
        for start in range(end - 1, max(-1, end - 1 - self._spellings.longest), -1):
            if raw[start] in self._borders:
                break
            scored = places[start].scored
            if scored[0] and (edges := table.get(raw[start:end])):
                blocks.append((scored, *edges, start, end))
        return blocks

    def _swap(self, place, places, raw, end):
        """Syllables that end here but for the letter before, the first of the next syllable."""
        if end < 2 or raw[end - 2] == raw[end - 1]:
            return
        blocks, last = [], raw[end - 1]
        for start in range(end - 2, max(-1, end - 2 - self._spellings.longest), -1):
            if raw[start] in self._borders:
                break
            scored = places[start].scored
            if scored[0] and (edges := self._spellings.exact.get(raw[start : end - 2] + last)):
                ids, costs, saving = edges
                blocks.append((scored, ids, costs + SLIP[SWAPPED], saving, start, end - 1))
        place.swapped = self._scored(self._best(blocks, SWAP_BEAM))

    def _after_swaps(self, places, raw, end):
        """Syllables that end here and began before the last letter of the one before."""
        blocks = []
        for start in range(end, max(1, end - self._spellings.longest), -1):
            if start < end and raw[start] in self._borders:
                break
            scored = places[start].swapped
            edges = self._spellings.exact.get(raw[start - 2] + raw[start:end])
            if scored[0] and edges:
                blocks.append((scored, *edges, start - 1, end))
        return blocks

    def _best(self, blocks, beam):
        """The best distinct readings that end with a piece of the blocks, as nodes."""
        if not blocks:
            return []
        costs = [
            np.broadcast_to(costs - short[:, None] * saving, (len(nodes), len(ids)))
            for (nodes, _, _, short), ids, costs, saving, _, _ in blocks
        ]
        totals = [
            (known[:, None] + rows[:, ids] + cost).ravel()
            for ((_, known, rows, _), ids, *_), cost in zip(blocks, costs)
        ]
        ends = np.cumsum([len(block) for block in totals])
        totals = np.concatenate(totals)
        wanted = min(2 * beam, len(totals))
        order = np.argpartition(totals, wanted - 1)[:wanted]
        order = order[np.argsort(totals[order], kind="stable")]
        found = {}
        for at, number in zip(order.tolist(), np.searchsorted(ends, order, "right").tolist()):
            (nodes, *_), ids, _, _, start, end = blocks[number]
            row, column = divmod(at - int(ends[number]) + costs[number].size, len(ids))
            key, before = int(ids[column]), nodes[row]
            cost = before.cost + float(costs[number][row, column])
            node = _Node(before, key, self._names[key], start, end, cost, float(totals[at]))
            found.setdefault(node.path, node)
            if len(found) == beam:
                break
        return list(found.values())

    def _exact(self, places, raw, end):
        """The best reading by whole syllables as they are spelled, if there is one: a list."""
        blocks = []
        for scored, *piece in self._blocks(places, raw, end, self._spellings.exact):
            nodes, *numbers = scored
            at = [i for i, node in enumerate(nodes) if not node.cost]
            if at:
                scored = [nodes[i] for i in at], *(array[at] for array in numbers)
                blocks.append((scored, *piece))
        return self._best(blocks, 1)

    def _literals(self, places, raw, end):
        """Goes on with literals, begins one, or ends a known word."""
        letter, nodes = raw[end - 1], []
        plain = letter in self.alphabet
        for node in places[-1].scored[0]:
            inside = node.key == 0 and node.end == end - 1 and node.name.isalpha()
            cost = (LETTER if inside else ENTER + LETTER) if plain else 0.0
            nodes.append(_Node(node, 0, letter, end - 1, end, node.cost + cost, node.total + cost))
        for start in range(max(0, end - LONGEST_WORD), end - 1):
            word = raw[start:end]
            if (cost := self._words.get(word.lower())) and places[start].scored[0]:
                cost += WORD if word.islower() else 0.0
                node = min(places[start].scored[0], key=_total)
                nodes.append(_Node(node, 0, word, start, end, node.cost + cost, node.total + cost))
        return sorted(nodes, key=_total)[:LITERAL_BEAM]


def _total(node):
    return node.total


def _recent(node):
    """The keys of a node and of the one before, 0 for none."""
    return (node.before.key if node.before else 0), node.key


def _reading(node):
    """The reading that ends with a node; the letters of a literal become one piece."""
    pieces, cost = [], node.cost
    while node.before:
        pieces.append((node.name, (node.start, node.end), node.key == 0))
        node = node.before
    joined = pieces[-1:]
    for name, (start, end), literal in pieces[-2::-1]:
        before, (first, last), same = joined[-1]
        if literal and same and last == start and before[-1].isalnum() and name[0].isalnum():
            joined[-1] = before + name, (first, end), True
        else:
            joined.append((name, (start, end), literal))
    return Reading(*zip(*joined), WEIGHT * cost) if joined else Reading((), (), (), 0.0)
