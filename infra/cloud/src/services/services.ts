import type { HealthReport } from '../processes/probes.ts';

/** A background process of the cloud: its command, and its health check. */
export interface ServiceSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment. Only the marks that identify our processes are added. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /**
   * The revision of the program behind `command`. If it changes, `up` restarts the service even if
   * it is healthy.
   */
  readonly revision?: string;
  /** Ports it listens on, all on loopback, by meaning. */
  readonly ports?: Readonly<Record<string, number>>;
  readonly health: () => Promise<HealthReport>;
  /** Names of services that must be healthy before this one is started. */
  readonly dependsOn?: readonly string[];
  /**
   * Writes files before the start, such as configuration or a formatted log. It may run repeatedly.
   */
  readonly prepare?: () => Promise<void>;
  readonly startWithinMs?: number;
  /** The time between SIGTERM and SIGKILL of a stop. */
  readonly stopWithinMs?: number;
}

/**
 * The environment of a service, with only selected variables of ours. Others (credentials, proxies,
 * debugger options) would make machines behave differently, and the emulator passes its environment
 * to every function.
 */
export const cleanEnvironment = (variables: Readonly<Record<string, string>>): Record<string, string> => {
  const env: Record<string, string> = { LANG: 'C.UTF-8', TZ: 'UTC' };
  for (const name of ['PATH', 'HOME', 'USER', 'LD_LIBRARY_PATH']) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  return { ...env, ...variables };
};

/**
 * Like `cleanEnvironment`, for a Java service. Of our variables, only BIFOLD_JAVA_OPTIONS adds
 * options to its JVM.
 */
export const javaEnvironment = (variables: Readonly<Record<string, string>>): Record<string, string> => {
  const options = process.env.BIFOLD_JAVA_OPTIONS ?? '';
  return cleanEnvironment(options === '' ? variables : { ...variables, JDK_JAVA_OPTIONS: options });
};
