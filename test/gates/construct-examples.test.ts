import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { withCompiled } from './compile.ts';
import { root } from './run.ts';

/** Names that the examples of constructs use and do not define. */
const PREAMBLE = `
import {
  BatchLayer, BifoldPipeline, bundleFunctions, type FunctionCode, RelayLayer, ServingLayer, SpeedLayer, TrainingLayer,
} from '@bifold/cdk';
import { delays, weatherDelays } from '@bifold/example-flights';
import { alcoholModel, wine } from '@bifold/example-wine';
import { type App, CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import { type ISecurityGroup, type IVpc, SubnetType } from 'aws-cdk-lib/aws-ec2';
import { Schedule } from 'aws-cdk-lib/aws-events';

declare const app: App;
declare const stack: Stack;
declare const code: FunctionCode;
declare const speed: SpeedLayer;
declare const batch: BatchLayer;
declare const vpc: IVpc;
declare const securityGroups: ISecurityGroup[];
declare const topicId: string;
declare const departuresId: string;
declare const weatherId: string;
`;

/** The code below `@example`, up to the next tag or the end of the comment. */
const EXAMPLE = /^ \* @example\n((?: \*(?! @|\/).*\n)+)/gm;

const examples = globSync('cdk/src/{constructs,bundling}/*.ts', { cwd: root }).flatMap((file) =>
  Array.from(readFileSync(join(root, file), 'utf8').matchAll(EXAMPLE), ([, lines = '']) => ({
    file,
    code: lines.replaceAll(/^ \* ?/gm, ''),
  })),
);

it('every construct has an example in its doc comment, and the examples compile', async () => {
  const shown = examples.map(({ code }) => code).join('\n');
  for (const construct of ['BifoldPipeline', 'SpeedLayer', 'BatchLayer', 'ServingLayer', 'RelayLayer', 'TrainingLayer'])
    expect(shown).toContain(`new ${construct}(`);
  const functions = examples.map(({ code }, index) => `export async function example${index}() {\n${code}}\n`);
  await withCompiled(new Map([['examples.ts', [PREAMBLE, ...functions].join('\n')]]), ({ status, output }) =>
    expect({ status, output }).toEqual({ status: 0, output: '' }),
  );
});
