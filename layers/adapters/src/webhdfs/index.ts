export { hdfsBucket } from './bucket.ts';
export { type HdfsEntry, isMissing, type WebHdfs, type WebHdfsOptions, webHdfs, webHdfsAddress } from './webhdfs.ts';
