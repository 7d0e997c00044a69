export { type HdfsEntry, type WebHdfs, type WebHdfsOptions, webHdfs, webHdfsAddress } from './webhdfs.ts';
