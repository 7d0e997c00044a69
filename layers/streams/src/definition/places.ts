import { isRemote } from '@bifold/adapters/files';
import { FORMAT_KINDS } from '@bifold/adapters/formats';
import { refuse } from '@bifold/core/engine';

/** Refuses a format of files that does not exist. `where` names what has it. */
export function checkFormat(where: string, format: string): void {
  if (!(FORMAT_KINDS as readonly string[]).includes(format))
    refuse('BIFOLD_BAD_FORMAT', {
      failed: `${where} has an unknown format of files`,
      received: String(format),
      allowed: FORMAT_KINDS.map((kind) => (kind === 'json' ? 'json (one object a line)' : kind)).join(', '),
      remedy: 'choose one',
    });
}

/** Refuses a place of files that cannot be reached. */
export function checkPlace(where: string, path: string): void {
  if (!/^[a-z][a-z0-9]*:\/\//.test(path) || isRemote(path)) return;
  refuse('BIFOLD_FILES_ELSEWHERE', {
    failed: `${where} has files at an unsupported address`,
    received: path,
    allowed: 'a folder of this machine, hdfs://host:port/path, s3://bucket/path',
    remedy: 'correct the path',
  });
}
