import { AdapterError } from './errors.ts';

export function lookupNotWhole(table: string, version: string): AdapterError {
  return new AdapterError('BIFOLD_LOOKUP_GONE', {
    failed: `version "${version}" of lookup table "${table}" cannot be read`,
    received: 'a version of which not all rows are in the database',
    allowed: 'a version that was loaded to its end',
    remedy: `load the same file again: npx bifold lookup load ${table} --file <csv or json lines>; if the database was lost: npx bifold restore <pipeline>`,
  });
}
