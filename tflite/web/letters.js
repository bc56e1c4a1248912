// Reads raw letters as keys, as keras_pinyin/ime/letters.py does: a lattice of syllables, beginnings
// of them, slips and literals. What was read is kept, so that one more letter costs one more place.
import {Spellings} from './spellings.js';
import {keys as keyTables, letters as tables, spellings, words} from './tables.js';
import {WORD_COSTS} from './words.js';

const {
  BEAM, BORDERS, ENTER, LETTER, LITERAL_BEAM, MARGIN, REMEMBERED, SWAP_BEAM, WEIGHT, WORD,
} = tables;
const ALPHANUMERIC = /[\p{L}\p{N}]/u;

export class Letters {
  #places = new Map(); // by the letters up to there, the last used last

  // metadata: of a file. scores: its SyllableScores. options: {scheme, fuzzy, correct}.
  constructor(metadata, scores, {scheme, fuzzy, correct}) {
    const nineKey = scheme === 'nine-key';
    this.names = metadata.keys;
    this.firstPrefix = metadata.first_prefix;
    this.scores = scores;
    this.correct = correct;
    this.borders = BORDERS + (nineKey ? '1' : '');
    this.words = nineKey ? new Map() : WORD_COSTS;
    this.spellings = new Spellings(metadata, {scheme, fuzzy, correct});
    this.alphabet = this.spellings.letters;
    this.full = scheme === 'full';
    this.keepsExact = this.full && !fuzzy.length; // else they are not what was typed or meant
  }

  // The likeliest ways to read letters, best first: {keys, spans, literal, cost}, where spans are
  // the letters [start, end] that each key came from, and cost is what the typing says against it.
  // Of full pinyin without fuzzy sounds, one more comes last where whole syllables spell the letters
  // exactly, but none of the others is so.
  readings(raw, best) {
    const places = this.#read(raw);
    const unfinished = this.#best(
      this.#blocks(places, raw, raw.length, this.spellings.unfinished), BEAM);
    let nodes = [...places.at(-1).nodes, ...unfinished].sort(byTotal);
    if (this.full && [...raw].every(letter => this.#isConsonant(letter))) {
      const short = nodes.filter(node => this.#abbreviates(node)); // nothing but first letters
      if (short.length) nodes = short;
    }
    const found = new Map();
    for (const node of nodes) {
      if (found.size === best || node.total > nodes[0].total + MARGIN) break;
      const reading = toReading(node);
      const name = JSON.stringify([reading.keys, reading.literal]);
      if (reading.keys.length && !found.has(name)) found.set(name, reading);
    }
    const readings = [...found.values()];
    if (this.keepsExact && readings.every(reading => reading.cost)) {
      const exact = nodes.find(node => node.before && !node.cost);
      if (exact) readings.push(toReading(exact));
    }
    return readings;
  }

  #isConsonant(letter) {
    return BORDERS.includes(letter)
      || (this.alphabet.has(letter) && !keyTables.VOWELS.includes(letter));
  }

  // Whether a reading is of beginnings of syllables alone.
  #abbreviates(node) {
    for (; node.before; node = node.before) {
      if (node.key < this.firstPrefix) return false;
    }
    return true;
  }

  // The places of every beginning of the letters.
  #read(raw) {
    const start = {before: null, key: 0, name: '', start: 0, end: 0, cost: 0, total: 0, path: ''};
    const places = [{nodes: this.#scored([start]), swapped: []}];
    for (let end = 1; end <= raw.length; end++) {
      const name = raw.slice(0, end);
      const place = this.#places.get(name) ?? this.#place(places, raw, end);
      this.#places.delete(name);
      if (end < REMEMBERED) this.#places.set(name, place);
      if (this.#places.size > REMEMBERED) this.#places.delete(this.#places.keys().next().value);
      places.push(place);
    }
    return places;
  }

  #place(places, raw, end) {
    if (this.borders.includes(raw[end - 1])) return {nodes: places.at(-1).nodes, swapped: []};
    const swapped = this.correct ? this.#swapped(places, raw, end) : [];
    const blocks = this.#blocks(places, raw, end, this.spellings.typed);
    blocks.push(...this.#afterSwaps([...places, {swapped}], raw, end));
    const nodes = this.#best(blocks, BEAM);
    if (this.keepsExact && nodes.every(node => node.cost)) {
      nodes.push(...this.#exact(places, raw, end));
    }
    nodes.push(...this.#literals(places, raw, end));
    return {nodes: this.#scored(nodes), swapped};
  }

  // Nodes with what every key costs after them.
  #scored(nodes) {
    for (const node of nodes) node.costs = this.scores.row(node.before?.key ?? 0, node.key);
    return nodes;
  }

  // Pieces that end here: {nodes} they follow, the {edges} they are, {extra} cost, span.
  #blocks(places, raw, end, table) {
    const blocks = [];
    for (let start = end - 1; start >= Math.max(0, end - this.spellings.longest); start--) {
      if (this.borders.includes(raw[start])) break;
      const edges = table.get(raw.slice(start, end));
      if (edges) blocks.push({nodes: places[start].nodes, edges, extra: 0, start, end});
    }
    return blocks;
  }

  // Syllables that end here but for the letter before, the first of the next syllable.
  #swapped(places, raw, end) {
    if (end < 2 || raw[end - 2] === raw[end - 1]) return [];
    const blocks = [], extra = spellings.SLIP.swapped;
    for (let start = end - 2; start >= Math.max(0, end - 1 - this.spellings.longest); start--) {
      if (this.borders.includes(raw[start])) break;
      const edges = this.spellings.exact.get(raw.slice(start, end - 2) + raw[end - 1]);
      if (edges) blocks.push({nodes: places[start].nodes, edges, extra, start, end: end - 1});
    }
    return this.#scored(this.#best(blocks, SWAP_BEAM));
  }

  // Syllables that end here and began before the last letter of the one before.
  #afterSwaps(places, raw, end) {
    const blocks = [];
    for (let start = end; start > Math.max(1, end - this.spellings.longest); start--) {
      if (start < end && this.borders.includes(raw[start])) break;
      const edges = this.spellings.exact.get(raw[start - 2] + raw.slice(start, end));
      const nodes = places[start].swapped;
      if (edges) blocks.push({nodes, edges, extra: 0, start: start - 1, end});
    }
    return blocks;
  }

  // The best distinct readings that end with a piece of the blocks, as nodes.
  #best(blocks, beam) {
    const top = []; // twice as many as wanted: some are the same reading
    for (const {nodes, edges, extra, start, end} of blocks) {
      for (const before of nodes) {
        for (const {key, cost: typed, saving} of edges) {
          const cost = typed + extra - (before.key >= this.firstPrefix ? saving : 0);
          const total = before.total + before.costs[key] + cost;
          if (top.length === 2 * beam && total >= top.at(-1).total) continue;
          let at = top.length;
          while (at && top[at - 1].total > total) at--;
          top.splice(at, 0, {before, key, start, end, cost: before.cost + cost, total});
          if (top.length > 2 * beam) top.pop();
        }
      }
    }
    const found = new Map();
    for (const one of top) {
      const path = `${one.before.path} ${one.key}`;
      if (!found.has(path)) found.set(path, {...one, name: this.names[one.key], path});
      if (found.size === beam) break;
    }
    return [...found.values()];
  }

  // The best reading by whole syllables as they are spelled, if there is one: a list.
  #exact(places, raw, end) {
    const blocks = this.#blocks(places, raw, end, this.spellings.exact).map(block => (
      {...block, nodes: block.nodes.filter(node => !node.cost)}));
    return this.#best(blocks, 1);
  }

  // Goes on with literals, begins one, or ends a known word.
  #literals(places, raw, end) {
    const letter = raw[end - 1], plain = this.alphabet.has(letter), nodes = [];
    const put = (before, name, start, cost) => nodes.push({
      before, key: 0, name, start, end,
      cost: before.cost + cost, total: before.total + cost, path: `${before.path} "${name}`,
    });
    for (const before of places.at(-1).nodes) {
      const inside = before.key === 0 && before.end === end - 1 && /^\p{L}+$/u.test(before.name);
      put(before, letter, end - 1, plain ? (inside ? LETTER : ENTER + LETTER) : 0);
    }
    for (let start = Math.max(0, end - words.LONGEST_WORD); start < end - 1; start++) {
      const word = raw.slice(start, end), cost = this.words.get(word.toLowerCase());
      if (!cost || !places[start].nodes.length) continue;
      const before = places[start].nodes.reduce((a, b) => (b.total < a.total ? b : a));
      put(before, word, start, cost + (word === word.toLowerCase() ? WORD : 0));
    }
    return nodes.sort(byTotal).slice(0, LITERAL_BEAM);
  }
}

function byTotal(one, other) {
  return one.total - other.total;
}

// The reading that ends with a node; the letters of a literal become one piece.
function toReading(last) {
  const pieces = [];
  for (let node = last; node.before; node = node.before) pieces.unshift(node);
  const reading = {keys: [], spans: [], literal: [], cost: WEIGHT * last.cost};
  for (const {name, start, end, key} of pieces) {
    const at = reading.keys.length - 1, before = reading.keys[at];
    const joins = key === 0 && reading.literal[at] && reading.spans[at][1] === start
      && ALPHANUMERIC.test(before.at(-1)) && ALPHANUMERIC.test(name[0]);
    if (joins) {
      reading.keys[at] += name;
      reading.spans[at][1] = end;
    } else {
      reading.keys.push(name);
      reading.spans.push([start, end]);
      reading.literal.push(key === 0);
    }
  }
  return reading;
}
