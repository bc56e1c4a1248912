// Types in a real browser and reads what arrived. MODEL names a static file, CHROMIUM the browser.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';

import {chromium} from 'playwright-core';

import {serve} from '../serve.js';

const MODEL = process.env.MODEL ?? new URL('../../small.static.tflite', import.meta.url).pathname;
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
let server, browser, page;
const asked = [];

before(async () => {
  server = await serve(MODEL);
  browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--no-first-run'],
  });
  page = await browser.newPage();
  page.on('request', request => asked.push(request.url()));
  page.on('pageerror', error => assert.fail(error));
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  await page.getByText('ready').waitFor({timeout: 60000});
});

after(async () => {
  await browser?.close();
  server?.close();
});

const text = () => page.locator('textarea').inputValue();
const shown = () => page.locator('li').allTextContents();

async function type(keys) {
  for (const key of keys) await page.keyboard.press(key === ' ' ? 'Space' : key);
  // An answer to everything typed: the page works through its keys in order.
  await page.waitForFunction(() => window.idle);
}

async function clear() {
  await page.locator('textarea').fill('');
}

test('a sentence', async () => {
  await type('jintiantianqizhenhao');
  assert.equal((await shown())[0], '今天天气真好');
  await type(' ');
  assert.equal(await text(), '今天天气真好');
  assert.deepEqual(await shown(), []);
});

test('two readings of the same letters', async () => {
  await clear();
  await type('xian');
  const first = await shown();
  assert.ok(first.includes('西安') && first.includes('先'), first);
  await page.keyboard.press('Escape');
});

test('a shorter candidate is fixed and the rest converted again', async () => {
  await clear();
  await type('womenqugongyuan');
  for (let turns = 0; !(await shown()).includes('我们') && turns < 9; turns++) {
    await type(['PageDown']);
  }
  await page.locator('li', {hasText: /^我们$/}).click();
  await page.waitForFunction(() => window.idle);
  assert.equal(await page.locator('#letters').textContent(), '我们qugongyuan');
  assert.equal(await text(), '');
  await type(' ');
  assert.equal(await text(), '我们去公园');
});

test('backspace, punctuation, letters as they are, another language', async () => {
  await clear();
  await type('nihaoo');
  await type(['Backspace']);
  await type('!');
  assert.equal(await text(), '你好！');
  await type('ok');
  await type(['Enter']);
  assert.equal(await text(), '你好！ok');
  await type(['Shift', 'h', 'i']);
  assert.equal(await text(), '你好！okhi');
  await type(['Shift']);
});

test('keys that come faster than conversions', async () => {
  await clear();
  await type([...'nihao', ' ', 'Backspace', '1', 'Enter', ...'hao', ' ']);
  assert.equal(await text(), '你1\n好');
});

test('the text to the left counts', async () => {
  await clear();
  await page.locator('textarea').fill('她走了，');
  await type('wohenxiangta ');
  assert.equal(await text(), '她走了，我很想她');
});

test('nothing leaves the machine', () => {
  assert.ok(asked.length > 5);
  for (const url of asked) {
    assert.ok(url.startsWith(`http://127.0.0.1:${server.address().port}/`) || url.startsWith('data:'), url);
  }
});

test('how long a keystroke takes', async t => {
  await clear();
  const times = [];
  for (const letter of 'zhongguorenminyinhang') {
    await type(letter);
    times.push(parseFloat(await page.locator('#status').textContent()));
  }
  await page.keyboard.press('Escape');
  times.sort((a, b) => a - b);
  t.diagnostic(`median of ${times.length} keystrokes: ${times[times.length >> 1]} ms`);
  assert.ok(times[0] > 0);
});
