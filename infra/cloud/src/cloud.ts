import { existsSync, rmSync } from 'node:fs';
import { CloudError } from './errors.ts';
import { privateFolder } from './files.ts';
import { type CloudPaths, cloudPaths } from './paths.ts';
import { withLock } from './processes/lock.ts';
import { type HdfsPorts, loopback, type Ports, savedHdfsPorts, savedPorts } from './processes/ports.ts';
import { markedProcesses, signal } from './processes/processes.ts';
import { ensureDown, ensureUp, livingRecord, type ServiceStatus, statusOf } from './processes/supervisor.ts';
import { until } from './processes/waiting.ts';
import { type OnProgress, tracked } from './progress.ts';
import { type Secrets, savedSecrets } from './secrets.ts';
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
  privateFolder(paths.stateDir);
  const ports = await savedPorts(paths.portsFile);
  const hdfsPorts =
    options.withHdfs === true || existsSync(paths.hdfsPortsFile)
      ? await savedHdfsPorts(paths.hdfsPortsFile, Object.values(ports))
      : null;
  return new LocalCloud(options, { paths, ports, hdfsPorts, secrets: savedSecrets(paths.secretsFile) });
};

/** The files, ports and secrets that a cloud was given once. */
interface Installation {
  readonly paths: CloudPaths;
  readonly ports: Ports;
  /** Null unless HDFS is a part of the cloud. */
  readonly hdfsPorts: HdfsPorts | null;
  readonly secrets: Secrets;
}

/** Names, ports and health of services do not need the software; only a start does. */
const NO_SOFTWARE: Software = { python: '', java: '', jars: { kafka: '', cassandra: '' } };
const STOP_WITHIN_MS = 60_000;

class LocalCloud implements Cloud {
  readonly addresses: CloudAddresses;
  readonly paths: CloudPaths;
  readonly #options: CloudOptions;
  readonly #installation: Installation;
  readonly #onProgress: OnProgress;
  readonly #specs: readonly ServiceSpec[];

  constructor(options: CloudOptions, installation: Installation) {
    const { paths, ports, hdfsPorts, secrets } = installation;
    this.addresses = addressesOf(ports, hdfsPorts, secrets);
    this.paths = paths;
    this.#options = options;
    this.#installation = installation;
    this.#onProgress = options.onProgress ?? (() => {});
    this.#specs = this.#specsWith(NO_SOFTWARE);
  }

  up(): Promise<UpReport> {
    return this.#exclusively(async () => {
      const hdfs = this.#installation.hdfsPorts !== null;
      const software = await ensureSoftware(this.paths, this.#onProgress, { hdfs });
      const started: string[] = [];
      await startInOrder(this.#specsWith(software), (spec) =>
        tracked(this.#onProgress, `start ${spec.name}`, async () => {
          if ((await ensureUp(this.paths, spec)) === 'started') started.push(spec.name);
        }),
      );
      removeOldSoftware(this.paths);
      return { ...this.addresses, started };
    });
  }

  down({ deleteData = false }: { deleteData?: boolean } = {}): Promise<void> {
    return this.#exclusively(async () => {
      await this.#stopAll();
      if (!deleteData) return;
      const { dataDir, logsDir, runDir, tmpDir, hdfsPortsFile } = this.paths;
      for (const dir of [dataDir, logsDir, runDir, tmpDir]) rmSync(dir, { recursive: true, force: true });
      rmSync(hdfsPortsFile, { force: true });
    });
  }

  status(): Promise<readonly ServiceStatus[]> {
    return Promise.all(this.#specs.map((spec) => statusOf(this.paths, spec)));
  }

  checkpoint(): Promise<void> {
    return checkpoint(this.#installation.ports);
  }

  async kill(name: string, signalName: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    signal(this.#processOf(name, signalName), signalName);
    if (signalName === 'SIGKILL')
      await until(() => (livingRecord(this.paths, name) === undefined ? true : undefined), {
        withinMs: STOP_WITHIN_MS,
        everyMs: 5,
      });
  }

  #processOf(name: string, signalName: NodeJS.Signals): number {
    const isService = this.#specs.some((spec) => spec.name === name);
    const record = isService ? livingRecord(this.paths, name) : undefined;
    if (record !== undefined) return record.pid;
    throw new CloudError(isService ? 'BIFOLD_SERVICE_NOT_RUNNING' : 'BIFOLD_SERVICE_UNKNOWN', {
      failed: `sending ${signalName} to "${name}"`,
      received: isService ? 'a service that has no process' : 'no service of that name',
      allowed: `one of ${this.#specs.map((spec) => spec.name).join(', ')}, while it runs`,
      remedy: isService ? 'start the cloud first' : 'name one of these',
    });
  }

  #specsWith(software: Software): readonly ServiceSpec[] {
    const { paths, ports, hdfsPorts, secrets } = this.#installation;
    const { cassandraSettings = '', extraServices, only } = this.#options;
    const specs = [
      cassandraService(paths, ports, software, cassandraSettings),
      kafkaService(paths, ports, secrets, software),
      emulatorService(paths, ports, software),
      ...(hdfsPorts === null ? [] : hdfsServices(paths, hdfsPorts, { java: software.java, jars: hdfsJars(paths) })),
      ...(extraServices?.(this.addresses, paths) ?? []),
    ];
    return specs.filter(({ name }) => only?.includes(name) ?? true);
  }

  #exclusively<T>(work: () => Promise<T>): Promise<T> {
    return withLock(this.paths.lockFile, work, {
      onWait: (pid) =>
        this.#onProgress({ kind: 'started', step: `waiting for process ${pid}, which starts or stops this cloud` }),
    });
  }

  async #stopAll(): Promise<void> {
    // Stop dependents first, to avoid errors about lost connections. Stop the others in parallel.
    const [dependents, others] = [
      this.#specs.filter((spec) => spec.dependsOn?.length),
      this.#specs.filter((spec) => !spec.dependsOn?.length),
    ];
    for (const group of [dependents, others])
      await Promise.all(
        group.map((spec) => tracked(this.#onProgress, `stop ${spec.name}`, () => ensureDown(this.paths, spec))),
      );
    // Kill processes with our mark that belong to no known service: a trigger of an earlier
    // version, or a child of a function.
    const { stateDir } = this.paths;
    for (const pid of markedProcesses(stateDir)) signal(pid, 'SIGKILL');
    await until(() => (markedProcesses(stateDir).length === 0 ? true : undefined), { withinMs: STOP_WITHIN_MS });
  }
}
