import { hdfsBucket } from '../webhdfs/index.ts';
import { type Bucket, type BucketOptions, s3Bucket } from './bucket.ts';

/** A bucket of S3 by its name, or a folder of HDFS by its address, `hdfs://namenode/folder`. */
export function openBucket(location: string, options: Omit<BucketOptions, 'bucket'> = {}): Bucket {
  return /^(s?web)?hdfs:\/\//.test(location)
    ? hdfsBucket({ address: location })
    : s3Bucket({ ...options, bucket: location });
}
