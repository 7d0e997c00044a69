import { ArnFormat, Stack } from 'aws-cdk-lib';
import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { PipelineNetwork } from '../constructs/pipeline-props.ts';

/**
 * The rights of the functions, written out. CDK's grant methods are wider (`grantRead` of a secret
 * also describes it); these grant only what the code calls. docs/permissions.md lists them, and a
 * test compares that list with the templates.
 */
export function allow(actions: readonly string[], resources: readonly string[], conditions = {}): PolicyStatement {
  return new PolicyStatement({ effect: Effect.ALLOW, actions: [...actions], resources: [...resources], conditions });
}

/**
 * The right to write to the function's own log group. The stack creates the group, so the function
 * need not.
 */
export function writeLogs(logGroupArn: string): PolicyStatement {
  return allow(['logs:CreateLogStream', 'logs:PutLogEvents'], [logGroupArn]);
}

/**
 * The rights for network interfaces, which Lambda creates with the role of the function. These
 * actions accept no resource.
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
 * The rights of pollers in a VPC: they look up the network of the mapping with the role of the
 * function.
 */
export function describeNetwork(network: PipelineNetwork | undefined): readonly PolicyStatement[] {
  return network === undefined ? [] : [allow(['ec2:DescribeSecurityGroups', 'ec2:DescribeVpcs'], ['*'])];
}

/**
 * The right to read one secret. Secrets Manager ends each ARN in six random characters, which the
 * six question marks match.
 */
export function readSecret(scope: Construct, secretName: string): PolicyStatement {
  return allow(['secretsmanager:GetSecretValue'], [`${secretArn(scope, secretName)}-??????`]);
}

/** The ARN without its random suffix. All calls and the Kafka event source accept it. */
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
