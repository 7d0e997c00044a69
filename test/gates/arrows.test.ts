import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { root, run } from './run.ts';

/**
 * A tree with the workspaces' own package.json files, and the config: each planted file breaks one
 * arrow, and the gate must say which.
 */

const WORKSPACES = [
  'layers/core',
  'layers/models',
  'layers/compression',
  'layers/adapters',
  'layers/engine',
  'layers/pipelines',
  'layers/streams',
  'functions',
  'cdk',
  'infra/cloud',
  'infra/trigger',
  'infra/cli',
  'examples/flights',
  'examples/films',
];

const VIOLATIONS = [
  { file: 'layers/core/src/planted-a.ts', imports: '@bifold/pipelines', rule: 'arrow-core' },
  { file: 'layers/core/src/planted-b.ts', imports: '@bifold/adapters/memory', rule: 'arrow-core' },
  { file: 'layers/core/src/planted-c.ts', imports: 'node:fs', rule: 'core-is-pure' },
  { file: 'layers/core/src/planted-d.ts', imports: 'zod', rule: 'core-is-pure' },
  { file: 'layers/core/src/planted-e.ts', imports: 'node:process', rule: 'core-is-pure' },
  { file: 'layers/core/src/plan/planted-f.ts', imports: '../deep.ts', rule: 'plan-imports-nothing' },
  { file: 'layers/models/src/planted-a.ts', imports: '@bifold/adapters/memory', rule: 'arrow-models' },
  { file: 'layers/models/src/planted-b.ts', imports: 'node:fs', rule: 'core-is-pure' },
  { file: 'layers/compression/src/planted-a.ts', imports: '@bifold/core', rule: 'arrow-compression' },
  { file: 'layers/adapters/src/planted-a.ts', imports: '@bifold/pipelines', rule: 'arrow-adapters' },
  { file: 'layers/adapters/src/planted-b.ts', imports: '@bifold/functions/training', rule: 'arrow-adapters' },
  { file: 'layers/pipelines/src/planted-a.ts', imports: '@bifold/adapters', rule: 'arrow-pipelines' },
  {
    file: 'layers/pipelines/src/planted-b.ts',
    imports: '../../../examples/flights/src/deep.ts',
    rule: 'index-of-examples',
  },
  { file: 'examples/flights/src/planted-a.ts', imports: '@bifold/core/engine', rule: 'arrow-examples' },
  { file: 'examples/flights/src/planted-b.ts', imports: '@bifold/adapters/kafka', rule: 'arrow-examples' },
  { file: 'examples/films/src/planted-a.ts', imports: '@bifold/pipelines', rule: 'arrow-examples' },
  { file: 'examples/films/src/planted-b.ts', imports: '@bifold/example-flights', rule: 'examples-alone' },
  { file: 'layers/engine/src/planted-a.ts', imports: '@bifold/adapters/memory', rule: 'arrow-engine' },
  { file: 'layers/engine/src/planted-b.ts', imports: '@bifold/functions/training', rule: 'arrow-engine' },
  { file: 'functions/src/planted-a.ts', imports: '@bifold/cdk', rule: 'arrow-functions' },
  { file: 'functions/src/planted-b.ts', imports: '@bifold/cloud', rule: 'arrow-functions' },
  { file: 'cdk/src/planted-a.ts', imports: '@bifold/adapters', rule: 'arrow-cdk' },
  { file: 'cdk/src/planted-b.ts', imports: '@bifold/adapters/cassandra', rule: 'arrow-cdk' },
  { file: 'cdk/src/constructs/planted-d.ts', imports: '../app/deep.ts', rule: 'constructs-alone' },
  { file: 'cdk/src/app/planted-e.ts', imports: '../constructs/deep.ts', rule: 'constructs-by-index' },
  { file: 'cdk/src/planted-f.ts', imports: '@bifold/example-flights', rule: 'arrow-cdk' },
  { file: 'functions/src/planted-h.ts', imports: '@bifold/example-flights', rule: 'arrow-functions' },
  { file: 'layers/streams/src/planted-c.ts', imports: '@bifold/pipelines', rule: 'arrow-streams' },
  { file: 'infra/cloud/src/planted-a.ts', imports: '@bifold/core', rule: 'arrow-cloud' },
  { file: 'infra/trigger/src/planted-a.ts', imports: '@bifold/core', rule: 'arrow-trigger' },
  { file: 'infra/trigger/src/planted-b.ts', imports: '../../cloud/src/index.ts', rule: 'arrow-trigger' },
  { file: 'layers/streams/src/planted-a.ts', imports: '@bifold/functions/training', rule: 'arrow-streams' },
  { file: 'layers/streams/src/planted-b.ts', imports: '@bifold/cli', rule: 'arrow-streams' },
  { file: 'infra/cli/src/planted-a.ts', imports: '../../../test/planted.ts', rule: 'arrow-to-test' },
  { file: 'infra/cli/src/planted-b.test.ts', imports: '../../../test/planted.ts', rule: 'arrow-from-tests' },
  { file: 'infra/cli/src/planted-i.test.ts', imports: './planted-b.test.ts', rule: 'no-test-imported' },
  { file: 'layers/core/src/planted-g.ts', imports: './known.fixture.ts', rule: 'fixtures-for-tests' },
  { file: 'layers/models/src/planted-c.ts', imports: '../../core/src/known.fixture.ts', rule: 'fixtures-for-tests' },
  { file: 'layers/adapters/src/planted-c.ts', imports: '../../core/src/deep.ts', rule: 'index-of-core' },
  { file: 'layers/adapters/src/planted-e.ts', imports: '../../models/src/deep.ts', rule: 'index-of-models' },
  { file: 'functions/src/planted-c.ts', imports: '../../layers/adapters/src/deep.ts', rule: 'index-of-adapters' },
  { file: 'functions/src/planted-d.ts', imports: '../../layers/pipelines/src/deep.ts', rule: 'index-of-pipelines' },
  { file: 'functions/src/planted-g.ts', imports: '../../layers/engine/src/deep.ts', rule: 'index-of-engine' },
  { file: 'layers/adapters/src/planted-d.ts', imports: '../../compression/src/deep.ts', rule: 'index-of-compression' },
  { file: 'infra/cli/src/planted-c.ts', imports: '../../../functions/src/deep.ts', rule: 'index-of-functions' },
  { file: 'infra/cli/src/planted-d.ts', imports: '../../../cdk/src/deep.ts', rule: 'index-of-cdk' },
  { file: 'infra/cli/src/planted-e.ts', imports: '../../cloud/src/deep.ts', rule: 'index-of-cloud' },
  { file: 'infra/cli/src/planted-f.ts', imports: '../../trigger/src/deep.ts', rule: 'index-of-trigger' },
  { file: 'infra/cli/src/planted-h.ts', imports: '../../../layers/streams/src/deep.ts', rule: 'index-of-streams' },
  { file: 'test/planted-a.ts', imports: '../infra/cli/src/deep.ts', rule: 'index-of-cli' },
  { file: 'test/planted-b.ts', imports: '@bifold/core/src/deep.ts', rule: 'resolvable' },
  { file: 'test/planted-c.ts', imports: './nothing-here.ts', rule: 'resolvable' },
  { file: 'test/planted-d.ts', imports: '@bifold/nothing', rule: 'resolvable' },
  { file: 'functions/src/planted-e.ts', imports: 'cassandra-driver', rule: 'home-cassandra-driver' },
  { file: 'functions/src/planted-f.ts', imports: '@duckdb/node-api', rule: 'home-duckdb' },
  { file: 'layers/adapters/src/s3/planted.ts', imports: '@platformatic/kafka', rule: 'home-platformatic-kafka' },
  { file: 'infra/trigger/src/planted-h.ts', imports: '@platformatic/wasm-utils', rule: 'home-platformatic-wasm-utils' },
  { file: 'layers/streams/src/planted-c.ts', imports: 'csv-parse', rule: 'home-csv-parse' },
  { file: 'infra/cloud/src/planted-b.ts', imports: 'kafkajs', rule: 'home-kafkajs' },
  { file: 'infra/cli/src/planted-g.ts', imports: 'aws-cdk-lib', rule: 'home-aws-cdk-lib' },
  { file: 'cdk/src/planted-c.ts', imports: 'commander', rule: 'home-commander' },
] as const;

const ALLOWED = [
  { file: 'layers/core/src/good.ts', imports: 'node:crypto' },
  { file: 'layers/core/src/good.ts', imports: '@standard-schema/spec' },
  { file: 'layers/core/src/good.test.ts', imports: './deep.ts' },
  { file: 'layers/core/src/good.test.ts', imports: './known.fixture.ts' },
  { file: 'layers/core/src/known.fixture.ts', imports: 'zod' },
  { file: 'layers/engine/src/good.test.ts', imports: '../../core/src/known.fixture.ts' },
  { file: 'layers/adapters/src/good.ts', imports: '@bifold/core' },
  { file: 'layers/adapters/src/cassandra/good.ts', imports: 'cassandra-driver' },
  { file: 'layers/adapters/src/formats/good.ts', imports: 'csv-parse' },
  { file: 'layers/adapters/src/good.test.ts', imports: '../../../test/contract/port.ts' },
  { file: 'layers/adapters/src/kafka/good.ts', imports: '@bifold/compression' },
  { file: 'layers/compression/src/good.ts', imports: '@platformatic/wasm-utils' },
  { file: 'layers/pipelines/src/good.ts', imports: '@bifold/core' },
  { file: 'layers/pipelines/src/good.ts', imports: '@bifold/example-flights' },
  { file: 'examples/flights/src/good.ts', imports: '@bifold/core' },
  { file: 'examples/flights/src/good.ts', imports: '@bifold/models' },
  { file: 'examples/flights/src/good.ts', imports: 'zod' },
  { file: 'examples/films/src/good.ts', imports: '@bifold/streams' },
  { file: 'examples/flights/src/good.test.ts', imports: '@bifold/core/engine' },
  { file: 'functions/src/good.ts', imports: '@bifold/adapters/cassandra' },
  { file: 'layers/engine/src/good.ts', imports: '@bifold/core' },
  { file: 'layers/engine/src/good.test.ts', imports: '@bifold/adapters/memory' },
  { file: 'functions/src/good.ts', imports: '@bifold/engine' },
  { file: 'functions/src/good.ts', imports: '@bifold/pipelines' },
  { file: 'cdk/src/good.ts', imports: '@bifold/pipelines' },
  { file: 'cdk/src/app/good.ts', imports: '../constructs/index.ts' },
  { file: 'layers/streams/src/good.ts', imports: '@bifold/adapters/duckdb' },
  { file: 'infra/cli/src/good.ts', imports: '@bifold/streams' },
  { file: 'infra/cli/src/good.ts', imports: '@bifold/trigger' },
  { file: 'infra/cli/src/good.ts', imports: '@bifold/cdk/deployment' },
  { file: 'test/good.ts', imports: '@bifold/adapters/duckdb' },
] as const;

/** Files inside a workspace that its own files may not import from everywhere. */
const DEEP = ['cdk/src/app/deep.ts', 'cdk/src/constructs/deep.ts'] as const;

/** Two files that import each other, one of them by a type alone. */
const CYCLE = ['functions/src/cycle-a.ts', 'functions/src/cycle-b.ts'] as const;

interface Violation {
  readonly from: string;
  readonly rule: { readonly name: string; readonly severity: string };
}

let tree: string;
let violations: readonly Violation[];

function write(file: string, lines: readonly string[]): void {
  mkdirSync(dirname(join(tree, file)), { recursive: true });
  writeFileSync(join(tree, file), `${lines.join('\n')}\n`);
}

beforeAll(async () => {
  tree = mkdtempSync(join(tmpdir(), 'bifold-arrows-'));
  mkdirSync(join(tree, 'node_modules/@bifold'), { recursive: true });
  cpSync(join(root, 'package.json'), join(tree, 'package.json'));
  cpSync(join(root, '.dependency-cruiser.cjs'), join(tree, '.dependency-cruiser.cjs'));
  for (const workspace of WORKSPACES) {
    const manifest = JSON.parse(readFileSync(join(root, workspace, 'package.json'), 'utf8'));
    write(`${workspace}/package.json`, [JSON.stringify(manifest)]);
    for (const path of Object.values<string>(manifest.exports ?? {}))
      write(`${workspace}/${path}`, ['export const known = 1;']);
    write(`${workspace}/src/deep.ts`, ['export const known = 1;']);
    symlinkSync(join(tree, workspace), join(tree, 'node_modules', manifest.name));
  }
  for (const dependency of [
    'zod',
    'cassandra-driver',
    '@duckdb/node-api',
    '@platformatic/kafka',
    '@platformatic/wasm-utils',
    'csv-parse',
    'kafkajs',
    'aws-cdk-lib',
    'commander',
    '@standard-schema/spec',
  ]) {
    mkdirSync(dirname(join(tree, 'node_modules', dependency)), { recursive: true });
    write(`node_modules/${dependency}/package.json`, [JSON.stringify({ name: dependency, main: 'index.js' })]);
    write(`node_modules/${dependency}/index.js`, ['']);
  }
  for (const file of ['test/planted.ts', 'test/contract/port.ts', ...DEEP]) write(file, ['export const known = 1;']);
  const files = Map.groupBy<string, { readonly file: string; readonly imports: string }>(
    [...VIOLATIONS, ...ALLOWED],
    ({ file }) => file,
  );
  for (const [file, planted] of files)
    write(
      file,
      planted.map(({ imports }, index) => `import type * as planted${index} from '${imports}';`),
    );
  write(CYCLE[0], ["import { b } from './cycle-b.ts';", 'export type A = number;', 'export const a = b;']);
  write(CYCLE[1], ["import type { A } from './cycle-a.ts';", 'export const b: A = 1;']);

  const { stdout } = await run(
    'dependency-cruiser/bin/dependency-cruiser.mjs',
    [
      '--config',
      '.dependency-cruiser.cjs',
      '--output-type',
      'json',
      'layers',
      'functions',
      'cdk',
      'infra',
      'examples',
      'test',
    ],
    tree,
  );
  violations = JSON.parse(stdout).summary.violations;
});
afterAll(() => rmSync(tree, { recursive: true, force: true }));

describe('an import against the arrows is refused', () => {
  it.each(VIOLATIONS)('$file -> $imports: $rule', ({ file, rule }) => {
    expect(violations.filter(({ from }) => from === file).map((violation) => violation.rule)).toContainEqual({
      name: rule,
      severity: 'error',
    });
  });

  it('two files that import each other, one by a type alone: no-cycle', () => {
    expect(violations.filter(({ from }) => from === CYCLE[0]).map(({ rule }) => rule.name)).toContain('no-cycle');
  });

  it('has a planted violation for every rule', async () => {
    const { default: config } = await import(join(root, '.dependency-cruiser.cjs'));
    const planted = new Set<string>([...VIOLATIONS.map(({ rule }) => rule), 'no-cycle']);
    expect(config.forbidden.map(({ name }: { name: string }) => name).sort()).toEqual([...planted].sort());
  });
});

describe('an import along the arrows passes', () => {
  it.each(ALLOWED)('$file -> $imports', ({ file }) => {
    expect(violations.filter(({ from }) => from === file)).toEqual([]);
  });
});
