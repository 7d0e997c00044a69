/** The four parts of an error: the failure, the received value, the allowed values, the fix. */
export interface CloudErrorParts {
  readonly failed: string;
  readonly received: string;
  readonly allowed: string;
  readonly remedy: string;
}

export type CloudErrorCode =
  | 'BIFOLD_PYTHON_MISSING'
  | 'BIFOLD_PYTHON_VENV_MISSING'
  | 'BIFOLD_JAVA_MISSING'
  | 'BIFOLD_DISK_FULL'
  | 'BIFOLD_SOFTWARE_INSTALL_FAILED'
  | 'BIFOLD_SOFTWARE_TAMPERED'
  | 'BIFOLD_PORT_TAKEN'
  | 'BIFOLD_PORTS_EXHAUSTED'
  | 'BIFOLD_STATE_UNREADABLE'
  | 'BIFOLD_LOCK_HELD'
  | 'BIFOLD_SERVICE_UNKNOWN'
  | 'BIFOLD_SERVICE_NOT_RUNNING'
  | 'BIFOLD_SERVICE_START_FAILED'
  | 'BIFOLD_SERVICE_NOT_STOPPED'
  | 'BIFOLD_CHECKPOINT_FAILED';

/**
 * An error of the local cloud. `code` is stable and can be searched for. `cause` is the original
 * error.
 */
export class CloudError extends Error {
  override readonly name = 'CloudError';
  readonly code: CloudErrorCode;
  readonly parts: CloudErrorParts;

  constructor(code: CloudErrorCode, parts: CloudErrorParts, options?: ErrorOptions) {
    super(`${parts.failed}: ${parts.received}. Allowed: ${parts.allowed}. To do: ${parts.remedy} [${code}]`, options);
    this.code = code;
    this.parts = parts;
  }
}

/** The code of a Node system error (ENOENT, EADDRINUSE). Undefined for other errors. */
export const systemCode = (error: unknown): string | undefined =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;

export const diskFull = (failed: string, cause: unknown): CloudError =>
  new CloudError(
    'BIFOLD_DISK_FULL',
    {
      failed,
      received: 'the disk is full',
      allowed: 'about 1 GB of free space for the software, and room for the data',
      remedy: 'free some space (`df -h .` shows it), then run the command again',
    },
    { cause },
  );
