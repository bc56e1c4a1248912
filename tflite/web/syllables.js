// How likely syllables follow each other, as keras_pinyin/text/syllables.py has it: the table goes
// with a model.
import {inflate} from './metadata.js';
import {syllables as tables} from './tables.js';

const {NEVER, STEP} = tables;
const HEADER = 10; // bytes: magic, how many syllables, how many trigrams

export class SyllableScores {
  #wide; // nats of each key (column) after each (row), those that begin syllables too
  #width;
  #count; // syllables
  #pairs = new Map(); // of keys: the trigrams that begin so, and what other syllables lose

  // From the metadata of a file; without a table all syllables are alike.
  static async read(metadata) {
    const {syllables: content, first_prefix: firstPrefix} = metadata;
    const count = firstPrefix - 2;
    if (!content) {
      const even = Math.round(Math.log(count) / STEP);
      return new SyllableScores(metadata, new Uint8Array((1 + count) * count).fill(even));
    }
    const view = new DataView(content.buffer, content.byteOffset);
    const number = view.getUint32(6, true);
    const flat = new Uint8Array(await inflate(content.subarray(HEADER)).arrayBuffer());
    if (view.getUint16(4, true) !== count || flat.length !== count * (2 + count) + 4 * number) {
      throw new Error('The table of syllables is damaged or for other keys: export the file again.');
    }
    // Columns are kept one after the other, each as what it has more than its first row.
    const bigrams = new Uint8Array((1 + count) * count);
    for (let column = 0, at = count; column < count; column++) {
      for (let row = 0; row <= count; row++) bigrams[row * count + column] = flat[at++] + flat[column];
    }
    const scores = new SyllableScores(metadata, bigrams);
    scores.#group(flat.subarray(count * (2 + count)), number);
    return scores;
  }

  constructor(metadata, bigrams) {
    this.#count = metadata.first_prefix - 2;
    this.#width = metadata.first_toned;
    this.#widen(metadata, bigrams);
  }

  // What each key costs after two others, 0 where there is none: nats by ids of keys.
  row(first, second) {
    const row = this.#wide.subarray(second * this.#width, (second + 1) * this.#width);
    const known = this.#pairs.get(first * this.#width + second);
    if (!known) return row;
    const changed = row.slice();
    for (let key = 2; key < this.#count + 2; key++) changed[key] += known.less;
    known.thirds.forEach((key, i) => (changed[key] = known.costs[i]));
    return changed;
  }

  #widen({keys, first_prefix: firstPrefix}, bigrams) {
    const count = this.#count, width = this.#width;
    const syllables = keys.slice(2, firstPrefix);
    const begun = keys.slice(firstPrefix, width).map(
      prefix => [...syllables.keys()].filter(i => syllables[i].startsWith(prefix)));
    const after = Float64Array.from(bigrams, cost => Math.exp(-STEP * cost));
    const rowOf = i => after.subarray(i * count, (i + 1) * count);
    this.#wide = new Float32Array(width * width);
    for (let key = 0; key < width; key++) {
      // What follows a beginning follows any syllable that begins so.
      const mixed = key < firstPrefix
        ? rowOf(Math.max(key - 1, 0))
        : mix(begun[key - firstPrefix], rowOf);
      const row = this.#wide.subarray(key * width, (key + 1) * width);
      const put = (column, likely) => {
        row[column] = -Math.log(Math.max(Math.min(likely, 1), Math.exp(-NEVER)));
      };
      mixed.forEach((likely, i) => put(2 + i, likely));
      begun.forEach((ids, i) => put(firstPrefix + i, ids.reduce((sum, id) => sum + mixed[id], 0)));
    }
  }

  #group(flat, number) {
    const side = 1 + this.#count;
    const id = code => (code ? code + 1 : 0); // of a key
    for (let i = 0, code = 0; i < number; i++) {
      code += flat[i] + (flat[number + i] << 8) + (flat[2 * number + i] << 16);
      const first = id(Math.floor(code / side ** 2)), second = id(Math.floor(code / side) % side);
      const name = first * this.#width + second;
      if (!this.#pairs.has(name)) this.#pairs.set(name, {thirds: [], costs: []});
      const pair = this.#pairs.get(name);
      pair.thirds.push(id(code % side));
      pair.costs.push(STEP * flat[3 * number + i]);
    }
    const share = costs => Math.max(1 - costs.reduce((sum, cost) => sum + Math.exp(-cost), 0), 0.02);
    for (const [name, pair] of this.#pairs) {
      const start = (name % this.#width) * this.#width;
      pair.less = -Math.log(share(pair.costs) / share(pair.thirds.map(key => this.#wide[start + key])));
    }
  }
}

// Rows of syllables, mixed as likely as each begins a run.
function mix(ids, rowOf) {
  const mixed = new Float64Array(rowOf(0).length);
  const total = ids.reduce((sum, id) => sum + rowOf(0)[id], 0);
  for (const id of ids) {
    const share = rowOf(0)[id] / Math.max(total, 1e-30);
    rowOf(1 + id).forEach((likely, i) => (mixed[i] += share * likely));
  }
  return mixed;
}
