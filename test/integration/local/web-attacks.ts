import { request } from 'node:http';
import type { Browser, Page } from 'playwright-core';

/** The name that the attacker's DNS points to 127.0.0.1. */
export const REBOUND = 'rebound.example';
export const VICTIM = 'victim';

/** An emulator with a function VICTIM, as the target of attacks. */
export interface Target {
  readonly port: number;
  /** The base64 of a zip with the code of a function. */
  readonly code: string;
}

const createdBy = (name: string, code: string) =>
  JSON.stringify({
    FunctionName: name,
    Runtime: 'nodejs24.x',
    Handler: 'index.handler',
    Role: 'arn:aws:iam::000000000000:role/any',
    Code: { ZipFile: code },
  });
const INVOKE = `/2015-03-31/functions/${VICTIM}/invocations`;
const QUEUES = '/?Action=ListQueues&Version=2012-11-05';
const queueOf = (name: string) => `/?Action=CreateQueue&QueueName=${name}&Version=2012-11-05`;

/**
 * A page of `origin`, which is not the emulator's, does what a page can do to it. Returns what it
 * could read.
 */
export async function attackFromPage(browser: Browser, origin: string, { port, code }: Target): Promise<string> {
  const page = await browser.newPage();
  try {
    await page.goto(origin);
    const target = `http://127.0.0.1:${port}`;
    await postFromPage(page, `${target}/2015-03-31/functions`, createdBy('made-by-fetch', code));
    await postFromPage(page, `${target}${INVOKE}`, JSON.stringify({ by: 'fetch' }));
    await submitForm(page, `${target}${INVOKE}`);
    await loadImage(page, `${target}${queueOf('made-by-image')}`);
    return await readFromPage(page, `${target}${QUEUES}`);
  } finally {
    await page.close();
  }
}

/**
 * A page whose name was pointed to this machine: for the browser, the emulator is its own server.
 * Returns what it could read.
 */
export async function attackFromReboundPage(browser: Browser, { port }: Target): Promise<string> {
  const page = await browser.newPage();
  try {
    const target = `http://${REBOUND}:${port}`;
    await page.goto(`${target}/_ministack/health`);
    await postFromPage(page, `${target}${INVOKE}`, JSON.stringify({ by: 'rebound' }));
    return await readFromPage(page, `${target}${QUEUES}`);
  } finally {
    await page.close();
  }
}

/** `text/plain` and `no-cors`: the browser sends no preflight. */
const postFromPage = (page: Page, url: string, body: string) =>
  page.evaluate(
    async ([address, text]) => {
      const headers = { 'content-type': 'text/plain' };
      await fetch(address, { method: 'POST', mode: 'no-cors', headers, body: text }).catch(() => undefined);
    },
    [url, body] as const,
  );

const readFromPage = (page: Page, url: string) =>
  page.evaluate(
    (address) =>
      fetch(address).then(
        (answer) => answer.text(),
        () => '',
      ),
    url,
  );

/** A form's text/plain body is `name=value`: JSON whose last text holds the sign of equality. */
const submitForm = (page: Page, url: string) =>
  page.evaluate(`new Promise((resolve) => {
    const frame = Object.assign(document.createElement('iframe'), { name: 'answer' });
    const form = document.createElement('form');
    Object.assign(form, { method: 'post', enctype: 'text/plain', action: ${JSON.stringify(url)}, target: 'answer' });
    const field = Object.assign(document.createElement('input'), { name: '{"by":"form","rest":"', value: '"}' });
    form.append(field);
    document.body.append(form);
    frame.srcdoc = 'ready';
    frame.onload = () => {
      frame.onload = () => resolve();
      form.submit();
    };
    document.body.append(frame);
  })`);

const loadImage = (page: Page, url: string) =>
  page.evaluate(`new Promise((resolve) => {
    const image = new Image();
    image.onload = image.onerror = () => resolve();
    image.src = ${JSON.stringify(url)};
  })`);

/** Headers that a program can send and a browser would choose itself. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export function sendRaw(
  port: number,
  path: string,
  { method = 'GET', headers = {}, body = '' }: { method?: string; headers?: Record<string, string>; body?: string },
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, method, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.once('error', reject);
      answer.once('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          body: Buffer.concat(chunks).toString('utf8'),
        }),
      );
    });
    asked.once('error', reject).end(body);
  });
}

/** The same attacks with the headers that a browser would send, by a raw client. */
export async function attackByRawRequests({ port, code }: Target): Promise<void> {
  const page = { origin: 'http://127.0.0.1:1', 'sec-fetch-site': 'same-site', 'content-type': 'text/plain' };
  const post = (path: string, body: string, headers: Record<string, string>) =>
    sendRaw(port, path, { method: 'POST', headers: { ...headers, 'content-length': String(body.length) }, body });
  await post('/2015-03-31/functions', createdBy('made-by-raw', code), page);
  await post(INVOKE, JSON.stringify({ by: 'raw' }), page);
  await post(INVOKE, JSON.stringify({ by: 'raw-sandbox' }), { origin: 'null', 'content-type': 'text/plain' });
  await post(INVOKE, JSON.stringify({ by: 'raw-rebound' }), { host: `${REBOUND}:${port}` });
  await sendRaw(port, queueOf('made-by-raw-image'), { headers: { 'sec-fetch-site': 'cross-site' } });
}
