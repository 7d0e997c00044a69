import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plan } from '@bifold/core/engine';
import { learnsFromArchive } from '@bifold/models/engine';
import { models, pipelines } from '@bifold/pipelines';
import { describe, expect, it } from '@jest/globals';
import { ManagedPolicy, Policy, PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import type { PipelineStack } from '../app/pipeline-stack.ts';
import { EXAMPLE_NETWORK, type SynthesisOptions, synthesize } from '../app/synthesis.fixture.ts';
import { differences, rightsOf } from './document.ts';

const document = readFileSync(join(import.meta.dirname, '../../../docs/permissions.md'), 'utf8');
const agreement = { undocumented: [], unused: [] };

function compare(options: SynthesisOptions = {}) {
  const { stacks, templates } = synthesize({ ...options, context: { ...EXAMPLE_NETWORK, ...options.context } });
  return templates.map((template, index) => {
    const stack = stacks[index];
    if (!stack) throw new Error('a template without a stack');
    const rights = rightsOf(template, stack.plan, models);
    return differences(document, rights, stack.plan);
  });
}

const roleOf = (stack: PipelineStack) => stack.bifold.serving.query.node.findChild('Role') as Role;

describe('docs/permissions.md', () => {
  it('lists exactly what the functions of every pipeline may do', () => {
    expect(compare({ pipelines })).toEqual(pipelines.map(() => agreement));
  });

  it('lists what training on a schedule may do, for the pipelines whose models are trained', () => {
    expect(compare({ pipelines, context: { training: 'zip' } })).toEqual(pipelines.map(() => agreement));
    const [{ undocumented, unused } = agreement] = compare({
      pipelines: pipelines.filter(({ plan }) =>
        models.some((model) => model.plan?.name === plan.name && learnsFromArchive(model)),
      ),
      context: { training: '123456789012.dkr.ecr.eu-central-1.amazonaws.com/bifold-learner:1' },
    });
    expect(undocumented).toEqual([]);
    for (const line of unused) expect(line).toMatch(/^\| learn \| `s3:GetObject` \| .*assets/);
  });

  it('lists nothing of a network or of a secret that a deployment does not have', () => {
    const [{ undocumented, unused } = agreement] = compare({
      context: { vpcId: '', subnetIds: '', securityGroupIds: '', cassandraSecretName: '' },
    });
    expect(undocumented).toEqual([]);
    for (const line of unused) expect(line).toMatch(/ec2:|bifold\/cassandra/);
  });

  it('refuses a right that is planted in a role, beside it, or by a managed policy', () => {
    const planted = new PolicyStatement({ actions: ['s3:GetObject'], resources: ['*'] });
    const plants: ((stack: PipelineStack) => void)[] = [
      (stack) => roleOf(stack).addToPolicy(planted),
      (stack) => new Policy(stack, 'Planted', { statements: [planted], roles: [roleOf(stack)] }),
      (stack) => new ManagedPolicy(stack, 'Planted', { statements: [planted], roles: [roleOf(stack)] }),
    ];
    for (const plant of plants)
      expect(compare({ plant })).toEqual([{ undocumented: ['| query | `s3:GetObject` | `*` |  |'], unused: [] }]);
    const byName = (stack: PipelineStack) =>
      roleOf(stack).addManagedPolicy(ManagedPolicy.fromAwsManagedPolicyName('AmazonS3FullAccess'));
    expect(compare({ plant: byName })[0]?.undocumented).toHaveLength(1);
  });

  it('holds against what constructs would grant on their own account', () => {
    const grant = (stack: PipelineStack) =>
      stack.bifold.batch.bucket?.grantReadWrite(stack.bifold.serving.query.lambda);
    expect(compare({ plant: grant })).toEqual([agreement]);
  });

  it('refuses a right that is listed and that no function has', () => {
    const { stacks, templates } = synthesize({ context: EXAMPLE_NETWORK });
    const rights = templates.flatMap((template, index) => rightsOf(template, stacks[index]?.plan ?? ({} as never)));
    expect(differences(document, rights.slice(1), stacks[0]?.plan as Plan).unused).toHaveLength(1);
  });
});
