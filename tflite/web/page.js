import {Composition, candidates} from './composition.js';
import {Converter} from './converter.js';

const PAGE = 9;
const FULL_WIDTH = {
  ',': '，', '.': '。', '?': '？', '!': '！', ':': '：', ';': '；', '\\': '、', '(': '（', ')': '）',
  '<': '《', '>': '》', '_': '——', '^': '……', '"': '“',
};
// Beside keys that write, those that must not act on the field while something is typed.
const HELD = /^(.|Backspace|Delete|Enter|Escape|PageUp|PageDown|Home|End|Arrow(Up|Down|Left|Right))$/u;

const field = document.querySelector('textarea');
const line = document.querySelector('ol');
const letters = document.querySelector('#letters');
const status = document.querySelector('#status');
const composition = new Composition();
let converter, shown = [], stale = false, page = 0, chinese = true, shiftAlone = false;
// Keys are handled one after the other.
let work = Promise.resolve(), pending = 0;

function enqueue(job) {
  pending++;
  window.idle = false;
  work = work.then(job).then(catchUp).catch(fail).then(() => {
    window.idle = --pending === 0;
  });
}

const before = () => field.value.slice(0, field.selectionStart);

function insert(text) {
  field.setRangeText(text, field.selectionStart, field.selectionEnd, 'end');
}

function show() {
  line.replaceChildren(...shown.slice(page * PAGE, (page + 1) * PAGE).map(candidate => {
    const item = document.createElement('li');
    item.textContent = candidate.text;
    item.addEventListener('mousedown', event => {
      event.preventDefault(); // the field keeps the focus
      // Too late a click, when more was typed, does nothing.
      enqueue(() => !stale && shown.includes(candidate) && take(candidate));
    });
    return item;
  }));
}

// A conversion keeps the thread: keys that came meanwhile go first, and one conversion serves all.
async function catchUp() {
  await new Promise(done => setTimeout(done));
  if (pending === 1) await refresh();
}

function changed() {
  letters.textContent = composition.text;
  stale = true;
}

async function refresh() {
  if (!stale) return;
  stale = false;
  page = 0;
  shown = [];
  try {
    if (!composition.letters) return;
    const began = performance.now();
    shown = await candidates(converter, composition.request);
    status.textContent = `${(performance.now() - began).toFixed(0)} ms`;
  } finally {
    show();
  }
}

function take(candidate) {
  insert(composition.choose(candidate));
  changed();
}

async function choose(index) {
  await refresh();
  if (shown[index]) take(shown[index]);
  else if (!shown.length) commit(); // no conversion was possible
}

function commit() {
  if (composition.letters) insert(composition.commit());
  changed();
}

function toggle() {
  chinese = !chinese;
  document.querySelector('#language').textContent = chinese ? '中' : '英';
  commit();
}

async function turn(by) {
  await refresh();
  page = Math.max(0, Math.min(page + by, Math.ceil(shown.length / PAGE) - 1));
  show();
}

async function handle(key) {
  if (!composition.letters) {
    composition.start(before());
    return chinese && composition.type(key) ? changed() : apply(key);
  }
  if (key === 'Backspace') composition.backspace();
  else if (key === 'Escape') composition.start('');
  else if (key === 'Enter') return commit();
  else if (key === ' ') return choose(page * PAGE);
  else if (/^[1-9]$/.test(key)) return choose(page * PAGE + Number(key) - 1);
  else if (key === 'PageDown' || key === '=') return turn(1);
  else if (key === 'PageUp' || key === '-') return turn(-1);
  else if (!composition.type(key)) {
    if (key.length > 1) return;
    // Punctuation takes what comes first, for all letters that are left.
    while (composition.letters) await choose(0);
    return apply(key);
  }
  changed();
}

// A key that was pressed while letters were there, but whose turn came after they were converted.
function apply(key) {
  if (key === 'Backspace') {
    const last = field.selectionStart === field.selectionEnd ? [...before()].at(-1) ?? '' : '';
    field.setRangeText('', field.selectionStart - last.length, field.selectionEnd, 'end');
  } else if (key === 'Enter') {
    insert('\n');
  } else if (key === '"' && chinese) {
    insert(before().lastIndexOf('“') > before().lastIndexOf('”') ? '”' : '“');
  } else if (key.length === 1) {
    insert((chinese && FULL_WIDTH[key]) || key);
  }
}

field.addEventListener('keydown', event => {
  shiftAlone = event.key === 'Shift';
  if (!converter || event.ctrlKey || event.altKey || event.metaKey) return;
  const ours = composition.letters || pending
    ? HELD.test(event.key)
    : chinese && (/^[a-z]$/i.test(event.key) || event.key in FULL_WIDTH);
  if (!ours) return;
  event.preventDefault();
  enqueue(() => handle(event.key));
});

field.addEventListener('keyup', event => {
  if (event.key === 'Shift' && shiftAlone && converter) enqueue(toggle);
});

// The caret goes elsewhere: what is being typed stays where it was.
field.addEventListener('mousedown', () => {
  if (composition.letters) enqueue(commit);
});

function fail(error) {
  status.textContent = error.message;
  console.error(error);
}

try {
  converter = await Converter.load('model.tflite', 'node_modules/@litertjs/core/wasm/');
  await converter.convert('', ['a']); // the first takes several times as long as later ones
  status.textContent = 'ready';
  window.idle = true;
  field.disabled = false;
  field.focus();
} catch (error) {
  fail(error);
}
