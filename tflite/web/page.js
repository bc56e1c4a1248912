import {Engine, KEYS, startWorker} from './engine.js';
import {bindOptions, bindWords} from './settings.js';

const field = document.querySelector('textarea');
const line = document.querySelector('ol');
const letters = document.querySelector('#letters');
const status = document.querySelector('#status');
let engine, chinese = true, shiftAlone = false;
// Keys are handled one after the other.
let work = Promise.resolve(), pending = 0;

function enqueue(job) {
  window.idle = false;
  pending++;
  work = work.then(job).catch(fail).then(() => {
    pending--;
    show();
  });
}

const before = () => field.value.slice(0, field.selectionStart);

function insert(text) {
  field.setRangeText(text, field.selectionStart, field.selectionEnd, 'end');
}

function show() {
  const {preedit, caret, candidates, page, pages, highlighted, warning} = engine.state;
  if (warning) status.textContent = warning;
  letters.replaceChildren(preedit.slice(0, caret), document.createElement('i'), preedit.slice(caret));
  letters.hidden = !preedit;
  document.querySelector('#pages').textContent = pages > 1 ? `${page + 1}/${pages}` : '';
  line.replaceChildren(...candidates.map((candidate, index) => {
    const item = document.createElement('li');
    item.textContent = candidate.text;
    if (candidate.comment) {
      const comment = document.createElement('small');
      comment.textContent = candidate.comment;
      item.append(' ', comment);
    }
    item.classList.toggle('chosen', index === highlighted);
    item.addEventListener('mousedown', event => {
      event.preventDefault(); // the field keeps the focus
      enqueue(() => {
        if (engine.state.candidates[index] === candidate) engine.choose(index);
        insert(engine.takeCommit());
      });
    });
    return item;
  }));
  window.idle = !pending && !engine.busy;
}

async function handle(key) {
  if (!engine.composing) engine.setContext(before());
  const handled = chinese && await engine.press(key);
  insert(engine.takeCommit());
  if (!handled) apply(key);
}

async function finish() {
  if (engine.composing) await handle('Enter');
}

async function toggle() {
  await finish();
  chinese = !chinese;
  document.querySelector('#language').textContent = chinese ? '中' : '英';
}

// A key that waited for its turn, and that the engine leaves to the field.
function apply(key) {
  if (key === 'Backspace') {
    const last = field.selectionStart === field.selectionEnd ? [...before()].at(-1) ?? '' : '';
    field.setRangeText('', field.selectionStart - last.length, field.selectionEnd, 'end');
  } else if (key === 'Enter') {
    insert('\n');
  } else if (key.length === 1) {
    insert(key);
  }
}

field.addEventListener('keydown', event => {
  shiftAlone = event.key === 'Shift';
  if (!engine || event.ctrlKey || event.altKey || event.metaKey) return;
  const ours = pending ? KEYS.test(event.key) : chinese && engine.wants(event.key);
  if (!ours && !(chinese && KEYS.test(event.key))) return;
  if (!ours) { // the field's, but predictions go
    enqueue(() => engine.press(event.key));
    return;
  }
  event.preventDefault();
  enqueue(() => handle(event.key));
});

field.addEventListener('keyup', event => {
  if (event.key === 'Shift' && shiftAlone && engine) enqueue(toggle);
});

// The caret goes elsewhere: what is being typed stays where it was.
field.addEventListener('mousedown', () => {
  if (engine?.composing) enqueue(finish);
});

function fail(error) {
  status.textContent = error.message;
  console.error(error);
}

try {
  const ask = await startWorker('build/worker.js', {
    model: new URL('model.tflite', location).href,
    wasm: new URL('node_modules/@litertjs/core/wasm/', location).href,
  });
  const timed = async (name, request) => {
    const began = performance.now();
    const answer = await ask(name, request);
    status.textContent = `${(performance.now() - began).toFixed(0)} ms`;
    return answer;
  };
  const options = bindOptions(document.querySelector('#options'), changed => enqueue(async () => {
    await finish();
    await engine.configure(changed);
  }));
  bindWords(document.querySelector('#words'), ask, fail);
  engine = new Engine(timed, {changed: show, failed: fail});
  await engine.configure(options);
  status.textContent = 'ready';
  field.disabled = false;
  field.focus();
  show();
} catch (error) {
  fail(error);
}
