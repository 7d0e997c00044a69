import { existsSync, rmSync } from 'node:fs';
import { CloudError } from './errors.ts';
import { privateFolder } from './files.ts';
import { type CloudPaths, cloudPaths } from './paths.ts';
import { withLock } from './processes/lock.ts';
import { type HdfsPorts, keptHdfsPorts, loopback, type Ports, recordSourcePorts } from './processes/ports.ts';
import { markedProcesses, signal } from './processes/processes.ts';
import { ensureDown, ensureUp, livingRecord, type ServiceStatus, statusOf } from './processes/supervisor.ts';
import { until } from './processes/waiting.ts';
import { type OnProgress, tracked } from './progress.ts';
import { keptSecrets, type Secrets } from './secrets.ts';
import { cassandraService, localDataCenter } from './services/cassandra.ts';
import { accountId, checkpoint, emulatorService, region } from './services/emulator.ts';
import { hdfsServices } from './services/hdfs.ts';
import { kafkaService } from './services/kafka.ts';
import type { ServiceSpec } from './services/services.ts';
import { ensureSoftware, hdfsJars, removeOldSoftware, type Software } from './software.ts';

/** The addresses of a cloud's services, for their clients. */
export interface CloudAddresses {
  readonly kafka: {
    /** PLAINTEXT, for administration on this machine. */
    readonly brokersInternal: string;
    /** SASL_PLAINTEXT with SCRAM-SHA-512, for functions and the trigger. */
    readonly brokersSasl: string;
    readonly username: string;
    readonly password: string;
  };
  readonly cassandra: {
    readonly contactPoints: readonly string[];
    readonly port: number;
    readonly localDataCenter: string;
  };
  readonly aws: {
    readonly endpoint: string;
    readonly region: string;
    readonly accountId: string;
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
  };
  /** Null unless HDFS was requested. */
  readonly hdfs: {
    /** The NameNode's HTTP server, for WebHDFS. */
    readonly endpoint: string;
    /** The address for commands: `hdfs://127.0.0.1:port`. */
    readonly address: string;
    /** For Hadoop's own clients. */
    readonly defaultFs: string;
  } | null;
  readonly ports: Ports;
}

export interface CloudOptions {
  /** The checkout, whose Node and packages the functions run with. */
  readonly root: string;
  readonly stateDir?: string;
  /** A folder of installed software, to share it between clouds in tests. */
  readonly softwareDir?: string;
  /** Adds HDFS to the cloud, until its data is deleted. */
  readonly withHdfs?: boolean;
  /** YAML lines to add to Cassandra's settings, for tests. */
  readonly cassandraSettings?: string;
  /** Starts only these services, for tests. */
  readonly only?: readonly string[];
  readonly extraServices?: (addresses: CloudAddresses, paths: CloudPaths) => readonly ServiceSpec[];
  readonly onProgress?: OnProgress;
}

export interface Cloud {
  readonly addresses: CloudAddresses;
  readonly paths: CloudPaths;
  /** Starts every service that is not healthy. If all are healthy, it changes nothing. */
  up(): Promise<UpReport>;
  /** Stops every process. `deleteData` also deletes all data; ports, secrets and software stay. */
  down(options?: { deleteData?: boolean }): Promise<void>;
  status(): Promise<readonly ServiceStatus[]>;
  /**
   * Makes the emulator store functions, mappings, stacks and parameters, which it otherwise does
   * only at a graceful stop. After a deployment with this call, `up` alone repairs a killed
   * emulator.
   */
  checkpoint(): Promise<void>;
  /**
   * For tests: sends a signal to a service's main process. For SIGKILL, it waits until the process
   * is gone.
   */
  kill(name: string, signalName?: NodeJS.Signals): Promise<void>;
}

export interface UpReport extends CloudAddresses {
  /**
   * The services that were started by this call. If the emulator is among them, check that the
   * deployments still exist.
   */
  readonly started: readonly string[];
}

const addressesOf = (ports: Ports, hdfs: HdfsPorts | null, secrets: Secrets): CloudAddresses => ({
  kafka: {
    brokersInternal: `${loopback}:${ports.kafkaInternal}`,
    brokersSasl: `${loopback}:${ports.kafka}`,
    ...secrets.kafka,
  },
  cassandra: { contactPoints: [loopback], port: ports.cassandra, localDataCenter },
  // The emulator accepts any key, and the SDK requires one.
  aws: {
    endpoint: `http://${loopback}:${ports.emulator}`,
    region,
    accountId,
    accessKeyId: 'test',
    secretAccessKey: 'test',
  },
  hdfs:
    hdfs === null
      ? null
      : {
          endpoint: `http://${loopback}:${hdfs.webHdfs}`,
          address: `hdfs://${loopback}:${hdfs.webHdfs}`,
          defaultFs: `hdfs://${loopback}:${hdfs.nameNode}`,
        },
  ports,
});

/**
 * Starts each service as soon as its dependencies are up. The first failure is thrown after all
 * attempts have ended.
 */
const startInOrder = async (specs: readonly ServiceSpec[], start: (spec: ServiceSpec) => Promise<void>) => {
  const running = new Map<string, Promise<void>>();
  const begin = (spec: ServiceSpec): Promise<void> => {
    const known = running.get(spec.name);
    if (known !== undefined) return known;
    const needed = specs.filter(({ name }) => spec.dependsOn?.includes(name));
    const work = Promise.all(needed.map(begin)).then(() => start(spec));
    running.set(spec.name, work);
    return work;
  };
  const outcomes = await Promise.allSettled(specs.map(begin));
  const failure = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
};

/**
 * Opens the cloud of a checkout without starting it. Ports and secrets are chosen at the first use.
 */
export const openCloud = async (options: CloudOptions): Promise<Cloud> => {
  const paths = cloudPaths(options);
  const onProgress = options.onProgress ?? (() => {});
  privateFolder(paths.stateDir);
  const ports = await recordSourcePorts(paths.portsFile);
  const secrets = keptSecrets(paths.secretsFile);
  const hdfsPorts =
    options.withHdfs === true || existsSync(paths.hdfsPortsFile)
      ? await keptHdfsPorts(paths.hdfsPortsFile, Object.values(ports))
      : null;
  const addresses = addressesOf(ports, hdfsPorts, secrets);

  const specsWith = (software: Software): readonly ServiceSpec[] =>
    [
      cassandraService(paths, ports, software, options.cassandraSettings ?? ''),
      kafkaService(paths, ports, secrets, software),
      emulatorService(paths, ports, software),
      ...(hdfsPorts === null ? [] : hdfsServices(paths, hdfsPorts, { java: software.java, jars: hdfsJars(paths) })),
      ...(options.extraServices?.(addresses, paths) ?? []),
    ].filter(({ name }) => options.only?.includes(name) ?? true);
  // Names, ports and health do not need the software; only a start does.
  const specs = specsWith({ python: '', java: '', jars: { kafka: '', cassandra: '' } });

  const exclusively = <T>(work: () => Promise<T>) =>
    withLock(paths.lockFile, work, {
      onWait: (pid) =>
        onProgress({ kind: 'started', step: `waiting for process ${pid}, which starts or stops this cloud` }),
    });

  const stopAll = async () => {
    // Stop dependents first, to avoid errors about lost connections. Stop the others in parallel.
    const [dependents, others] = [specs.filter((s) => s.dependsOn?.length), specs.filter((s) => !s.dependsOn?.length)];
    for (const group of [dependents, others])
      await Promise.all(group.map((spec) => tracked(onProgress, `stop ${spec.name}`, () => ensureDown(paths, spec))));
    // Kill processes with our mark that belong to no known service: a trigger of an earlier
    // version, or a child of a function.
    for (const pid of markedProcesses(paths.stateDir)) signal(pid, 'SIGKILL');
    await until(() => (markedProcesses(paths.stateDir).length === 0 ? true : undefined), { withinMs: 60_000 });
  };

  return {
    addresses,
    paths,
    up: () =>
      exclusively(async () => {
        const software = await ensureSoftware(paths, onProgress, { hdfs: hdfsPorts !== null });
        const started: string[] = [];
        await startInOrder(specsWith(software), (spec) =>
          tracked(onProgress, `start ${spec.name}`, async () => {
            if ((await ensureUp(paths, spec)) === 'started') started.push(spec.name);
          }),
        );
        removeOldSoftware(paths);
        return { ...addresses, started };
      }),
    down: ({ deleteData = false } = {}) =>
      exclusively(async () => {
        await stopAll();
        if (!deleteData) return;
        for (const dir of [paths.dataDir, paths.logsDir, paths.runDir, paths.tmpDir])
          rmSync(dir, { recursive: true, force: true });
        rmSync(paths.hdfsPortsFile, { force: true });
      }),
    checkpoint: () => checkpoint(ports),
    status: () => Promise.all(specs.map((spec) => statusOf(paths, spec))),
    kill: async (name, signalName = 'SIGKILL') => {
      const spec = specs.find((candidate) => candidate.name === name);
      const record = spec === undefined ? undefined : livingRecord(paths, name);
      if (record === undefined)
        throw new CloudError(spec === undefined ? 'BIFOLD_SERVICE_UNKNOWN' : 'BIFOLD_SERVICE_NOT_RUNNING', {
          failed: `sending ${signalName} to "${name}"`,
          received: spec === undefined ? 'no service of that name' : 'a service that has no process',
          allowed: `one of ${specs.map((candidate) => candidate.name).join(', ')}, while it runs`,
          remedy: spec === undefined ? 'name one of these' : 'start the cloud first',
        });
      signal(record.pid, signalName);
      if (signalName === 'SIGKILL')
        await until(() => (livingRecord(paths, name) === undefined ? true : undefined), {
          withinMs: 60_000,
          everyMs: 5,
        });
    },
  };
};
