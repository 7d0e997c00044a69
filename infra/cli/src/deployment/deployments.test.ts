import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cloudPaths } from '@bifold/cloud';
import { delays } from '@bifold/example-flights';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CliError, UsageError } from '../errors.ts';
import { type DeploymentRecord, deployedAs, recordDeployment } from './deployments.ts';

const { name, topic, version } = delays.plan;
const record: DeploymentRecord = {
  pipeline: name,
  topic,
  version,
  topicId: 'i',
  apiId: 'a',
  archiveBucket: 'b',
  functions: {},
  sources: 's',
  deployedAt: '2026-01-01T00:00:00Z',
};

describe('a deployment whose rows are read by a definition', () => {
  let stateDir: string;
  const paths = () => cloudPaths({ root: stateDir, stateDir });

  beforeEach(() => {
    stateDir = mkdtempSync(join(tmpdir(), 'bifold-deployments-'));
  });
  afterEach(() => rmSync(stateDir, { recursive: true }));

  it('is one of that definition', () => {
    recordDeployment(paths(), record);
    expect(deployedAs(paths(), delays)).toEqual(record);
  });

  it('is none of another: its rows would be compared with what they are not', () => {
    recordDeployment(paths(), { ...record, version: 'before' });
    expect(() => deployedAs(paths(), delays)).toThrow(UsageError);
    expect(() => deployedAs(paths(), delays)).toThrow(/before, which is deployed.*npx bifold deploy delays/s);
  });

  it('is there', () => expect(() => deployedAs(paths(), delays)).toThrow(CliError));
});
