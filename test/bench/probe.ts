/**
 * Loaded into a process that is to be sampled:
 * `NODE_OPTIONS=--import=file:///.../probe.ts?into=<folder>`. The first SIGUSR2 starts the
 * sampling, the second ends it and writes `<folder>/<pid>.cpuprofile`.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';

const SAMPLE_EVERY_US = 500;

const into = new URL(import.meta.url).searchParams.get('into');
if (into !== null && isMainThread) {
  const session = new Session();
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.setSamplingInterval', { interval: SAMPLE_EVERY_US });
  let isSampling = false;
  process.on('SIGUSR2', () => {
    if (!isSampling) {
      isSampling = true;
      session.post('Profiler.start');
      return;
    }
    isSampling = false;
    session.post('Profiler.stop', (error, result) => {
      const file = join(into, `${process.pid}.cpuprofile`);
      writeFileSync(`${file}.part`, JSON.stringify(error === null ? result.profile : null));
      renameSync(`${file}.part`, file);
    });
  });
  writeFileSync(join(into, `${process.pid}.ready`), '');
}
