import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folders of one local cloud. It keeps nothing outside them. */
export interface CloudPaths {
  /** The checkout. */
  readonly root: string;
  readonly stateDir: string;
  readonly softwareDir: string;
  readonly dataDir: string;
  readonly logsDir: string;
  readonly runDir: string;
  readonly tmpDir: string;
  readonly portsFile: string;
  /** This file exists if HDFS is part of the cloud. */
  readonly hdfsPortsFile: string;
  readonly secretsFile: string;
  readonly lockFile: string;
}

export const cloudPaths = (options: { root: string; stateDir?: string; softwareDir?: string }): CloudPaths => {
  const stateDir = options.stateDir ?? join(options.root, '.bifold');
  return {
    root: options.root,
    stateDir,
    softwareDir: options.softwareDir ?? join(stateDir, 'software'),
    dataDir: join(stateDir, 'data'),
    logsDir: join(stateDir, 'logs'),
    runDir: join(stateDir, 'run'),
    tmpDir: join(stateDir, 'tmp'),
    portsFile: join(stateDir, 'ports.json'),
    hdfsPortsFile: join(stateDir, 'hdfs-ports.json'),
    secretsFile: join(stateDir, 'secrets.json'),
    lockFile: join(stateDir, 'cloud.lock'),
  };
};

/** Emptied before each start of the service. */
export const serviceTmpDir = (paths: CloudPaths, service: string): string => join(paths.tmpDir, service);

/** The committed locks and Python files that this workspace ships. */
export const softwareSources = fileURLToPath(new URL('../software/', import.meta.url));
