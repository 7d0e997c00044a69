import { join } from 'node:path';
import {
  columnValue,
  type Manifest,
  type Plan,
  SCORES,
  type Slots,
  type SqlEngine,
  type SqlValue,
  scoresOf,
  segmentOf,
  slotIndex,
  sqlTypeOf,
  sqlValueOf,
  type TableColumn,
  textLiteral,
  unscoredValuesSql,
} from '@bifold/core/engine';
import type { FittedModel } from '@bifold/models/engine';
import { bindModels, coldModels, type ModelPorts } from '../speed/models.ts';
import { BINDINGS } from './lookups.ts';
import { COVERED } from './manifest.ts';

/** For each partition and covered segment, the bound models. */
export type CoveredModels = ReadonlyMap<number, ReadonlyMap<number, readonly (FittedModel | null)[]>>;

/**
 * Rule 13: the versions that the covered segments are bound to. If the speed layer never folded a
 * segment, it is bound here, and the speed layer uses this binding later.
 */
export async function bindCoveredModels(plan: Plan, manifest: Manifest, ports: ModelPorts): Promise<CoveredModels> {
  const covered = new Map<number, ReadonlyMap<number, readonly (FittedModel | null)[]>>();
  if (plan.models === undefined) return covered;
  const warm = coldModels();
  for (const [name, cut] of Object.entries(manifest.cuts)) {
    const partition = Number(name);
    const segments = Array.from({ length: cut }, (_, segment) => segment);
    covered.set(partition, await bindModels(plan, partition, segments, ports, warm));
  }
  return covered;
}

const FILE_ROWS = 200_000;

/**
 * Scores every covered event. The scores become a table of the engine, which SQL joins like any
 * other table. The scorer and the values are those of the speed layer, so the scores have the same
 * bits.
 */
export async function scoreCovered(
  plan: Plan,
  models: CoveredModels,
  engine: SqlEngine,
  scratch: string,
): Promise<void> {
  const { models: planned = [] } = plan;
  if (planned.length === 0) return;
  const { segmentSize } = plan.storage;
  const index = slotIndex(plan);
  const fitted = [...models.values()].flatMap((segments) => [...segments.values()]).flat();
  const fields = [...new Set(fitted.flatMap((each) => each?.fields ?? []))].sort();
  const slotsRead = fields.map((field) => index.get(field) as number);
  const slots: Slots = new Array(index.size).fill(null);
  const files: string[] = [];
  const columns = scoreColumns(plan);
  const endFile = async (): Promise<void> => {
    if (columns[0]?.values.length === 0) return;
    const path = join(scratch, `scores-${files.length}.parquet`);
    await engine.writeParquet(path, columns, [columns.map(({ values }) => values)]);
    files.push(path);
    for (const column of columns) column.values.length = 0;
  };
  // No segment is bound to a version, so no event has a score.
  if (fields.length === 0) {
    await engine.createTable(SCORES, columns);
    return;
  }
  for await (const chunk of engine.query(unscoredValuesSql(plan, COVERED, BINDINGS, fields))) {
    for (const row of chunk) {
      const [partition, offset] = [Number(row[0]), Number(row[1])];
      for (let field = 0; field < slotsRead.length; field++)
        slots[slotsRead[field] as number] = columnValue(row[2 + field]);
      const bound = models.get(partition)?.get(segmentOf(offset, segmentSize)) ?? [];
      columns[0]?.values.push(partition);
      columns[1]?.values.push(BigInt(offset));
      let next = 2;
      for (let position = 0; position < planned.length; position++) {
        const given = bound[position]?.score(slots);
        for (let score = 0; score < (planned[position]?.columns.length ?? 0); score++, next++) {
          const { type, values } = columns[next] as ScoreColumn;
          values.push(sqlValueOf(type, given?.[score] ?? null));
        }
      }
    }
    if ((columns[0]?.values.length ?? 0) >= FILE_ROWS) await endFile();
  }
  await endFile();
  if (files.length === 0) await engine.createTable(SCORES, columns);
  else await engine.run(`CREATE VIEW ${SCORES} AS SELECT * FROM read_parquet([${files.map(textLiteral).join(', ')}])`);
}

type ScoreColumn = TableColumn & { readonly values: SqlValue[] };

function scoreColumns(plan: Plan): readonly ScoreColumn[] {
  return [
    { name: '_partition', type: 'INTEGER', values: [] },
    { name: '_offset', type: 'BIGINT', values: [] },
    ...scoresOf(plan).map(({ name, type }): ScoreColumn => ({ name, type: sqlTypeOf(type), values: [] })),
  ];
}
