/**
 * The arrows of imports. Which files of a workspace others may import is what its package.json exports: said once, there.
 *
 * `test/gates/arrows.test.ts` plants a violation of every rule and sees it refused.
 */
const { readdirSync, readFileSync } = require('node:fs');
const { join } = require('node:path');

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
  'examples',
];
/** Projects like a user's own. */
const EXAMPLES = readdirSync(join(__dirname, 'examples'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => `examples/${name}`);
const TESTS = '\\.test\\.ts$';
/** Parts that tests beside their units share. */
const FIXTURES = '\\.fixture\\.ts$';

const anyOf = (paths) => `^(${paths.join('|')})/`;
const escaped = (path) => path.replaceAll('.', '\\.');
const exportsOf = (workspace) =>
  Object.values(JSON.parse(readFileSync(join(__dirname, workspace, 'package.json'), 'utf8')).exports ?? {}).map(
    (path) => escaped(join(workspace, path)),
  );

/** `from` may import of ours: itself and `allowed`, nothing else. */
const arrow = (from, allowed) => ({
  name: `arrow-${from.split('/').at(-1)}`,
  comment: `${from} imports ${allowed.length === 0 ? 'nothing of ours' : allowed.join(', ')}.`,
  severity: 'error',
  from: { path: `^${from}/` },
  to: { path: anyOf(WORKSPACES.filter((workspace) => workspace !== from && !allowed.includes(workspace))) },
});

/** A dependency has one home, so that swapping it touches one place. */
const home = (dependency, homes) => ({
  name: `home-${dependency.replace('@', '').replace('/', '-')}`,
  comment: `${dependency} is used in ${homes.join(' and ')} alone.`,
  severity: 'error',
  from: { pathNot: ['^test/', TESTS, '/bench/', ...homes.map((path) => `^${path}/`)] },
  to: { path: `^node_modules/${dependency}/` },
});

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    arrow('layers/core', []),
    arrow('layers/models', ['layers/core']),
    arrow('layers/compression', []),
    arrow('layers/adapters', ['layers/core', 'layers/models', 'layers/compression']),
    {
      ...arrow('layers/engine', ['layers/core', 'layers/models']),
      from: { path: '^layers/engine/', pathNot: [TESTS, FIXTURES] },
    },
    arrow('layers/pipelines', ['layers/core', 'layers/models', 'examples']),
    {
      ...arrow('layers/streams', ['layers/core', 'layers/adapters']),
      from: { path: '^layers/streams/', pathNot: [TESTS, FIXTURES] },
    },
    arrow('functions', ['layers/core', 'layers/models', 'layers/adapters', 'layers/engine', 'layers/pipelines']),
    arrow('cdk', ['layers/core', 'layers/models', 'layers/pipelines']),
    {
      name: 'constructs-alone',
      comment: "Constructs know no app: they are what a user's own stack is made of.",
      severity: 'error',
      from: { path: '^cdk/src/(constructs|bundling|limits|permissions)/', pathNot: [TESTS, 'write-document\\.ts$'] },
      to: { path: '^cdk/src/(app|deployment)/' },
    },
    {
      name: 'constructs-by-index',
      comment: 'The app has no privileged path: it uses the constructs that everybody imports.',
      severity: 'error',
      from: { path: '^cdk/src/app/' },
      to: { path: '^cdk/src/constructs/', pathNot: '^cdk/src/constructs/index\\.ts$' },
    },
    arrow('infra/cloud', []),
    arrow('infra/trigger', ['layers/compression']),
    // infra/cli imports everything of ours.
    {
      name: 'arrow-examples',
      comment: "Examples import what a user's own project would: the definition API of core, models and streams.",
      severity: 'error',
      from: { path: '^examples/', pathNot: TESTS },
      to: {
        path: anyOf(WORKSPACES.filter((workspace) => workspace !== 'examples')),
        pathNot: '^layers/(core|models|streams)/src/index\\.ts$',
      },
    },
    {
      name: 'examples-alone',
      comment: 'An example can be copied out of the checkout: it imports no other one.',
      severity: 'error',
      from: { path: '^(examples/[^/]+)/' },
      to: { path: '^examples/', pathNot: '^$1/' },
    },
    {
      name: 'plan-imports-nothing',
      comment:
        'The nodes of a plan are plain types: a plan imports nothing but the errors and the hash of its version.',
      severity: 'error',
      from: { path: '^layers/core/src/plan/', pathNot: TESTS },
      to: { pathNot: ['^layers/core/src/plan/', '^layers/core/src/errors\\.ts$', '^(node:)?crypto$'] },
    },
    {
      name: 'core-is-pure',
      comment: 'Core and models have no I/O and no libraries: the Standard Schema types, hashing and bytes.',
      severity: 'error',
      from: { path: '^layers/(core|models)/', pathNot: [TESTS, FIXTURES] },
      to: {
        pathNot: [
          '^layers/',
          '^functions/',
          '^cdk/',
          '^infra/',
          '^test/',
          '^node_modules/@standard-schema/spec/',
          '^(node:)?(crypto|buffer)$',
        ],
      },
    },
    {
      name: 'arrow-to-test',
      comment:
        'Nothing imports tests; a test beside its unit may run the contract that every implementation of a port passes.',
      severity: 'error',
      from: { pathNot: ['^test/', TESTS] },
      to: { path: '^test/' },
    },
    {
      name: 'arrow-from-tests',
      comment: 'A test beside its unit imports contracts of test/, nothing else from there.',
      severity: 'error',
      from: { path: TESTS, pathNot: '^test/' },
      to: { path: '^test/', pathNot: '^test/contract/' },
    },
    {
      name: 'no-test-imported',
      comment:
        'What tests share is no test: one test file is no input of another, so that its result may be kept when the other changes.',
      severity: 'error',
      from: {},
      to: { path: TESTS },
    },
    {
      name: 'fixtures-for-tests',
      comment: 'Only tests import the fixtures that lie beside them.',
      severity: 'error',
      from: { path: '^(layers|functions|infra)/', pathNot: [TESTS, FIXTURES] },
      to: { path: FIXTURES },
    },
    ...WORKSPACES.filter((workspace) => workspace !== 'examples').map((workspace) => ({
      name: `index-of-${workspace.split('/').at(-1)}`,
      comment: `Others import what ${workspace} exports, no file deep inside it; tests may import its fixtures.`,
      severity: 'error',
      from: { pathNot: `^${workspace}/` },
      to: { path: `^${workspace}/`, pathNot: [...exportsOf(workspace).map((path) => `^${path}$`), FIXTURES] },
    })),
    {
      name: 'index-of-examples',
      comment: 'Others import what an example exports, no file deep inside it.',
      severity: 'error',
      from: { pathNot: '^examples/' },
      to: { path: '^examples/', pathNot: EXAMPLES.flatMap(exportsOf).map((path) => `^${path}$`) },
    },
    home('cassandra-driver', ['layers/adapters/src/cassandra']),
    home('@duckdb', ['layers/adapters/src/duckdb']),
    home('@platformatic/kafka', ['layers/adapters/src/kafka']),
    home('@platformatic/wasm-utils', ['layers/compression']),
    home('csv-parse', ['layers/adapters/src/formats']),
    home('kafkajs', ['infra/trigger', 'infra/cli']),
    home('aws-cdk-lib', ['cdk']),
    home('commander', ['infra/cli']),
    {
      name: 'no-cycle',
      comment: 'What imports itself by way of others cannot be understood, or tested, alone.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'resolvable',
      comment: 'An import that does not resolve would pass every other rule in silence.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: ['^test/planted/', '(^|/)cdk\\.out/', '^\\.bifold/'] },
    // Types are dependencies too.
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
      extensions: ['.ts', '.mts', '.js', '.mjs', '.cjs', '.json', '.d.ts'],
      mainFields: ['module', 'main', 'types', 'typings'],
    },
    skipAnalysisNotInRules: true,
  },
};
