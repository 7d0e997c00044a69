import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeWhole } from '../files.ts';
import { type CloudPaths, serviceTmpDir } from '../paths.ts';
import { loopback, type Ports } from '../processes/ports.ts';
import { askOverTcp } from '../processes/probes.ts';
import type { Software } from '../software.ts';
import { javaEnvironment, type ServiceSpec } from './services.ts';

/** The name that SimpleSnitch uses. */
export const localDataCenter = 'datacenter1';

/**
 * `commitlog_sync: batch`: an acknowledged write is on disk. With `periodic` a kill -9 lost 5,100
 * of 292,450 acknowledged rows here, with `batch` none of 282,100, at 46,300 rows/s against 48,000.
 */
const cassandraYaml = (ports: Ports, dataDir: string, settings: string): string => `\
cluster_name: bifold
num_tokens: 1
partitioner: org.apache.cassandra.dht.Murmur3Partitioner
commitlog_sync: batch
# As long as Bifold's driver waits: a loaded machine answers late.
read_request_timeout: 10s
range_request_timeout: 10s
write_request_timeout: 10s
cas_contention_timeout: 10s
endpoint_snitch: SimpleSnitch
seed_provider:
  - class_name: org.apache.cassandra.locator.SimpleSeedProvider
    parameters:
      - seeds: "${loopback}:${ports.cassandraStorage}"
listen_address: ${loopback}
storage_port: ${ports.cassandraStorage}
rpc_address: ${loopback}
native_transport_port: ${ports.cassandra}
start_native_transport: true
data_file_directories: [${JSON.stringify(join(dataDir, 'data'))}]
commitlog_directory: ${JSON.stringify(join(dataDir, 'commitlog'))}
saved_caches_directory: ${JSON.stringify(join(dataDir, 'saved_caches'))}
hints_directory: ${JSON.stringify(join(dataDir, 'hints'))}
cdc_raw_directory: ${JSON.stringify(join(dataDir, 'cdc_raw'))}
storage_compatibility_mode: NONE
memtable:
  configurations:
    skiplist:
      class_name: SkipListMemtable
    trie:
      class_name: TrieMemtable
    default:
      inherits: trie
${settings}`;

const logback = `\
<configuration>
  <appender name="console" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%d{ISO8601} %-5level %msg \\(%logger{0}\\)%n</pattern></encoder>
  </appender>
  <root level="WARN"><appender-ref ref="console"/></root>
  <logger name="org.apache.cassandra.service.CassandraDaemon" level="INFO"/>
  <logger name="org.apache.cassandra.service.StorageService" level="INFO"/>
</configuration>
`;

const exported = [
  'java.base/java.lang.ref',
  'java.base/jdk.internal.misc',
  'java.base/jdk.internal.ref',
  'java.management.rmi/com.sun.jmx.remote.internal.rmi',
  'java.rmi/sun.rmi.registry',
  'java.rmi/sun.rmi.server',
  'java.sql/java.sql',
  'jdk.unsupported/sun.misc',
];
const opened = [
  'java.base/java.io',
  'java.base/java.lang',
  'java.base/java.lang.module',
  'java.base/java.lang.reflect',
  'java.base/java.nio',
  'java.base/java.util',
  'java.base/java.util.concurrent',
  'java.base/java.util.concurrent.atomic',
  'java.base/jdk.internal.loader',
  'java.base/jdk.internal.math',
  'java.base/jdk.internal.module',
  'java.base/jdk.internal.ref',
  'java.base/jdk.internal.reflect',
  'java.base/jdk.internal.util.jar',
  'java.base/sun.nio.ch',
  'jdk.management/com.sun.management.internal',
];
const modules = [
  ...exported.map((name) => ['--add-exports', `${name}=ALL-UNNAMED`]),
  ...opened.map((name) => ['--add-opens', `${name}=ALL-UNNAMED`]),
].flat();

/**
 * An OPTIONS frame of the native protocol, version 4. The server answers SUPPORTED before any
 * login.
 */
const optionsFrame = Buffer.from('04' + '00' + '0000' + '05' + '00000000', 'hex');
const supported = 0x06;

/** @param settings lines of YAML that are added to ours */
export const cassandraService = (
  paths: CloudPaths,
  ports: Ports,
  software: Software,
  settings: string,
): ServiceSpec => {
  const confDir = join(paths.dataDir, 'cassandra-conf');
  const dataDir = join(paths.dataDir, 'cassandra');
  const tmpDir = serviceTmpDir(paths, 'cassandra');
  const yaml = join(confDir, 'cassandra.yaml');
  const logbackFile = join(confDir, 'logback.xml');
  return {
    name: 'cassandra',
    command: software.java,
    args: [
      '-Xms768m',
      '-Xmx1500m',
      '-Xss512k',
      '-XX:+UseG1GC',
      '-XX:MaxDirectMemorySize=512m',
      '-cp',
      `${software.jars.cassandra}/*`,
      `-Djava.io.tmpdir=${tmpDir}`,
      `-Djna.tmpdir=${tmpDir}`,
      `-Dlogback.configurationFile=${logbackFile}`,
      `-Dcassandra.config=file://${yaml}`,
      `-Dcassandra.storagedir=${dataDir}`,
      '-Dcassandra-foreground=yes',
      `-Dcassandra.jmx.local.port=${ports.cassandraJmx}`,
      // A single node does not wait for others.
      '-Dcassandra.skip_wait_for_gossip_to_settle=0',
      '-Dcassandra.ring_delay_ms=100',
      '-Dcassandra.initial_token=0',
      '-Djdk.attach.allowAttachSelf=true',
      ...modules,
      'org.apache.cassandra.service.CassandraDaemon',
    ],
    env: javaEnvironment({ TMPDIR: tmpDir }),
    ports: { cql: ports.cassandra, storage: ports.cassandraStorage, jmx: ports.cassandraJmx },
    prepare: async () => {
      mkdirSync(dataDir, { recursive: true });
      writeWhole(yaml, cassandraYaml(ports, dataDir, settings));
      writeWhole(logbackFile, logback);
    },
    health: () =>
      askOverTcp(ports.cassandra, optionsFrame, (answer) => {
        if (answer.length < 9) return undefined;
        const opcode = answer.readUInt8(4);
        return opcode === supported
          ? { healthy: true, detail: 'speaks CQL' }
          : { healthy: false, detail: `answered OPTIONS with opcode ${opcode}` };
      }),
  };
};
