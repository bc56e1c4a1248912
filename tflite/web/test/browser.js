// Chromium with a page in it that keeps a list of what was asked for. MODEL names a static file,
// CHROMIUM the browser.
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
