import type { HealthReport } from '../processes/probes.ts';

/** A background process of the cloud: how to start it, and how to know that it serves. */
export interface ServiceSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /**
   * The whole environment: nothing is inherited but the marks by which the process is found again.
   */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Changes with the program behind `command`; `up` then restarts it although it is healthy. */
  readonly revision?: string;
  /** Ports it listens on, all on loopback, by meaning. */
  readonly ports?: Readonly<Record<string, number>>;
  readonly health: () => Promise<HealthReport>;
  /** Names of services that must be healthy before this one is started. */
  readonly dependsOn?: readonly string[];
  /** Written before the start: configuration, a formatted log. Must be harmless when repeated. */
  readonly prepare?: () => Promise<void>;
  readonly startWithinMs?: number;
  /** The time between SIGTERM and SIGKILL of a stop. */
  readonly stopWithinMs?: number;
}

/**
 * The variables that a service may see of ours. Anything else (credentials, proxies, a debugger's
 * options) would make two machines behave differently, and the emulator passes its environment on
 * to every function.
 */
export const cleanEnvironment = (own: Readonly<Record<string, string>>): Record<string, string> => {
  const env: Record<string, string> = { LANG: 'C.UTF-8', TZ: 'UTC' };
  for (const name of ['PATH', 'HOME', 'USER', 'LD_LIBRARY_PATH']) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  return { ...env, ...own };
};

/**
 * As `cleanEnvironment`, for a Java service: BIFOLD_JAVA_OPTIONS, and no other variable of ours,
 * adds options to its JVM.
 */
export const javaEnvironment = (own: Readonly<Record<string, string>>): Record<string, string> => {
  const options = process.env.BIFOLD_JAVA_OPTIONS ?? '';
  return cleanEnvironment(options === '' ? own : { ...own, JDK_JAVA_OPTIONS: options });
};
