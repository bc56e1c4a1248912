// Chromium with a page in it that keeps a list of what was asked for, and hands that type on it. MODEL
// names a static file, CHROMIUM the browser.
import {chromium} from 'playwright-core';

import {serve} from '../serve.js';

const MODEL =
  process.env.MODEL ?? new URL('../../small.static.tflite', import.meta.url).pathname;

export async function open() {
  const server = await serve(MODEL);
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--no-first-run'],
  });
  const page = await browser.newPage();
  const asked = [];
  page.context().on('request', request => asked.push(request.url()));
  const close = async () => {
    await browser.close();
    server.close();
  };
  return {page, asked, address: `http://127.0.0.1:${server.address().port}/`, close};
}

// What one does with a page and sees on it.
export function hands(page) {
  const text = () => page.locator('textarea').inputValue();
  const letters = () => page.locator('#letters').textContent(); // and hanzi that are chosen
  const shown = () => page.locator('ol li').allTextContents();
  const idle = () => page.waitForFunction(() => window.idle);
  const type = async keys => {
    for (const key of keys) await page.keyboard.press(key === ' ' ? 'Space' : key);
    await idle(); // the page works through its keys in order
  };
  const clear = async () => {
    await type(['Escape']);
    await page.locator('textarea').fill('');
  };
  const turnTo = async candidate => {
    for (let turns = 0; !(await shown()).includes(candidate) && turns < 9; turns++) {
      await type(['PageDown']);
    }
  };
  const choose = async candidate => {
    await turnTo(candidate);
    await page.locator('ol li', {hasText: new RegExp(`^${candidate}$`)}).click();
    await idle();
  };
  return {text, letters, shown, idle, type, clear, turnTo, choose};
}
