// Candidates in traditional characters, and emoji for words, as keras_pinyin/ime/variants.py has
// them.
import {Converter as toTraditional} from 'opencc-js/cn2t';
import {Converter as fromTraditional} from 'opencc-js/t2cn';

import emojiTable from '../../keras_pinyin/ime/emoji.tsv';
import formsTable from '../../keras_pinyin/ime/forms.tsv';
import {candidates as tables} from './tables.js';

const NAMES = {s2t: 't', tw: 'tw', hk: 'hk'}; // opencc-js's
const {EMOJI} = tables;
const rows = table => table.trimEnd().split('\n').map(line => line.split('\t'));
const emoji = new Map(rows(emojiTable));
const others = new Map(rows(formsTable).map(([hanzi, ...forms]) => [hanzi, forms]));
const converters = new Map(); // they take time to make

function toScript(text, script) {
  if (script === 'simplified') return text;
  if (!converters.has(script)) {
    converters.set(script, toTraditional({from: 'cn', to: NAMES[script]}));
  }
  return converters.get(script)(text);
}

// What a candidate is in a script: of a single hanzi all that it may stand for.
function forms(text, script) {
  const column = Object.keys(NAMES).indexOf(script);
  return [toScript(text, script), ...(others.get(text)?.[column] ?? '')];
}

// A text of any script in simplified hanzi, as the model reads it.
export function toSimplified(text, script) {
  if (script === 'simplified') return text;
  if (!converters.has('')) converters.set('', fromTraditional({from: 't', to: 'cn'}));
  return converters.get('')(text);
}

// Candidates in the script that options ask for, with emoji after the first ones.
export function dressed(candidates, options) {
  if (options.script === 'simplified' && !options.emoji) return candidates;
  const found = new Map();
  for (const candidate of candidates) {
    for (const text of forms(candidate.text, options.script)) {
      if (!found.has(text)) found.set(text, {...candidate, text});
    }
  }
  const shown = [...found.values()];
  if (options.emoji) {
    const faces = new Map();
    for (const {text, span} of candidates.slice(0, EMOJI)) {
      for (const face of emoji.get(text)?.split(' ') ?? []) {
        faces.set(face, {text: face, comment: text, span, keys: []});
      }
    }
    shown.splice(EMOJI, 0, ...[...faces.values()].slice(0, EMOJI));
  }
  return shown;
}
