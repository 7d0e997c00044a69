import {
  type BindingStore,
  type Plan,
  type ResolveLookup,
  type Slots,
  segmentOf,
  slotIndex,
  type Value,
  withModels,
} from '@bifold/core/engine';
import { promoted, rolledBack } from '@bifold/models/engine';
import { type DrawnModel, fileOf, numberOf } from '../../laws/models/models.ts';
import type { Stage } from '../ports/index.ts';
import type { Random } from '../random.ts';
import type { Run } from '../run.ts';
import type { Lookups } from './history.ts';
import { fareModel, lookupRows, MODEL, TABLE } from './pipelines.ts';
import { PARTITIONS_MAX } from './topic.ts';

/** The lookup table and the model, in all the versions that operators ever loaded and promoted. */
export class SideInputs {
  private readonly run: Run;
  private readonly stage: Stage;
  private readonly tables = new Map<string, ReadonlyMap<string, Readonly<Record<string, Value>>>>();
  private readonly models = new Map<string, DrawnModel>();

  constructor(run: Run, stage: Stage) {
    this.run = run;
    this.stage = stage;
  }

  get lookupVersions(): readonly string[] {
    return [...this.tables.keys()];
  }

  get currentLookup(): string | null {
    return this.lookupVersions.at(-1) ?? null;
  }

  lookupRowsOf(version: string): ReadonlyMap<string, Readonly<Record<string, Value>>> {
    return this.tables.get(version) ?? new Map();
  }

  async reloadLookups(random: Random): Promise<void> {
    const version = `lookup-${this.tables.size}`;
    const rows = lookupRows(random);
    this.tables.set(version, rows);
    this.run.say(`lookups are ${version} now`);
    for (const replica of this.stage.replicas) await replica.lookupStore().load(TABLE, version, rows);
  }

  /** Promotes a new version, which is sometimes unreadable, or rolls back. */
  async promote(random: Random): Promise<void> {
    const { files, pointers } = this.stage.models;
    const pointer = await pointers.read(MODEL);
    if (pointer.previous !== null && random.chance(0.2)) {
      this.run.say(`model ${MODEL} is ${pointer.previous} again`);
      await pointers.move(MODEL, pointer, rolledBack(MODEL, pointer));
      return;
    }
    const version = `model-${files.size}`;
    const drawn = fareModel(random, version);
    const isDamaged = random.chance(0.15);
    this.models.set(version, drawn);
    files.set(`${MODEL} ${version}`, Buffer.from(JSON.stringify(fileOf(drawn)).slice(0, isDamaged ? 100 : undefined)));
    this.run.say(`model ${MODEL} is ${version} now${isDamaged ? ', DAMAGED' : ''}`);
    await pointers.move(MODEL, pointer, promoted(pointer, version));
  }

  /** The bindings of each segment in the database. */
  async boundIn(bindings: Pick<BindingStore, 'list'>, plan: Plan): Promise<Lookups> {
    const bound = await Promise.all(
      [...Array(PARTITIONS_MAX).keys()].map((partition) => bindings.list(partition, 0, null)),
    );
    const index = slotIndex(plan);
    return (partition, offset) => {
      const versions = bound[partition]?.get(segmentOf(offset, plan.storage.segmentSize));
      const resolve: ResolveLookup = (lookup, key) => {
        const version = versions?.get(plan.lookups[lookup]?.name ?? '');
        return (version === undefined ? undefined : this.tables.get(version)?.get(key)) ?? null;
      };
      // Scored by the hand that drew the model, which shares nothing with the code that scores.
      const model = this.models.get(versions?.get(`model:${MODEL}`) ?? '');
      const recordOf = (slots: Slots): Readonly<Record<string, Value>> =>
        Object.fromEntries(
          (model?.features ?? []).map(({ field }) => {
            const slot = index.get(field === 'rank' ? 'place.rank' : field) as number;
            return [field, slots[slot] as Value];
          }),
        );
      return withModels(resolve, [model ? { score: (slots) => [numberOf(model, recordOf(slots))] } : null]);
    };
  }
}
