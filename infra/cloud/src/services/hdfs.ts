import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CloudError } from '../errors.ts';
import { writeWhole } from '../files.ts';
import { type CloudPaths, serviceTmpDir } from '../paths.ts';
import { type HdfsPorts, loopback } from '../processes/ports.ts';
import { type HealthReport, patienceMs } from '../processes/probes.ts';
import { javaEnvironment, type ServiceSpec } from './services.ts';

const run = promisify(execFile);

/** The installed software of HDFS. */
interface HdfsSoftware {
  readonly java: string;
  readonly jars: string;
}

/**
 * One NameNode and one DataNode, with one replica. Without Kerberos, HDFS trusts the user name of
 * its clients; both servers listen only on loopback. Acknowledged data is in the page cache of the
 * operating system, so it survives a kill -9 of either process.
 */
const properties = (ports: HdfsPorts, nameDir: string, dataDir: string, tmpDir: string) => ({
  'core-site.xml': {
    'fs.defaultFS': `hdfs://${loopback}:${ports.nameNode}`,
    'hadoop.tmp.dir': tmpDir,
    'hadoop.http.staticuser.user': 'bifold',
  },
  'hdfs-site.xml': {
    'dfs.replication': '1',
    'dfs.permissions.enabled': 'false',
    'dfs.namenode.name.dir': `file://${nameDir}`,
    'dfs.namenode.http-address': `${loopback}:${ports.webHdfs}`,
    'dfs.namenode.secondary.http-address': `${loopback}:0`,
    // There is only one DataNode, so its report is complete.
    'dfs.namenode.safemode.extension': '0',
    'dfs.namenode.safemode.min.datanodes': '1',
    'dfs.datanode.data.dir': `file://${dataDir}`,
    'dfs.datanode.address': `${loopback}:${ports.dataNode}`,
    'dfs.datanode.http.address': `${loopback}:${ports.dataNodeHttp}`,
    'dfs.datanode.ipc.address': `${loopback}:${ports.dataNodeIpc}`,
    'dfs.datanode.hostname': loopback,
    'dfs.heartbeat.interval': '1',
    'dfs.datanode.du.reserved': '0',
    // Hadoop cannot check Host or Origin. It can require a header of browsers that no page can send
    // to another origin.
    'dfs.webhdfs.rest-csrf.enabled': 'true',
    'dfs.webhdfs.rest-csrf.custom-header': 'X-Bifold-Cloud',
    'dfs.webhdfs.rest-csrf.browser-useragents-regex': '.*Mozilla.*,.*Opera.*',
    // Protect reads too: the filter ignores GET unless this lists other methods.
    'dfs.webhdfs.rest-csrf.methods-to-ignore': 'TRACE',
  },
});

const xmlOf = (values: Readonly<Record<string, string>>): string => {
  const text = (value: string) => value.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  const entries = Object.entries(values).map(
    ([name, value]) => `  <property><name>${name}</name><value>${text(value)}</value></property>\n`,
  );
  return `<configuration>\n${entries.join('')}</configuration>\n`;
};

const log4j = `\
log4j.rootLogger=WARN, console
log4j.appender.console=org.apache.log4j.ConsoleAppender
log4j.appender.console.target=System.err
log4j.appender.console.layout=org.apache.log4j.PatternLayout
log4j.appender.console.layout.ConversionPattern=%d{ISO8601} %-5p %m (%c{1})%n
`;

const webApp = '<web-app xmlns="http://java.sun.com/xml/ns/javaee" version="3.0"></web-app>\n';

/** A JMX bean of a server, or the reason if the server does not answer. */
const askJmx = async (port: number, bean: string): Promise<Readonly<Record<string, unknown>> | string> => {
  try {
    const url = `http://${loopback}:${port}/jmx?qry=${encodeURIComponent(bean)}`;
    const response = await fetch(url, { signal: AbortSignal.timeout(patienceMs) });
    const { beans } = (await response.json()) as { readonly beans: readonly Readonly<Record<string, unknown>>[] };
    return beans[0] ?? `no ${bean}`;
  } catch (error) {
    const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return inner instanceof Error ? inner.message : String(inner);
  }
};

/** A file system of the cloud: its folders, its ports, and the software that serves it. */
interface Hdfs {
  readonly paths: CloudPaths;
  readonly ports: HdfsPorts;
  readonly software: HdfsSoftware;
  readonly confDir: string;
  readonly nameDir: string;
  readonly dataDir: string;
}

const NAME_NODE = 'org.apache.hadoop.hdfs.server.namenode.NameNode';
const DATA_NODE = 'org.apache.hadoop.hdfs.server.datanode.DataNode';

const javaOptions = ({ paths, software }: Hdfs, service: string, confDir: string): readonly string[] => [
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-cp',
  `${confDir}:${software.jars}/*`,
  `-Djava.io.tmpdir=${serviceTmpDir(paths, service)}`,
  '-Djava.awt.headless=true',
  '-Djava.net.preferIPv4Stack=true',
  '--add-opens',
  'java.base/java.lang=ALL-UNNAMED',
];

const environment = ({ paths }: Hdfs, service: string) =>
  javaEnvironment({ TMPDIR: serviceTmpDir(paths, service), HADOOP_USER_NAME: 'bifold' });

/** Writes the configuration of both servers. */
const configure = ({ paths, ports, dataDir }: Hdfs, nameDir: string, confDir: string): void => {
  const tmpDir = join(paths.tmpDir, 'hdfs');
  for (const [file, values] of Object.entries(properties(ports, nameDir, dataDir, tmpDir)))
    writeWhole(join(confDir, file), xmlOf(values));
  writeWhole(join(confDir, 'log4j.properties'), log4j);
  for (const app of ['hdfs', 'datanode']) writeWhole(join(confDir, 'webapps', app, 'WEB-INF', 'web.xml'), webApp);
};

/**
 * Formats in a temporary folder, then moves it, so that an interrupted format leaves no incomplete
 * file system.
 */
const format = async (hdfs: Hdfs): Promise<void> => {
  const { nameDir, dataDir, software, paths } = hdfs;
  const [draft, conf] = [`${nameDir}.formatting`, `${hdfs.confDir}.formatting`];
  for (const folder of [draft, conf]) rmSync(folder, { recursive: true, force: true });
  configure(hdfs, draft, conf);
  try {
    await run(software.java, [...javaOptions(hdfs, 'namenode', conf), NAME_NODE, '-format', '-nonInteractive'], {
      env: environment(hdfs, 'namenode'),
      maxBuffer: 1 << 26,
    });
  } catch (cause) {
    const { stderr = '', stdout = '' } = cause as { stderr?: string; stdout?: string };
    throw new CloudError(
      'BIFOLD_SERVICE_START_FAILED',
      {
        failed: "formatting the NameNode's folder",
        received: `${stdout}${stderr}`.trim().split('\n').slice(-8).join('\n'),
        allowed: 'an empty folder that can be written',
        remedy: `look at ${paths.dataDir}, then run the command again`,
      },
      { cause },
    );
  }
  rmSync(conf, { recursive: true, force: true });
  // Blocks of an earlier file system are useless.
  rmSync(dataDir, { recursive: true, force: true });
  renameSync(draft, nameDir);
};

const nameNode = (hdfs: Hdfs): ServiceSpec => {
  const { ports, software, nameDir, confDir } = hdfs;
  return {
    name: 'namenode',
    command: software.java,
    args: ['-Xms96m', '-Xmx384m', ...javaOptions(hdfs, 'namenode', confDir), NAME_NODE],
    env: environment(hdfs, 'namenode'),
    ports: { rpc: ports.nameNode, webhdfs: ports.webHdfs },
    prepare: async () => {
      configure(hdfs, nameDir, confDir);
      if (!existsSync(join(nameDir, 'current', 'VERSION'))) await format(hdfs);
    },
    health: async (): Promise<HealthReport> => {
      const status = await askJmx(ports.webHdfs, 'Hadoop:service=NameNode,name=NameNodeStatus');
      if (typeof status === 'string') return { healthy: false, detail: status };
      return status.State === 'active'
        ? { healthy: true, detail: 'speaks WebHDFS' }
        : { healthy: false, detail: `its state is ${status.State}` };
    },
  };
};

const dataNode = (hdfs: Hdfs): ServiceSpec => {
  const { ports, software, dataDir, confDir } = hdfs;
  return {
    name: 'datanode',
    command: software.java,
    args: ['-Xms64m', '-Xmx256m', ...javaOptions(hdfs, 'datanode', confDir), DATA_NODE],
    env: environment(hdfs, 'datanode'),
    ports: { data: ports.dataNode, http: ports.dataNodeHttp, ipc: ports.dataNodeIpc },
    dependsOn: ['namenode'],
    prepare: async () => {
      mkdirSync(dataDir, { recursive: true });
    },
    health: async (): Promise<HealthReport> => {
      const info = await askJmx(ports.dataNodeHttp, 'Hadoop:service=DataNode,name=DataNodeInfo');
      if (typeof info === 'string') return { healthy: false, detail: info };
      const system = await askJmx(ports.webHdfs, 'Hadoop:service=NameNode,name=FSNamesystemState');
      if (typeof system === 'string') return { healthy: false, detail: system };
      if (Number(system.NumLiveDataNodes) < 1) return { healthy: false, detail: 'the NameNode does not know it yet' };
      return system.FSState === 'Operational'
        ? { healthy: true, detail: 'stores blocks' }
        : { healthy: false, detail: 'the NameNode is in safe mode' };
    },
  };
};

export const hdfsServices = (paths: CloudPaths, ports: HdfsPorts, software: HdfsSoftware): readonly ServiceSpec[] => {
  const hdfs: Hdfs = {
    paths,
    ports,
    software,
    confDir: join(paths.dataDir, 'hdfs-conf'),
    nameDir: join(paths.dataDir, 'hdfs-name'),
    dataDir: join(paths.dataDir, 'hdfs-data'),
  };
  return [nameNode(hdfs), dataNode(hdfs)];
};
