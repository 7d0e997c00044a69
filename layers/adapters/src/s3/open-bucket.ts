import { hdfsBucket } from '../webhdfs/index.ts';
import { type Bucket, type BucketOptions, s3Bucket } from './bucket.ts';

/**
 * Opens the place of an archive: a bucket by its name, or a folder of HDFS by its address,
 * `hdfs://namenode/folder`.
 */
export function openBucket(place: string, options: Omit<BucketOptions, 'bucket'> = {}): Bucket {
  return /^(s?web)?hdfs:\/\//.test(place) ? hdfsBucket({ address: place }) : s3Bucket({ ...options, bucket: place });
}
