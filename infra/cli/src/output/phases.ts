import { bold, seconds, tell } from './terminal.ts';

/** Phases with their times. */
export class Phases {
  private readonly took: [string, number][] = [];
  private readonly startedAtMs = performance.now();

  async run<T>(name: string, work: () => Promise<T>): Promise<T> {
    const startedAtMs = performance.now();
    tell(bold(name));
    const result = await work();
    this.took.push([name, performance.now() - startedAtMs]);
    return result;
  }

  text(): string {
    const each = this.took.map(([name, ms]) => `${name.replace(/^The /, '').replace(/ ".*"$/, '')} ${seconds(ms)}`);
    return `${each.join(', ')}; ${seconds(performance.now() - this.startedAtMs)} in all`;
  }
}
