import type { CloudAddresses } from '@bifold/cloud';

/** How S3 of the local cloud is reached. */
export function s3Options({ endpoint, region, accessKeyId, secretAccessKey }: CloudAddresses['aws']) {
  return { endpoint, region, credentials: { accessKeyId, secretAccessKey } };
}
