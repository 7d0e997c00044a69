import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { CloudError } from '../errors.ts';
import { writeWhole } from '../files.ts';
import { type CloudPaths, serviceTmpDir } from '../paths.ts';
import { loopback, type Ports } from '../processes/ports.ts';
import { askOverTcp, type HealthReport } from '../processes/probes.ts';
import type { Secrets } from '../secrets.ts';
import type { Software } from '../software.ts';
import { javaEnvironment, type ServiceSpec } from './services.ts';

const run = promisify(execFile);

/**
 * One node as broker and controller. Functions and the trigger connect by SASL_PLAINTEXT with
 * SCRAM, as a self-managed event source requires. INTERNAL is for administration on this machine.
 *
 * A kill -9 loses no acknowledged record, although there is no flush interval: acknowledged data is
 * in the page cache, which survives the process. (It does not survive a crash of the machine; on
 * AWS, replicas cover that.)
 *
 * The controller lets a killed broker register again only after its previous session has expired.
 * With the default of 9 s, `up` took 15 s after a kill -9. With 2 s it takes 6.5 s.
 */
const serverProperties = (ports: Ports, logDir: string): string => `\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@${loopback}:${ports.kafkaController}
listeners=SASL_PLAINTEXT://${loopback}:${ports.kafka},CONTROLLER://${loopback}:${ports.kafkaController},INTERNAL://${loopback}:${ports.kafkaInternal}
advertised.listeners=SASL_PLAINTEXT://${loopback}:${ports.kafka},INTERNAL://${loopback}:${ports.kafkaInternal}
controller.listener.names=CONTROLLER
inter.broker.listener.name=INTERNAL
listener.security.protocol.map=CONTROLLER:PLAINTEXT,INTERNAL:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT
sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.sasl_plaintext.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
log.dirs=${logDir}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=2000
num.partitions=4
auto.create.topics.enable=false
unclean.leader.election.enable=false
log.message.timestamp.type=LogAppendTime
log.retention.ms=-1
log.retention.bytes=-1
`;

const log4j = `\
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{ISO8601} %-5p %m (%c)%n
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
logger.server.name = kafka.server
logger.server.level = info
logger.log.name = org.apache.kafka.storage.internals.log
logger.log.level = info
`;

/**
 * A Metadata request, version 1, for no topic. The response lists the active brokers, so an
 * unfenced one reports 1.
 */
const metadataRequest = Buffer.from('0000000e' + '0003' + '0001' + '00000001' + 'ffff' + '00000000', 'hex');

/** The broker's folders and files. */
interface KafkaPaths {
  readonly confDir: string;
  readonly logDir: string;
  readonly tmpDir: string;
  readonly properties: string;
  readonly log4j: string;
}

const kafkaPaths = (paths: CloudPaths): KafkaPaths => {
  const confDir = join(paths.dataDir, 'kafka-conf');
  return {
    confDir,
    logDir: join(paths.dataDir, 'kafka'),
    tmpDir: serviceTmpDir(paths, 'kafka'),
    properties: join(confDir, 'server.properties'),
    log4j: join(confDir, 'log4j2.properties'),
  };
};

const javaOptions = ({ tmpDir, log4j }: KafkaPaths, { jars }: Software): readonly string[] => [
  '-cp',
  `${jars.kafka}/*`,
  `-Djava.io.tmpdir=${tmpDir}`,
  `-Dlog4j2.configurationFile=file:${log4j}`,
  '-Djava.awt.headless=true',
];

/**
 * Formats in a temporary folder, then moves it, so that an interrupted format leaves no incomplete
 * log.
 */
const formatLog = async (files: KafkaPaths, ports: Ports, secrets: Secrets, software: Software): Promise<void> => {
  const draft = `${files.logDir}.formatting`;
  rmSync(draft, { recursive: true, force: true });
  const draftProperties = join(files.confDir, 'format.properties');
  writeWhole(draftProperties, serverProperties(ports, draft));
  const { username, password } = secrets.kafka;
  const args = [
    'format',
    `--cluster-id=${clusterIdOf(randomBytes(16))}`,
    '-c',
    draftProperties,
    '--add-scram',
    `SCRAM-SHA-512=[name=${username},password=${password}]`,
  ];
  // Pass the arguments in a file, one per line, because other users of the machine can see a
  // command line.
  const argumentsFile = join(files.confDir, 'format.arguments');
  writeWhole(argumentsFile, `${args.join('\n')}\n`, 0o600);
  const java = ['-XX:TieredStopAtLevel=1', ...javaOptions(files, software)];
  try {
    await run(software.java, [...java, 'kafka.tools.StorageTool', `@${argumentsFile}`], {
      env: javaEnvironment({ TMPDIR: files.tmpDir }),
    });
  } catch (cause) {
    const { stderr = '', stdout = '' } = cause as { stderr?: string; stdout?: string };
    // Omit the cause: the tool's output may contain the password.
    throw new CloudError('BIFOLD_SERVICE_START_FAILED', {
      failed: "formatting Kafka's log folder",
      received: `${stdout}${stderr}`.replaceAll(password, '***').trim(),
      allowed: 'an empty folder that can be written',
      remedy: `look at ${dirname(files.logDir)}, then run the command again`,
    });
  } finally {
    rmSync(argumentsFile, { force: true });
  }
  renameSync(draft, files.logDir);
};

const brokerHealth = (metadata: Buffer): HealthReport | undefined => {
  if (metadata.length < 12) return undefined;
  const brokers = metadata.readInt32BE(8);
  return brokers > 0
    ? { healthy: true, detail: 'broker is registered' }
    : { healthy: false, detail: 'the broker is not registered yet' };
};

export const kafkaService = (paths: CloudPaths, ports: Ports, secrets: Secrets, software: Software): ServiceSpec => {
  const files = kafkaPaths(paths);
  const java = ['-Xms256m', '-Xmx768m', '-XX:+UseSerialGC', ...javaOptions(files, software)];
  return {
    name: 'kafka',
    command: software.java,
    args: [...java, 'kafka.Kafka', files.properties],
    env: javaEnvironment({ TMPDIR: files.tmpDir }),
    ports: { sasl: ports.kafka, internal: ports.kafkaInternal, controller: ports.kafkaController },
    prepare: async () => {
      writeWhole(files.log4j, log4j);
      writeWhole(files.properties, serverProperties(ports, files.logDir));
      if (!existsSync(join(files.logDir, 'meta.properties'))) await formatLog(files, ports, secrets, software);
    },
    health: () => askOverTcp(ports.kafkaInternal, metadataRequest, brokerHealth),
  };
};

/**
 * A cluster id: 16 bytes in URL-safe base64, as Kafka writes them. It must not start with a dash,
 * because the tool would read it as an option.
 */
export function clusterIdOf(bytes: Buffer): string {
  return bytes.toString('base64url').replace(/^-/, 'A');
}
