/** The command line where no service runs: what it says, and how it ends. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Bifold, bifoldIn, deleteCloud } from '../../integration/local/bifold.ts';

const FOUR_PARTS = /^✖ .+\n {2}got {7}.+\n {2}expected {2}.+\n {2}fix {7}.+\n {2}\[[A-Z_]+\]\n$/s;

let bifold: Bifold;
beforeAll(() => {
  bifold = bifoldIn('without-cloud');
});
afterAll(() => deleteCloud(bifold));

describe('before anything runs', () => {
  it('status names what is away, and does not fail', async () => {
    const { status, stdout } = await bifold.run('status');
    expect(status).toBe(0);
    for (const name of ['cassandra', 'kafka', 'emulator', 'trigger'])
      expect(stdout).toMatch(new RegExp(`${name} +DOWN`));
  });

  it('doctor says no, with the cure', async () => {
    const { status, stdout } = await bifold.run('doctor');
    expect(status).toBe(1);
    expect(stdout).toContain('npx bifold up');
  });

  it.each([
    ['an unknown command', ['nonsense'], 2, /unknown command 'nonsense'/],
    ['an unknown option', ['up', '--nonsense'], 2, /unknown option '--nonsense'/],
    ['a missing argument', ['verify'], 2, /missing required argument 'pipeline'/],
    ['a rate that is none', ['produce', 'delays', '--rate', 'fast'], 2, /whole number/],
    ['an unknown pipeline', ['query', 'nonsense'], 2, /delays, .*airframes, /],
    ['an unknown lookup table', ['lookup', 'load', 'nonsense', '--file', 'x.csv'], 2, /airlines, planes/],
    ['a file that is not there', ['produce', 'delays', '--file', 'nowhere.jsonl'], 2, /nowhere\.jsonl/],
    ['a pipeline that is not deployed', ['verify', 'delays'], 3, /npx bifold deploy delays/],
    ['a service that is away', ['deploy', 'delays'], 3, /npx bifold up|start it/],
  ] as const)('%s is told in four parts, without a stack', async (_, args, wanted, told) => {
    const { status, stderr } = await bifold.run(...args);
    expect(stderr.replace(/^[✓✖…] [^\n]+ {2}[\d.]+ s\n/gm, '')).toMatch(FOUR_PARTS);
    expect(stderr).toMatch(told);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(status).toBe(wanted);
  });

  it.each(['up', 'deploy', 'produce', 'query', 'verify', 'status', 'start'])(
    '%s teaches by an example',
    async (command) => {
      const { status, stdout } = await bifold.run(command, '--help');
      expect(status).toBe(0);
      expect(stdout).toMatch(/Examples?:\n {2}\$ (npx bifold|npm)/);
    },
  );
});
