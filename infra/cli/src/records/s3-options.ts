import type { CloudAddresses } from '@bifold/cloud';

/** The connection to S3 of the local cloud. */
export function s3Options({ endpoint, region, accessKeyId, secretAccessKey }: CloudAddresses['aws']) {
  return { endpoint, region, credentials: { accessKeyId, secretAccessKey } };
}
