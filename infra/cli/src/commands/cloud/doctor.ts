import { statfsSync } from 'node:fs';
import { freemem, totalmem } from 'node:os';
import { ensureSoftware } from '@bifold/cloud';
import { Command } from 'commander';
import { type Context, withContext } from '../../context.ts';
import { emptyLookups } from '../../deployment/empty-lookups.ts';
import { Ended, EXIT, messageOf, partsOf } from '../../errors.ts';
import { dim, print, printJson, styled } from '../../output/terminal.ts';
import { reportOn } from '../../status/report.ts';

/** A finding of the doctor. It has a `cure` if something is wrong. */
interface Finding {
  readonly what: string;
  readonly found: string;
  readonly cure: string | null;
}

const GIB = 1024 ** 3;
const DISK_GIB_MIN = 2;
const MEMORY_GIB_MIN = 4;

export const doctorCommand = (): Command =>
  new Command('doctor')
    .description('check this machine and the local cloud for problems')
    .option('--json', 'print the findings as JSON')
    .addHelpText(
      'after',
      `
Exit codes: 0 if there is no problem, 1 otherwise.

Example:
  $ npx bifold doctor`,
    )
    .action(({ json }: { json?: boolean }) =>
      withContext(async (context) => {
        const findings = [...(await prerequisites(context)), ...(await health(context))];
        if (json) printJson({ healthy: findings.every(({ cure }) => cure === null), findings });
        else {
          for (const { what, found, cure } of findings) {
            print(`${cure === null ? styled('green', '✓') : styled('red', '✖')} ${what.padEnd(22)} ${dim(found)}`);
            if (cure !== null) print(`  ${' '.repeat(22)} to do: ${cure}`);
          }
        }
        if (findings.some(({ cure }) => cure !== null)) throw new Ended(EXIT.no);
      }),
    );

async function prerequisites({ paths, root }: Context): Promise<readonly Finding[]> {
  const findings: Finding[] = [{ what: 'Node', found: `${process.version} at ${process.execPath}`, cure: null }];
  try {
    const { python, java } = await ensureSoftware(paths);
    findings.push({ what: 'Python', found: python, cure: null }, { what: 'Java', found: java, cure: null });
  } catch (error) {
    const parts = partsOf(error);
    findings.push({
      what: 'software',
      found: parts === null ? messageOf(error) : `${parts.failed}: ${parts.received}`,
      cure: parts?.remedy ?? 'run the command again',
    });
  }
  const disk = statfsSync(root);
  const free = (disk.bavail * disk.bsize) / GIB;
  findings.push({
    what: 'disk',
    found: `${free.toFixed(1)} GiB free`,
    cure: free < DISK_GIB_MIN ? `free some space: at least ${DISK_GIB_MIN} GiB are needed` : null,
  });
  findings.push({
    what: 'memory',
    found: `${(totalmem() / GIB).toFixed(1)} GiB, ${(freemem() / GIB).toFixed(1)} GiB unused`,
    cure: totalmem() / GIB < MEMORY_GIB_MIN ? `use a machine with ${MEMORY_GIB_MIN} GiB or more` : null,
  });
  return findings;
}

async function health(context: Context): Promise<readonly Finding[]> {
  const { services, pipelines } = await reportOn(context);
  const findings: Finding[] = services.map(({ name, state, detail, logFile }) => ({
    what: name,
    found: state === 'up' ? detail : `${state}: ${detail}`,
    cure: state === 'up' ? null : `npx bifold up; its log is ${logFile}`,
  }));
  for (const { pipeline, mapping, warnings, unknown, gaps, lag } of pipelines) {
    const isServing = mapping === null || mapping.status === 'polling' || mapping.status === 'starting';
    findings.push({
      what: pipeline,
      found: `mapping ${mapping?.status ?? 'unknown'}, lag ${lag ?? 'unknown'}`,
      cure: isServing ? null : (mapping.reason ?? 'npx bifold logs trigger'),
    });
    for (const warning of warnings) findings.push({ what: pipeline, found: 'warning', cure: warning });
    if (gaps !== null && Object.keys(gaps).length > 0) {
      findings.push({
        what: pipeline,
        found: 'answers have gaps',
        cure: `the batch layer closes them: npx bifold archive ${pipeline} && npx bifold recompute ${pipeline}`,
      });
    }
    if (unknown.length > 0) findings.push({ what: pipeline, found: unknown.join('; '), cure: 'npx bifold up' });
  }
  if (!services.some(({ name, state }) => name === 'cassandra' && state !== 'up')) {
    const deployed = new Set(pipelines.map(({ pipeline }) => pipeline));
    for (const pipeline of await context.pipelines()) {
      if (!deployed.has(pipeline.plan.name)) continue;
      for (const table of await emptyLookups(context, pipeline)) {
        findings.push({
          what: pipeline.plan.name,
          found: `lookup table "${table}" is empty, and records wait for it`,
          cure: `npx bifold lookup load ${table} --file <csv or json lines>`,
        });
      }
    }
  }
  return findings;
}
