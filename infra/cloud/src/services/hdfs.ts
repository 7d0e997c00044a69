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

export const hdfsServices = (
  paths: CloudPaths,
  ports: HdfsPorts,
  { java, jars }: HdfsSoftware,
): readonly ServiceSpec[] => {
  const confDir = join(paths.dataDir, 'hdfs-conf');
  const [nameDir, dataDir] = [join(paths.dataDir, 'hdfs-name'), join(paths.dataDir, 'hdfs-data')];
  const options = (service: string) => [
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    '-cp',
    `${confDir}:${jars}/*`,
    `-Djava.io.tmpdir=${serviceTmpDir(paths, service)}`,
    '-Djava.awt.headless=true',
    '-Djava.net.preferIPv4Stack=true',
    '--add-opens',
    'java.base/java.lang=ALL-UNNAMED',
  ];
  const env = (service: string) =>
    javaEnvironment({ TMPDIR: serviceTmpDir(paths, service), HADOOP_USER_NAME: 'bifold' });

  const configure = (nameAt = nameDir, folder = confDir) => {
    const tmpDir = join(paths.tmpDir, 'hdfs');
    for (const [file, values] of Object.entries(properties(ports, nameAt, dataDir, tmpDir)))
      writeWhole(join(folder, file), xmlOf(values));
    writeWhole(join(folder, 'log4j.properties'), log4j);
    for (const app of ['hdfs', 'datanode']) writeWhole(join(folder, 'webapps', app, 'WEB-INF', 'web.xml'), webApp);
  };

  /**
   * Format in a temporary folder, then move it, so that an interrupted format leaves no incomplete
   * file system.
   */
  const format = async () => {
    const [draft, conf] = [`${nameDir}.formatting`, `${confDir}.formatting`];
    for (const folder of [draft, conf]) rmSync(folder, { recursive: true, force: true });
    configure(draft, conf);
    const args = options('namenode').map((each) => each.replace(`${confDir}:`, `${conf}:`));
    try {
      const main = 'org.apache.hadoop.hdfs.server.namenode.NameNode';
      await run(java, [...args, main, '-format', '-nonInteractive'], { env: env('namenode'), maxBuffer: 1 << 26 });
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

  return [
    {
      name: 'namenode',
      command: java,
      args: ['-Xms96m', '-Xmx384m', ...options('namenode'), 'org.apache.hadoop.hdfs.server.namenode.NameNode'],
      env: env('namenode'),
      ports: { rpc: ports.nameNode, webhdfs: ports.webHdfs },
      prepare: async () => {
        configure();
        if (!existsSync(join(nameDir, 'current', 'VERSION'))) await format();
      },
      health: async (): Promise<HealthReport> => {
        const status = await askJmx(ports.webHdfs, 'Hadoop:service=NameNode,name=NameNodeStatus');
        if (typeof status === 'string') return { healthy: false, detail: status };
        return status.State === 'active'
          ? { healthy: true, detail: 'speaks WebHDFS' }
          : { healthy: false, detail: `its state is ${status.State}` };
      },
    },
    {
      name: 'datanode',
      command: java,
      args: ['-Xms64m', '-Xmx256m', ...options('datanode'), 'org.apache.hadoop.hdfs.server.datanode.DataNode'],
      env: env('datanode'),
      ports: { data: ports.dataNode, http: ports.dataNodeHttp, ipc: ports.dataNodeIpc },
      dependsOn: ['namenode'],
      prepare: async () => {
        mkdirSync(dataDir, { recursive: true });
      },
      health: async (): Promise<HealthReport> => {
        const own = await askJmx(ports.dataNodeHttp, 'Hadoop:service=DataNode,name=DataNodeInfo');
        if (typeof own === 'string') return { healthy: false, detail: own };
        const system = await askJmx(ports.webHdfs, 'Hadoop:service=NameNode,name=FSNamesystemState');
        if (typeof system === 'string') return { healthy: false, detail: system };
        if (Number(system.NumLiveDataNodes) < 1) return { healthy: false, detail: 'the NameNode does not know it yet' };
        return system.FSState === 'Operational'
          ? { healthy: true, detail: 'stores blocks' }
          : { healthy: false, detail: 'the NameNode is in safe mode' };
      },
    },
  ];
};
