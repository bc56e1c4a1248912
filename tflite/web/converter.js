// A .tflite file in LiteRT.js: strings in, candidates out. The runtime accepts no dynamic shapes, so
// this takes the static twin that recipes/export.py writes.
import {Tensor, loadAndCompile, loadLiteRt} from '@litertjs/core';

import {readMetadata} from './metadata.js';
import {Text} from './text.js';

const NEVER = -5e8; // scores below are of no sentence: fewer were possible than asked for
const REMEMBERED = 256; // answers

export class Converter {
  #remembered = new Map(); // answers by questions, the last used last

  static async load(modelUrl, wasmUrl) {
    const answer = await fetch(modelUrl);
    if (!answer.ok) throw new Error(`${modelUrl} cannot be read (${answer.status}): write it with recipes/export.py.`);
    const bytes = new Uint8Array(await answer.arrayBuffer());
    const metadata = await readMetadata(bytes);
    if (!metadata.shapes.keys) {
      throw new Error(`${modelUrl} is of no fixed lengths: take what recipes/export.py writes as static.`);
    }
    await loadLiteRt(wasmUrl);
    return new Converter(metadata, await loadAndCompile(bytes, {accelerator: 'wasm'}));
  }

  constructor(metadata, model) {
    this.metadata = metadata;
    this.text = new Text(metadata);
    this.model = model;
  }

  // The likeliest sentences for a list of keys after a text: [{text, score}], best first.
  async convert(context, keys) {
    const ids = this.text.parse(keys);
    const {keys: length} = this.metadata.shapes;
    if (!ids.length || ids.length > length) {
      throw new Error(
        `${ids.length} keys given, but a conversion takes 1 to ${length}: ` +
          'convert longer input in parts, each the context of the next.');
    }
    const padded = Int32Array.from({length}, (_, i) => ids[i] ?? 0);
    const found = await this.#answer('convert', {context: this.#encode(context), keys: padded});
    return this.#ranked(found.sentences, found.scores, length, ids.length);
  }

  // The likeliest next hanzi after a text.
  async predict(context) {
    const found = await this.#answer('predict', {context: this.#encode(context)});
    return this.#ranked(found.hanzi, found.scores, 1, 1);
  }

  #encode(text) {
    const {context: length} = this.metadata.shapes;
    const ids = this.text.encode(text).slice(-length);
    return Int32Array.from({length}, (_, i) => ids[i - length + ids.length] ?? 0);
  }

  // The same question again costs nothing.
  async #answer(signature, inputs) {
    const name = [signature, ...Object.values(inputs)].join(' ');
    const answer = this.#remembered.get(name) ?? await this.#run(signature, inputs);
    this.#remembered.delete(name);
    this.#remembered.set(name, answer);
    if (this.#remembered.size > REMEMBERED) {
      this.#remembered.delete(this.#remembered.keys().next().value);
    }
    return answer;
  }

  async #run(signature, inputs) {
    const tensors = Object.fromEntries(
      Object.entries(inputs).map(([name, ids]) => [name, Tensor.fromTypedArray(ids, [1, ids.length])]));
    const outputs = await this.model.run(signature, tensors);
    const found = {};
    for (const [name, tensor] of Object.entries(outputs)) {
      found[name] = (await tensor.data()).slice();
    }
    for (const tensor of [...Object.values(tensors), ...Object.values(outputs)]) tensor.delete();
    return found;
  }

  #ranked(ids, scores, length, used) {
    return Array.from(scores, (score, row) => ({
      text: Array.from(
        ids.subarray(row * length, row * length + used), id => (id ? this.metadata.tokens[id] : ''),
      ).join(''),
      score,
    })).filter(({score}) => score > NEVER);
  }
}
