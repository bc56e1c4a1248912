// How keys are spelled by what is pressed, as keras_pinyin/ime/schemes.py has it.
import {keys, schemes} from './tables.js';

const {DOUBLE_PINYIN, PAD, RETROFLEX} = schemes;

// A scheme is a function from initial and final of a key to the strings that spell it.
export const SCHEMES = {full, ...mapValues(DOUBLE_PINYIN, double), 'nine-key': nineKey};

// Initial and final of a syllable or a prefix of one: zhong is zh, ong.
export function splitSyllable(syllable) {
  const initial = keys.INITIALS.find(one => syllable.startsWith(one)) ?? '';
  return [initial, syllable.slice(initial.length)];
}

// Letters as they are; ü is ü, v, or u where no other syllable is spelled so.
function full(initial, final) {
  const spelled = [initial + final];
  if (final.startsWith('v')) spelled.push(`${initial}ü${final.slice(1)}`);
  if (/^[jqxy]$/.test(initial) && final.startsWith('u')) {
    spelled.push(`${initial}v${final.slice(1)}`);
  } else if (/^[ln]$/.test(initial) && final === 've') {
    spelled.push(`${initial}ue`);
  }
  return spelled;
}

// Two letters a syllable. `silent` is what stands for no initial.
function double([table, silent]) {
  const finals = Object.fromEntries(table.split(' ').map(pair => pair.split(':')));
  return (initial, final) => {
    const last = [...(finals[final] ?? final)];
    if (initial) {
      const first = RETROFLEX[initial] ?? initial;
      return final ? last.map(letter => first + letter) : [first];
    }
    if (silent) return last.map(letter => silent + letter);
    return [final.length === 2 ? final : final[0] + last.join('')];
  };
}

function nineKey(initial, final) {
  return [[...initial + final].map(letter => PAD[letter]).join('')];
}

function mapValues(object, change) {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value)]));
}
