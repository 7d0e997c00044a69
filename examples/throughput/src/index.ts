export { readings, throughput } from './throughput.ts';
