import { ArnFormat, Stack } from 'aws-cdk-lib';
import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { PipelineNetwork } from '../constructs/pipeline-props.ts';

/**
 * The rights of the functions, written out: constructs of CDK grant for whatever might be wanted
 * (`grantRead` of a secret also describes it), these grant what the code calls. docs/permissions.md
 * lists them, and a test compares that list with the templates.
 */
export function allow(actions: readonly string[], resources: readonly string[], conditions = {}): PolicyStatement {
  return new PolicyStatement({ effect: Effect.ALLOW, actions: [...actions], resources: [...resources], conditions });
}

/** To write to its own log group; the stack makes the group, so the function may not. */
export function writeLogs(logGroupArn: string): PolicyStatement {
  return allow(['logs:CreateLogStream', 'logs:PutLogEvents'], [logGroupArn]);
}

/**
 * Lambda places its network interfaces with the rights of the function; these actions know no
 * resources.
 */
export function useNetwork(network: PipelineNetwork | undefined): readonly PolicyStatement[] {
  if (network === undefined) return [];
  return [
    allow(
      [
        'ec2:AssignPrivateIpAddresses',
        'ec2:CreateNetworkInterface',
        'ec2:DeleteNetworkInterface',
        'ec2:DescribeNetworkInterfaces',
        'ec2:DescribeSubnets',
        'ec2:UnassignPrivateIpAddresses',
      ],
      ['*'],
    ),
  ];
}

/**
 * The pollers of a Kafka cluster in a VPC look up where the mapping places them, with the rights of
 * the function.
 */
export function describeNetwork(network: PipelineNetwork | undefined): readonly PolicyStatement[] {
  return network === undefined ? [] : [allow(['ec2:DescribeSecurityGroups', 'ec2:DescribeVpcs'], ['*'])];
}

/**
 * To read one secret. Secrets Manager ends each ARN in six random characters; the question marks
 * stand for exactly those.
 */
export function readSecret(scope: Construct, secretName: string): PolicyStatement {
  return allow(['secretsmanager:GetSecretValue'], [`${secretArn(scope, secretName)}-??????`]);
}

/** The ARN without its random end, which every call and the Kafka event source accept. */
export function secretArn(scope: Construct, secretName: string): string {
  return Stack.of(scope).formatArn({
    service: 'secretsmanager',
    resource: 'secret',
    resourceName: secretName,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
}

export function sendTo(queueArn: string): PolicyStatement {
  return allow(['sqs:SendMessage'], [queueArn]);
}

export function listObjects(bucketArn: string, prefix: string): PolicyStatement {
  return allow(['s3:ListBucket'], [bucketArn], { StringLike: { 's3:prefix': `${prefix}*` } });
}

export function objects(actions: readonly string[], bucketArn: string, prefix: string): PolicyStatement {
  return allow(actions, [`${bucketArn}/${prefix}*`]);
}
