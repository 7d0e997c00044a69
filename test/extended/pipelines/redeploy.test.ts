/**
 * A definition is deployed again while questions are asked and records arrive: the answers of the
 * view never become less.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Bifold, bifoldIn, deleteCloud, until } from '../../integration/local/bifold.ts';
import { otherCheckout } from '../../other-checkout.ts';

const CLOUD = 'redeploy';
const DEFINITION = 'examples/flights/src/airframes.ts';
const PIPELINE = 'airframes';
const LEGS = 6_000;

interface Deployed {
  readonly version: string;
  readonly apiUrl: string;
}

/** The answer to one query. */
interface Seen {
  readonly status: number;
  readonly version: string | undefined;
  readonly offsets: number;
  readonly legs: number;
  /** A row covers more or less than the receipt, and says so. */
  readonly deviates: boolean;
}

/** Asks without a pause until it is stopped. */
class QueryLoop {
  readonly seen: Seen[] = [];
  #stopped = false;
  readonly #ended: Promise<void>;

  constructor(url: string) {
    this.#ended = this.#run(`${url}?window=weekly&total=true&limit=1000`);
  }

  async #run(url: string): Promise<void> {
    while (!this.#stopped) {
      const response = await fetch(url);
      const { receipt, rows = [] } = (await response.json()) as {
        receipt?: { version: string; coverage: Record<string, [number, number][]> };
        rows?: { values: { legs: number }; ahead?: unknown; behind?: unknown }[];
      };
      const ranges = Object.values(receipt?.coverage ?? {}).flat();
      this.seen.push({
        status: response.status,
        version: receipt?.version,
        offsets: ranges.reduce((sum, [from, end]) => sum + end - from, 0),
        legs: rows.reduce((sum, { values }) => sum + values.legs, 0),
        deviates: rows.some(({ ahead, behind }) => ahead !== undefined || behind !== undefined),
      });
    }
  }

  async stop(): Promise<readonly Seen[]> {
    this.#stopped = true;
    await this.#ended;
    return this.seen;
  }
}

let bifold: Bifold;
/**
 * A checkout whose definition has the next schema version: another version of the view, with the
 * same meaning.
 */
let edited: Bifold;
let sent = 0;

beforeAll(async () => {
  bifold = bifoldIn(CLOUD);
  const next = { file: DEFINITION, replace: 'schemaVersion: 1', by: 'schemaVersion: 2' };
  edited = bifoldIn(CLOUD, otherCheckout(join(bifold.stateDir, 'edited'), [next]));
  await bifold.done('up');
});
afterAll(() => deleteCloud(bifold));

async function deploy(of: Bifold): Promise<Deployed> {
  const [deployed] = await of.json<readonly Deployed[]>('deploy', PIPELINE);
  return deployed as Deployed;
}

async function send(count: number): Promise<void> {
  const lines = Array.from({ length: count }, (_, index) => {
    const number = sent + index;
    const [tailnum, departed] = [`N${number % 50}`, 1_357_000_000 + number * 60];
    return JSON.stringify({ departed, tailnum, hours: number / 60, miles: 100 + number, speed: 400 });
  });
  sent += count;
  const file = join(bifold.stateDir, `legs-${sent}.jsonl`);
  writeFileSync(file, `${lines.join('\n')}\n`);
  await bifold.done('produce', PIPELINE, '--file', file);
}

/**
 * The answers. The emulator ends an invocation that is under way when it replaces the code (AWS
 * lets it end): one question of a loop.
 */
function answered(seen: readonly Seen[]): readonly Seen[] {
  const given = seen.filter(({ status }) => status === 200);
  expect(seen.length - given.length).toBeLessThanOrEqual(1);
  expect(seen.filter(({ status }) => status !== 200 && status !== 502)).toEqual([]);
  return given;
}

describe('a definition that is deployed again', () => {
  let first: Deployed;
  let second: Deployed;
  let seen: readonly Seen[];

  beforeAll(async () => {
    first = await deploy(bifold);
    await send(LEGS);
    await bifold.waitForLag(PIPELINE, 0);
    const questions = new QueryLoop(first.apiUrl);
    await until(
      'answers before the deployment',
      () => questions.seen.length,
      (count) => count > 2,
    );
    second = await deploy(edited);
    await send(LEGS);
    await edited.waitForLag(PIPELINE, 0);
    const before = questions.seen.length;
    await until(
      'answers after the handover',
      () => questions.seen.length,
      (count) => count > before + 2,
    );
    seen = await questions.stop();
  });

  it('is another version, which answers in the end, at the same address', () => {
    expect(second.version).not.toBe(first.version);
    expect(second.apiUrl).toBe(first.apiUrl);
    expect(seen[0]).toMatchObject({ status: 200, version: first.version, offsets: LEGS, legs: LEGS });
    expect(seen.at(-1)).toMatchObject({ status: 200, version: second.version, offsets: 2 * LEGS, legs: 2 * LEGS });
  });

  it('never makes an answer cover less, and every answer is given and names its version', () => {
    const given = answered(seen);
    expect(given.filter(({ legs, offsets, deviates }) => legs !== offsets && !deviates)).toEqual([]);
    expect(given.filter(({ offsets }, index) => offsets < (given[index - 1]?.offsets ?? 0))).toEqual([]);
    const moves = given.filter(({ version }, index) => index > 0 && version !== given[index - 1]?.version);
    expect(moves.map(({ version }) => version)).toEqual([second.version]);
  });

  it('is equal to the plain fold; the definition before it is told that it does not answer any more', async () => {
    const { equal, records } = await edited.json<{ equal: boolean; records: number }>('verify', PIPELINE);
    expect({ equal, records }).toEqual({ equal: true, records: 2 * LEGS });
    const { status, stderr } = await bifold.run('verify', PIPELINE);
    expect(status).toBe(2);
    expect(stderr).toContain('BIFOLD_OTHER_DEFINITION');
  });

  it('goes back when the definition before it is deployed again, without sending anything again', async () => {
    const questions = new QueryLoop(first.apiUrl);
    expect((await deploy(bifold)).version).toBe(first.version);
    await bifold.waitForLag(PIPELINE, 0);
    expect(answered(await questions.stop()).filter(({ offsets }) => offsets < 2 * LEGS)).toEqual([]);
    const { equal, records } = await bifold.json<{ equal: boolean; records: number }>('verify', PIPELINE);
    expect({ equal, records }).toEqual({ equal: true, records: 2 * LEGS });
  });
});
