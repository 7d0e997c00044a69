import { FOLDER } from './results.ts';

/** What is the same for all groups; main.ts adds what is a group's own. */
export default {
  // Only these are copied to where they are broken; node_modules is a link to the checkout's.
  ignorePatterns: ['*', '!/package.json', '!/layers/**', '!/examples/**', '!/test/**'],
  tempDirName: `${FOLDER}/copies`,
  cleanTempDir: 'always',
  disableTypeChecks: false,
  // Mocha runs all tests in one process, and a mutant is a switch in it: modules are loaded anew only for mutants of what runs while they load.
  // Jest would load every test file anew for every mutant: hours.
  testRunner: 'mocha',
  plugins: ['@stryker-mutator/mocha-runner'],
  mochaOptions: { 'no-config': true, 'no-package': true, require: ['./test/mutation/hooks.ts'] },
  // Tests expect thousands of errors: nobody reads where these were made.
  testRunnerNodeArgs: ['--no-warnings', '--stack-trace-limit=0'],
  // A mutant hangs when it takes half as long again as its tests took, and this.
  timeoutMS: 10_000,
  timeoutFactor: 1.5,
  incremental: true,
  reporters: ['progress-append-only', 'html'],
  logLevel: 'warn',
};
