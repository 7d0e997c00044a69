import type { CloudAddresses } from './cloud.ts';

/**
 * The environment of the CDK command line: the emulator's endpoint and keys, without the caller's
 * AWS account.
 */
export function cdkEnvironment({ aws }: Pick<CloudAddresses, 'aws'>): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: aws.endpoint,
    AWS_ENDPOINT_URL_S3: aws.endpoint,
    AWS_ACCESS_KEY_ID: aws.accessKeyId,
    AWS_SECRET_ACCESS_KEY: aws.secretAccessKey,
    AWS_SESSION_TOKEN: '',
    AWS_PROFILE: '',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_REGION: aws.region,
    AWS_DEFAULT_REGION: aws.region,
  };
}
