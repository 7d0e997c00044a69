import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CloudAddresses, openCloud } from '@bifold/cloud';
import { type Bifold, bifoldIn } from './bifold.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** A cloud that is up, where its services listen, and an empty folder for the files of a test. */
export interface CloudWithFolder {
  readonly bifold: Bifold;
  readonly addresses: CloudAddresses;
  readonly folder: string;
}

export async function cloudWithFolder(name: string): Promise<CloudWithFolder> {
  const bifold = bifoldIn(name);
  await bifold.done('up');
  const { addresses } = await openCloud({ root, stateDir: bifold.stateDir });
  return { bifold, addresses, folder: emptyFolderOf(bifold) };
}

/** The same with a broker alone. */
export async function brokerWithFolder(name: string): Promise<CloudWithFolder> {
  const bifold = bifoldIn(name);
  const cloud = await openCloud({ root, stateDir: bifold.stateDir, only: ['kafka'] });
  await cloud.up();
  return { bifold, addresses: cloud.addresses, folder: emptyFolderOf(bifold) };
}

function emptyFolderOf(bifold: Bifold): string {
  const folder = join(bifold.stateDir, 'files');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}
