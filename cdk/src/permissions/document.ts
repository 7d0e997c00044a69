import { type Plan, requiresHistory } from '@bifold/core/engine';
import type { Template } from 'aws-cdk-lib/assertions';
import { ALL_ROLES, type FunctionRole } from '../names.ts';

/** One right of one function, as text that does not depend on logical ids. */
export interface Right {
  readonly role: FunctionRole;
  readonly action: string;
  readonly resource: string;
  readonly condition: string;
}

type Json = Readonly<Record<string, unknown>>;
interface Resource {
  readonly Type: string;
  readonly Properties?: Json;
}

/**
 * Every right of the functions in a pipeline's stack: policies inside roles, attached policies, and
 * managed policies. The names of the pipeline and its models are replaced by placeholders, so that
 * all pipelines have the same texts.
 */
export function rightsOf(
  template: Template,
  { name: pipeline, version, models = [] }: Plan,
  trained: readonly { readonly name: string }[] = [],
): readonly Right[] {
  const resources: Readonly<Record<string, Resource>> = template.toJSON().Resources;
  const general = (text: string) =>
    [...models, ...trained].reduce(
      (shown, { name }) => shown.replaceAll(new RegExp(`(models|drafts)/${name}/`, 'g'), '$1/<model>/'),
      text
        .replaceAll(version, '<version>')
        .replaceAll(`-${pipeline}-`, '-<pipeline>-')
        .replaceAll(`/${pipeline}-*`, '/<pipeline>-*')
        .replaceAll(/[0-9a-f]{64}\.zip/g, '<hash>.zip'),
    );
  const rights = Object.values(resources).flatMap((resource) => {
    if (resource.Type !== 'AWS::Lambda::Function') return [];
    const name = String(resource.Properties?.FunctionName);
    const role = ALL_ROLES.find((one) => name.endsWith(`-${one}`));
    if (!role) throw new Error(`function ${name} has no role that is documented`);
    const roleId = logicalIdOf(resource.Properties?.Role);
    return statementsOf(resources, roleId).flatMap((statement) =>
      list(statement.Action).flatMap((action) =>
        list(statement.Resource).map((granted) => ({
          role,
          action: statement.Effect === 'Allow' ? String(action) : `${statement.Effect} ${action}`,
          resource: general(textOf(resources, granted)),
          condition: statement.Condition === undefined ? '' : general(JSON.stringify(statement.Condition)),
        })),
      ),
    );
  });
  return rights.sort(byFunction);
}

/** The order of the document: function by function. */
export function byFunction(left: Right, right: Right): number {
  return order(left) < order(right) ? -1 : 1;
}

function order({ role, action, resource }: Right): string {
  return `${ALL_ROLES.indexOf(role)} ${action} ${resource}`;
}

/** The rights as a table of Markdown, one line for each. */
export function tableOf(rights: readonly Right[]): string {
  const lines = rights.map(
    ({ role, action, resource, condition }) =>
      `| ${role} | \`${action}\` | \`${resource}\` | ${condition === '' ? '' : `\`${condition}\``} |`,
  );
  return ['| function | action | resource | condition |', '|---|---|---|---|', ...new Set(lines)].join('\n');
}

/**
 * The rights that the templates grant and the document does not list, and the reverse. Both are
 * empty if they agree. The document lists the rights for models, training, relays and catch-up
 * requests for the pipelines that have them.
 */
export function differences(
  document: string,
  rights: readonly Right[],
  plan: Pick<Plan, 'duplicates' | 'late' | 'lookups' | 'models' | 'relay'>,
): { undocumented: string[]; unused: string[] } {
  const { models, relay } = plan;
  const granted = tableOf(rights).split('\n');
  const isTrained = rights.some(({ role }) => role === 'train');
  const documented = document
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .filter((line) =>
      /^\| (train|learn) /.test(line) ? isTrained : models !== undefined || !line.includes('models/<model>/'),
    )
    .filter((line) => relay !== undefined || !line.startsWith('| relay |'))
    .filter((line) => plan.lookups.length > 0 || models !== undefined || !line.includes('/bindings/'))
    .filter((line) => requiresHistory(plan) || !line.startsWith('| recompute | `lambda:InvokeFunction`'));
  return {
    undocumented: granted.filter((line) => !documented.includes(line)),
    unused: documented.filter((line) => !granted.includes(line)),
  };
}

function statementsOf(resources: Readonly<Record<string, Resource>>, roleId: string): readonly Json[] {
  const { Policies = [], ManagedPolicyArns = [] } = (resources[roleId]?.Properties ?? {}) as {
    Policies?: readonly Json[];
    ManagedPolicyArns?: readonly unknown[];
  };
  const attached = Object.values(resources)
    .filter(({ Type }) => Type === 'AWS::IAM::Policy' || Type === 'AWS::IAM::ManagedPolicy')
    .filter(({ Properties }) => list(Properties?.Roles).some((role) => logicalIdOf(role) === roleId))
    .map(({ Properties }) => Properties as Json);
  return [
    ...[...Policies, ...attached].flatMap((policy) => list((policy.PolicyDocument as Json).Statement) as Json[]),
    ...ManagedPolicyArns.map((arn) => ({ Effect: 'Allow', Action: 'managed policy', Resource: arn })),
  ];
}

function list(value: unknown): readonly unknown[] {
  return value === undefined ? [] : [value].flat();
}

function logicalIdOf(value: unknown): string {
  const { Ref, 'Fn::GetAtt': attribute } = value as { Ref?: string; 'Fn::GetAtt'?: readonly string[] };
  return Ref ?? attribute?.[0] ?? '';
}

/** A readable ARN, with names of resources instead of logical ids. */
function textOf(resources: Readonly<Record<string, Resource>>, value: unknown): string {
  if (typeof value === 'string') return value;
  const {
    'Fn::Join': join,
    'Fn::Sub': filled,
    ...reference
  } = value as { 'Fn::Join'?: readonly [string, readonly unknown[]]; 'Fn::Sub'?: string };
  if (filled !== undefined)
    return filled.replaceAll(/\$\{AWS::(\w+)\}/g, (_, name: string) => `<${name.toLowerCase()}>`);
  if (join) return join[1].map((part) => textOf(resources, part)).join(join[0]);
  const id = logicalIdOf(reference);
  if (id.startsWith('AWS::')) return `<${id.slice('AWS::'.length).toLowerCase()}>`;
  const { Type = '', Properties = {} } = resources[id] ?? {};
  switch (Type) {
    case 'AWS::Logs::LogGroup':
      return `log group ${textOf(resources, Properties.LogGroupName)}`;
    case 'AWS::Lambda::Function':
      return `function ${textOf(resources, Properties.FunctionName)}`;
    case 'AWS::S3::Bucket':
      return 'the bucket';
    case 'AWS::SQS::Queue':
      return `queue ${id.replace(/^(Batch|Training)|[0-9A-F]{8}$/g, '')}`;
    default:
      return `${Type} ${id}`;
  }
}
