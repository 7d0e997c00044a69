#!/usr/bin/env node
/**
 * node infra/trigger/src/main.ts --endpoint http://127.0.0.1:4566 --region eu-central-1
 * --state-port 4570
 *
 * Each option may come from the environment instead: AWS_ENDPOINT_URL, AWS_REGION,
 * BIFOLD_TRIGGER_STATE_PORT, BIFOLD_TRIGGER_IN_FLIGHT, BIFOLD_TRIGGER_DECODED_MIB. Writes one JSON
 * object a line to standard output; the line "ready" carries the state's port.
 */
import { parseArgs } from 'node:util';
import { messageOf, TriggerError } from './errors.ts';
import { jsonLog } from './log.ts';
import { startTrigger } from './trigger.ts';

const log = jsonLog((line) => process.stdout.write(line));

function wholeNumber(option: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new TriggerError('TRIGGER_OPTION_INVALID', {
    failed: `--${option} is not a number`,
    received: text,
    allowed: 'a whole number',
    remedy: `correct --${option}`,
  });
}

async function main(): Promise<void> {
  const { env } = process;
  const { values } = parseArgs({
    options: {
      endpoint: { type: 'string' },
      region: { type: 'string' },
      'state-port': { type: 'string' },
      'in-flight': { type: 'string' },
      'decoded-mib': { type: 'string' },
    },
  });
  const inFlight = values['in-flight'] ?? env.BIFOLD_TRIGGER_IN_FLIGHT;
  const decoded = values['decoded-mib'] ?? env.BIFOLD_TRIGGER_DECODED_MIB;
  const trigger = await startTrigger({
    endpoint: values.endpoint ?? env.AWS_ENDPOINT_URL ?? null,
    region: values.region ?? env.AWS_REGION ?? env.AWS_DEFAULT_REGION ?? 'us-east-1',
    statePort: wholeNumber('state-port', values['state-port'] ?? env.BIFOLD_TRIGGER_STATE_PORT ?? '0'),
    limits: {
      ...(inFlight === undefined ? {} : { inFlightMax: wholeNumber('in-flight', inFlight) }),
      ...(decoded === undefined ? {} : { decodedBytesMax: wholeNumber('decoded-mib', decoded) * 1024 * 1024 }),
    },
    log,
  });
  log('info', 'ready', { statePort: trigger.statePort });
  const stop = (signal: string) => {
    log('info', 'stopping', { signal });
    trigger.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log('error', messageOf(error));
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

main().catch((error: unknown) => {
  log('error', messageOf(error));
  process.exit(1);
});
