"""Reads raw letters as keys: a lattice of syllables, beginnings of them, slips and literals."""

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

from keras_pinyin.ime.slips import SWAPPED
from keras_pinyin.ime.spellings import SLIP, Spellings
from keras_pinyin.ime.syllables import SyllableScores

BEAM = 16  # readings kept at every letter
LITERAL_BEAM, SWAP_BEAM = 4, 4
REMEMBERED = 256  # places of inputs, so that a keystroke adds one
MARGIN = 9.0  # nats: readings further behind the best are not worth a conversion
# Nats that a literal costs where the letters might be pinyin: to begin one, and for each letter.
ENTER, LETTER = 8.0, 2.5
BORDERS = "' "


@dataclass(frozen=True)
class Reading:
    """One way to read letters.

    Attributes:
        keys: tuple of str, keys of the model, or literal pieces.
        spans: tuple of (int, int), the letters [start, end) that each came from.
        literal: tuple of bool, whether a piece is passed through as it is.
        cost: float, nats: what the typing itself says against the reading.
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
        # A literal's letters are pieces of one key each until they are joined.
        self.path = hash((before.path if before else 0, name))


class _Place:
    """The best readings of the letters up to some place."""

    __slots__ = ("literals", "nodes", "scored", "swapped")

    def __init__(self):
        self.nodes, self.literals = [], []
        self.scored = self.swapped = ([], None, None)


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

    Raises:
        ValueError: if there is no such scheme or pair.

    Example:
        >>> from keras_pinyin.text import Lexicon
        >>> letters = Letters(Lexicon.default().keys)
        >>> [reading.keys for reading in letters.readings("xian", 2)]
        [('xian',), ('xi', 'an')]
    """

    def __init__(self, keys, syllable_scores=None, *, scheme="full", fuzzy=(), correct=True):
        self._names = keys.names
        self._scores = syllable_scores or SyllableScores.even(keys)
        self._spellings = Spellings(keys, scheme=scheme, fuzzy=fuzzy, correct=correct)
        self._correct = correct
        self._places = OrderedDict()

    def readings(self, raw, n_best=4):
        """The likeliest ways to read letters.

        Args:
            raw: str, anything. Apostrophes and spaces are borders. Capitals, digits, punctuation
                and whatever is no letter are literals.
            n_best: int, how many at most.

        Returns:
            A list of `Reading`, best first; empty if there is nothing to read.
        """
        places = self._read(raw)
        place, end = places[-1], len(raw)
        unfinished = self._best(self._blocks(places, raw, end, self._spellings.unfinished), BEAM)
        nodes = [*place.nodes, *place.literals, *unfinished]
        nodes.sort(key=lambda node: node.total)
        found = {}
        for node in nodes:
            if len(found) == n_best or node.total > nodes[0].total + MARGIN:
                break
            reading = _reading(node, raw)
            if reading.keys:
                found.setdefault((reading.keys, reading.literal), reading)
        return list(found.values())

    def _read(self, raw):
        """The places of every beginning of the letters."""
        first = _Place()
        first.nodes = [_Node(None, 0, "", 0, 0, 0.0, 0.0)]
        first.scored = self._scored(first.nodes)
        places = [first]
        for end in range(1, len(raw) + 1):
            place = self._places.get(raw[:end]) if end <= REMEMBERED // 2 else None
            if place is None:
                place = self._place(places, raw, end)
                if end <= REMEMBERED // 2:
                    self._places[raw[:end]] = place
                    if len(self._places) > REMEMBERED:
                        self._places.popitem(last=False)
            else:
                self._places.move_to_end(raw[:end])
            places.append(place)
        return places

    def _place(self, places, raw, end):
        place, letter = _Place(), raw[end - 1]
        if letter in BORDERS:
            nodes = [*places[-1].nodes, *places[-1].literals]
            place.nodes = sorted(nodes, key=lambda node: node.total)[:BEAM]
        else:
            if self._correct:
                self._swap(place, places, raw, end)
            blocks = self._blocks(places, raw, end, self._spellings.typed)
            blocks += self._after_swaps([*places, place], raw, end)
            place.nodes = self._best(blocks, BEAM)
            self._literals(place, places[-1], letter, end)
        place.scored = self._scored([*place.nodes, *place.literals])
        return place

    def _scored(self, nodes):
        """Nodes with their totals `[nodes]` and what every key costs after them."""
        totals = np.array([node.total for node in nodes], np.float32)
        return nodes, totals, self._scores.rows([_recent(node) for node in nodes])

    def _blocks(self, places, raw, end, table):
        """Pieces that end here: the scored nodes they follow, ids, costs and span of each."""
        blocks = []
        for start in range(end - 1, max(-1, end - 1 - self._spellings.longest), -1):
            if raw[start] in BORDERS:
                break
            scored = places[start].scored
            if scored[0] and (edges := table.get(raw[start:end])):
                blocks.append((scored, *edges, start, end))
        return blocks

    def _swap(self, place, places, raw, end):
        """Syllables that end here but for the letter before, the first of the next syllable."""
        if end < 2:
            return
        blocks, next_first, last = [], raw[end - 2], raw[end - 1]
        for start in range(end - 2, max(-1, end - 2 - self._spellings.longest), -1):
            if raw[start] in BORDERS or next_first == last:
                break
            scored = places[start].scored
            ids = self._spellings.exact.get(raw[start : end - 2] + last)
            if scored[0] and ids is not None:
                costs = np.full(len(ids), SLIP[SWAPPED], np.float32)
                blocks.append((scored, ids, costs, start, end - 1))
        place.swapped = self._scored(self._best(blocks, SWAP_BEAM))

    def _after_swaps(self, places, raw, end):
        """Syllables that end here and began before the last letter of the one before."""
        blocks = []
        for start in range(end, max(1, end - self._spellings.longest), -1):
            if start < end and raw[start] in BORDERS:
                break
            scored = places[start].swapped
            ids = self._spellings.exact.get(raw[start - 2] + raw[start:end])
            if scored[0] and ids is not None:
                blocks.append((scored, ids, np.zeros(len(ids), np.float32), start - 1, end))
        return blocks

    def _best(self, blocks, beam):
        """The best distinct readings that end with a piece of the blocks, as nodes."""
        if not blocks:
            return []
        totals = [
            (known[:, None] + rows[:, ids] + costs).ravel()
            for (_, known, rows), ids, costs, _, _ in blocks
        ]
        ends = np.cumsum([len(block) for block in totals])
        totals = np.concatenate(totals)
        wanted = min(2 * beam, len(totals))
        order = np.argpartition(totals, wanted - 1)[:wanted]
        order = order[np.argsort(totals[order], kind="stable")]
        found = {}
        for at, number in zip(order.tolist(), np.searchsorted(ends, order, "right").tolist()):
            (nodes, _, _), ids, costs, start, end = blocks[number]
            row, column = divmod(at - int(ends[number]), len(ids))
            key, before = int(ids[column]), nodes[row]
            cost = before.cost + float(costs[column])
            node = _Node(before, key, self._names[key], start, end, cost, float(totals[at]))
            found.setdefault(node.path, node)
            if len(found) == beam:
                break
        return list(found.values())

    def _literals(self, place, before, letter, end):
        """Goes on with a literal, or begins one."""
        plain = letter in self._spellings.letters
        nodes = []
        for node in [*before.nodes, *before.literals]:
            inside = node.key == 0 and node.end == end - 1 and node.name.isalpha()
            cost = (LETTER if inside else ENTER + LETTER) if plain else 0.0
            nodes.append(_Node(node, 0, letter, end - 1, end, node.cost + cost, node.total + cost))
        place.literals = sorted(nodes, key=lambda n: n.total)[:LITERAL_BEAM]


def _recent(node):
    """The keys of a node and of the one before, 0 for none."""
    return (node.before.key if node.before else 0), node.key


def _reading(node, raw):
    pieces = []
    cost = node.cost
    while node.before:
        pieces.append(node)
        node = node.before
    keys, spans, literal = [], [], []
    for piece in reversed(pieces):
        is_literal = piece.key == 0
        if (
            is_literal
            and literal
            and literal[-1]
            and spans[-1][1] == piece.start
            and keys[-1][-1].isalnum()
            and piece.name[0].isalnum()
        ):
            keys[-1] += piece.name
            spans[-1] = (spans[-1][0], piece.end)
            continue
        keys.append(piece.name)
        spans.append((piece.start, piece.end))
        literal.append(is_literal)
    return Reading(tuple(keys), tuple(spans), tuple(literal), cost)
