import {Composition, candidates} from './composition.js';
import {Converter} from './converter.js';

const PAGE = 9;
const FULL_WIDTH = {',': '，', '.': '。', '?': '？', '!': '！', ':': '：', ';': '；', '\\': '、'};

const field = document.querySelector('textarea');
const line = document.querySelector('ol');
const letters = document.querySelector('#letters');
const status = document.querySelector('#status');
const composition = new Composition();
let converter, shown = [], page = 0, chinese = true, shiftAlone = false;
// Keys are handled one after the other, each when the candidates of the one before are there.
let work = Promise.resolve(), pending = 0;

function enqueue(job) {
  pending++;
  window.idle = false;
  work = work.then(job).catch(fail).then(() => {
    window.idle = --pending === 0;
  });
}

function insert(text) {
  field.setRangeText(text, field.selectionStart, field.selectionEnd, 'end');
}

// A key that was pressed while letters were there, but whose turn came after they were converted.
function apply(key) {
  if (key === 'Backspace') {
    const {selectionStart: start, selectionEnd: end} = field;
    if (start === end) field.selectionStart = Math.max(start - 1, 0);
    insert('');
  } else if (key === 'Enter') {
    insert('\n');
  } else if (key.length === 1) {
    insert(FULL_WIDTH[key] ?? key);
  }
}

function show() {
  letters.textContent = composition.text;
  line.replaceChildren(...shown.slice(page * PAGE, (page + 1) * PAGE).map((candidate, i) => {
    const item = document.createElement('li');
    item.textContent = candidate.text;
    item.addEventListener('mousedown', event => {
      event.preventDefault(); // the field keeps the focus
      enqueue(() => choose(page * PAGE + i));
    });
    return item;
  }));
}

async function refresh() {
  page = 0;
  shown = [];
  if (composition.letters) {
    const began = performance.now();
    shown = await candidates(converter, composition.request);
    status.textContent = `${(performance.now() - began).toFixed(0)} ms`;
  }
  show();
}

function choose(index) {
  if (shown[index]) insert(composition.choose(shown[index]));
  return refresh();
}

async function handle(key) {
  if (!composition.letters) {
    composition.start(field.value.slice(0, field.selectionStart));
    if (composition.type(key)) return refresh();
    apply(key);
  } else if (key === 'Backspace') {
    composition.backspace();
  } else if (key === 'Enter') {
    insert(composition.commit());
  } else if (key === 'Escape') {
    composition.start('');
  } else if (key === ' ') {
    return choose(page * PAGE);
  } else if (/^[1-9]$/.test(key)) {
    return choose(page * PAGE + Number(key) - 1);
  } else if (key === 'PageDown' || key === '=') {
    page = Math.min(page + 1, Math.ceil(shown.length / PAGE) - 1);
    return show();
  } else if (key === 'PageUp' || key === '-') {
    page = Math.max(page - 1, 0);
    return show();
  } else if (!composition.type(key)) {
    // Punctuation takes what comes first, for all letters that are left.
    while (composition.letters) await choose(0);
    apply(key);
  }
  return refresh();
}

field.addEventListener('keydown', event => {
  shiftAlone = event.key === 'Shift';
  if (!chinese || !converter || event.ctrlKey || event.altKey || event.metaKey) return;
  const typing = letters.textContent || pending;
  const ours = /^[a-z]$/i.test(event.key) || event.key in FULL_WIDTH ||
    (typing && /^(['1-9 =-]|Backspace|Enter|Escape|PageUp|PageDown)$/.test(event.key));
  if (!ours) return;
  event.preventDefault();
  enqueue(() => handle(event.key));
});

field.addEventListener('keyup', event => {
  if (event.key !== 'Shift' || !shiftAlone) return;
  chinese = !chinese;
  document.querySelector('#language').textContent = chinese ? '中' : '英';
});

function fail(error) {
  status.textContent = error.message;
  console.error(error);
}

try {
  converter = await Converter.load('model.tflite', 'node_modules/@litertjs/core/wasm/');
  status.textContent = 'ready';
  window.idle = true;
  field.disabled = false;
  field.focus();
} catch (error) {
  fail(error);
}
