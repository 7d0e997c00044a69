import type { Explanation } from '@bifold/core/engine';

/** An error of the file system in four parts. `isInput`: another path or right cures it. */
export interface FileError extends Explanation {
  readonly code: string;
  readonly isInput: boolean;
}

type Meaning = readonly [received: string, allowed: string, remedy: string];

const INPUT_ERRORS: Readonly<Record<string, Meaning>> = {
  ENOENT: ['no such file or folder', 'a path that exists', 'correct the path; a relative one starts here'],
  ENOTDIR: ['a file where a folder should be', 'a path through folders', 'correct the path'],
  EISDIR: ['a folder', 'a file', 'name a file in it'],
  ENOTEMPTY: ['a folder that is not empty', 'an empty folder', 'remove its files, or name another one'],
  EACCES: ['permission denied', 'a path that this user may use', 'grant the right, or name another path'],
  EPERM: ['the operation is not permitted', 'a path that this user may use', 'grant the right, or name another path'],
  EROFS: ['a read-only file system', 'a path that can be written', 'name another path'],
  ENAMETOOLONG: ['a name that is too long', 'names of at most 255 bytes', 'shorten the name'],
  ELOOP: ['symbolic links in a circle', 'a path that ends at a file', 'correct the links'],
};

const MACHINE_ERRORS: Readonly<Record<string, Meaning>> = {
  ENOSPC: ['no space left', 'a disk with free space', 'free space, or name another disk (TMPDIR for temporary files)'],
  EDQUOT: ['the quota of this user is used up', 'a disk with free space', 'free space, or name another disk'],
  EMFILE: ['too many open files', 'more file descriptors', 'raise the limit: ulimit -n 65536'],
  EIO: ['the device failed', 'a device that reads and writes', 'look at the disk'],
};

/** Null for any other error, and for a program that cannot be started. */
export function fileErrorOf(error: unknown): FileError | null {
  const { code, path, syscall } = (error ?? {}) as NodeJS.ErrnoException;
  if (code === undefined || syscall === undefined || syscall.startsWith('spawn')) return null;
  const isInput = Object.hasOwn(INPUT_ERRORS, code);
  const meaning = isInput ? INPUT_ERRORS[code] : MACHINE_ERRORS[code];
  if (meaning === undefined) return null;
  const [received, allowed, remedy] = meaning;
  return {
    failed: path === undefined ? 'a file cannot be used' : `${path} cannot be used`,
    received: `${received} (${code})`,
    allowed,
    remedy,
    code: isInput ? 'BIFOLD_FILE_UNUSABLE' : 'BIFOLD_DISK_FAILED',
    isInput,
  };
}
