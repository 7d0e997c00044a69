import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDuckDb } from '@bifold/adapters/duckdb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Profile, profileOf } from './profile.ts';
import { profilePage } from './profile-page.ts';
import { profileText } from './profile-text.ts';

const folder = mkdtempSync(join(tmpdir(), 'bifold-explore-'));
const file = join(folder, 'rows.parquet');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Plain rows, from which the figures are computed again below. */
const rows = Array.from({ length: 200 }, (_, index) => ({
  x: index % 10 === 3 ? null : index * 0.5,
  y: index * index,
  far: index === 0 ? -1000 : index === 1 ? 5000 : index % 20,
  kind: index % 7 === 0 ? null : ['<b>a</b>', 'b', 'c'][index % 3],
  same: 1,
  late: index >= 150,
  /** Its least values are of the class of which all others have the greatest. */
  back: -index,
}));

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const spread = (values: readonly number[]) => values.reduce((sum, value) => sum + (value - mean(values)) ** 2, 0);
function pearson(pairs: readonly (readonly [number, number])[]): number {
  const [xs, ys] = [pairs.map(([x]) => x), pairs.map(([, y]) => y)];
  const both = pairs.reduce((sum, [x, y]) => sum + (x - mean(xs)) * (y - mean(ys)), 0);
  return both / Math.sqrt(spread(xs) * spread(ys));
}
function groupsOf<T>(items: readonly T[], key: (item: T) => unknown): readonly (readonly T[])[] {
  return [...Map.groupBy(items, key).values()];
}
function eta(pairs: readonly (readonly [unknown, number])[]): number {
  const all = pairs.map(([, y]) => y);
  const between = groupsOf(pairs, ([label]) => label).map((group) => {
    const own = group.map(([, y]) => y);
    return own.length * (mean(own) - mean(all)) ** 2;
  });
  return Math.sqrt(between.reduce((sum, part) => sum + part, 0) / spread(all));
}
/** Cramér's V by its definition: chi-square over the expected counts. */
function cramer(pairs: readonly (readonly [unknown, unknown])[]): number {
  const [left, right] = [groupsOf(pairs, ([a]) => a), groupsOf(pairs, ([, b]) => b)];
  let chi = 0;
  for (const a of left)
    for (const b of right) {
      const wanted = (a.length * b.length) / pairs.length;
      const seen = a.filter((pair) => b.includes(pair)).length;
      chi += (seen - wanted) ** 2 / wanted;
    }
  return Math.sqrt(chi / pairs.length / (Math.min(left.length, right.length) - 1));
}

beforeAll(async () => {
  const database = await openDuckDb();
  const columns = (['x', 'y', 'far', 'kind', 'same', 'late', 'back'] as const).map((name) =>
    rows.map((row) => row[name] ?? null),
  );
  const types = ['DOUBLE', 'DOUBLE', 'BIGINT', 'VARCHAR', 'BIGINT', 'BOOLEAN', 'BIGINT'] as const;
  const named = ['x', 'y', 'far', 'kind', 'same', 'late', 'back'].map((name, index) => ({
    name,
    type: types[index] as 'DOUBLE',
  }));
  await database.writeParquet(file, named, [columns]);
  database.close();
});

describe('a profile', () => {
  let byNumber: Profile;
  let byClass: Profile;
  beforeAll(async () => {
    byNumber = await profileOf('rows', file, 'y');
    byClass = await profileOf('rows', file, 'late');
  });
  const column = (name: string) => byNumber.columns.find((one) => one.name === name);
  const says = ({ target }: Profile, feature: string) =>
    target?.associations.find((one) => one.feature === feature)?.value;

  it('counts rows, nulls and different values, and finds the values at ranks', () => {
    expect(byNumber.rows).toBe(200);
    expect(column('x')).toMatchObject({ kind: 'number', nulls: 20, distinct: 180 });
    expect(column('kind')).toMatchObject({ kind: 'category', nulls: 29, distinct: 3, distribution: null });
    const sorted = rows.map(({ y }) => y).sort((left, right) => left - right);
    const median = ((sorted[99] as number) + (sorted[100] as number)) / 2;
    expect(column('y')?.distribution?.quantiles[3]).toBeCloseTo(median, 9);
    expect(column('y')?.distribution?.bins.reduce((sum, { count }) => sum + count, 0)).toBe(200);
  });

  it('names what lies far out', () => {
    expect(column('far')?.distribution?.outliers).toMatchObject({ below: 1, above: 1 });
  });

  it('correlates numbers as Pearson does, and leaves out what does not vary', () => {
    const { columns, values } = byNumber.correlations;
    expect(columns).not.toContain('same');
    const known = rows.flatMap(({ x, y }): [number, number][] => (x === null ? [] : [[x, y]]));
    expect(values[columns.indexOf('x')]?.[columns.indexOf('y')]).toBeCloseTo(pearson(known), 9);
  });

  it('says what each column says about a number', () => {
    expect(byNumber.target?.kind).toBe('number');
    expect(says(byNumber, 'kind')).toBeCloseTo(eta(rows.map(({ kind, y }) => [kind ?? 'null', y])), 9);
    expect(says(byNumber, 'same')).toBeUndefined();
  });

  it('says what each column says about a class', () => {
    expect(byClass.target?.kind).toBe('class');
    expect(says(byClass, 'y')).toBeCloseTo(eta(rows.map(({ late, y }) => [late, y])), 9);
    expect(says(byClass, 'kind')).toBeCloseTo(cramer(rows.map(({ kind, late }) => [kind ?? 'null', late])), 9);
  });

  it('is a page that needs nothing else, and shows values as text', () => {
    const page = profilePage(byClass);
    expect(page).not.toMatch(/<script|<b>a<\/b>|src=|href=/);
    expect(page).toContain('&lt;b&gt;a&lt;/b&gt;');
    expect(page.match(/<svg/g)?.length).toBeGreaterThan(6);
  });

  it('gives a class one colour in all of its charts', () => {
    const legends = [...profilePage(byClass).matchAll(/<div class="legend">(.*?)<\/div>/g)].map(([, legend]) => legend);
    expect(legends.length).toBeGreaterThan(2);
    expect(new Set(legends).size).toBe(1);
  });

  it('is a text of a line for each column', () => {
    const text = profileText(byNumber);
    for (const { name } of byNumber.columns) expect(text).toMatch(new RegExp(`^${name} `, 'm'));
  });

  it('refuses a target that is not there', async () => {
    await expect(profileOf('rows', file, 'z')).rejects.toMatchObject({ code: 'BIFOLD_BAD_EXPLORATION' });
  });
});
