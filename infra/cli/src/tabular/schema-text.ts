import type { CellType, TypedColumn } from '@bifold/adapters/formats';
import { tableText } from '../output/table.ts';
import { visible } from '../records/record-text.ts';

export function columnsText(columns: readonly TypedColumn[]): string {
  return tableText(
    [{ title: 'column' }, { title: 'type' }, { title: 'nulls' }],
    columns.map(({ name, type, nullable }) => [visible(name), type, nullable ? 'yes' : 'no']),
  );
}

const ZOD: Readonly<Record<CellType, string>> = {
  integer: 'z.int()',
  decimal: "z.string().meta({ format: 'decimal' })",
  float: 'z.number()',
  boolean: 'z.boolean()',
  date: 'z.iso.date()',
  timestamp: 'z.iso.datetime({ offset: true })',
  json: 'z.json()',
  text: 'z.string()',
};

/** The zod schema of the columns, for a pipeline's definition. */
export function zodText(name: string, columns: readonly TypedColumn[]): string {
  const fields = columns.map(
    (column) => `  ${keyText(column.name)}: ${ZOD[column.type]}${column.nullable ? '.nullable()' : ''},`,
  );
  return ["import * as z from 'zod';", '', `const ${nameOf(name)} = z.object({`, ...fields, '});'].join('\n');
}

function keyText(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) && name !== '__proto__' ? name : `[${JSON.stringify(name)}]`;
}

/** `new-york_flights.csv` becomes NewYorkFlights. */
function nameOf(file: string): string {
  const words = file.replace(/\.[^.]*$/, '').match(/[A-Za-z0-9]+/g) ?? [];
  const name = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
  return /^[A-Z]/.test(name) ? name : `Row${name}`;
}
