import { TEST_WITHIN_MS } from './test/patience.ts';

/** Tests run on the Node that the functions run on, as ES modules, transpiled by swc; types are checked apart, by `npm run typecheck`. */
const project = (displayName, testMatch) => ({
  displayName,
  testMatch,
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2024' }, module: { type: 'es6' } },
    ],
  },
  modulePathIgnorePatterns: ['<rootDir>/.bifold', '<rootDir>/cdk.out', '<rootDir>/test/planted'],
});

/** Tests over real parts. Those of `integration` belong to `npm test`; `npm run test:all` runs those of `extended` too. */
const onCloud = (name) => ({
  ...project(name, [`<rootDir>/test/${name}/**/*.test.ts`]),
  globalSetup: '<rootDir>/test/integration/local/begin.ts',
  globalTeardown: '<rootDir>/test/integration/local/end.ts',
});

export default {
  testTimeout: TEST_WITHIN_MS,
  projects: [
    project('unit', [
      '<rootDir>/layers/**/*.test.ts',
      '<rootDir>/functions/**/*.test.ts',
      '<rootDir>/infra/**/*.test.ts',
      '<rootDir>/cdk/**/*.test.ts',
      '<rootDir>/test/{bench,chaos,files,gates,spark}/**/*.test.ts',
      '<rootDir>/examples/**/*.test.ts',
    ]),
    project('laws', ['<rootDir>/test/laws/**/*.test.ts', '<rootDir>/test/simulation/**/*.test.ts']),
    onCloud('integration'),
    onCloud('extended'),
  ],
};
