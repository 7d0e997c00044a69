import { Command } from 'commander';
import { withContext } from '../../context.ts';
import { coverageText } from '../../output/answer-text.ts';
import { tableText } from '../../output/table.ts';
import { age, dim, number, print, printJson, styled } from '../../output/terminal.ts';
import type { PipelineReport } from '../../status/pipeline-report.ts';
import { reportOn } from '../../status/report.ts';

export const statusCommand = (): Command =>
  new Command('status')
    .description('show the services, and the state of each pipeline')
    .option('--json', 'print the report as JSON')
    .addHelpText(
      'after',
      `
If a service is unavailable, the report names it and the checks that it skipped.
  lag      offsets of the log that answers do not cover
  archive  records that are not archived yet

Example:
  $ npx bifold status`,
    )
    .action(({ json }: { json?: boolean }) =>
      withContext(async (context) => {
        const report = await reportOn(context);
        if (json) return printJson(report);
        const marks = {
          up: styled('green', 'up'),
          down: styled(['red', 'bold'], 'DOWN'),
          unhealthy: styled(['red', 'bold'], 'UNHEALTHY'),
        };
        print(
          tableText(
            [{ title: 'service' }, { title: 'state' }, { title: 'since' }, { title: 'ports' }, { title: '' }],
            report.services.map(({ name, state, uptimeMs, ports, detail }) => [
              name,
              marks[state],
              uptimeMs === undefined ? '' : age(uptimeMs),
              Object.values(ports).join(', '),
              detail,
            ]),
          ),
        );
        if (report.services.some(({ state }) => state !== 'up'))
          print('\nnpx bifold up starts what is away; nothing is lost by waiting.');
        print('');
        if (report.pipelines.length === 0) return print('No pipeline is deployed: npx bifold deploy');
        print(
          tableText(
            [
              { title: 'pipeline' },
              { title: 'mapping' },
              { title: 'records', align: 'right' },
              { title: 'lag', align: 'right' },
              { title: 'generation', align: 'right' },
              { title: 'age', align: 'right' },
              { title: 'unarchived', align: 'right' },
              { title: 'quarantined', align: 'right' },
            ],
            report.pipelines.map(lineOf),
          ),
        );
        for (const pipeline of report.pipelines) print(`\n${detailOf(pipeline)}`);
      }),
    );

const countText = (value: number | null | undefined): string =>
  value === null || value === undefined ? '?' : number(value);

function lineOf({ pipeline, mapping, ends, lag, generation, archive, quarantined }: PipelineReport): string[] {
  const records = ends && Object.values(ends).reduce((total, end) => total + end, 0);
  const poison = quarantined && Object.values(quarantined).reduce((total, count) => total + count, 0);
  return [
    pipeline,
    mapping?.status ?? '?',
    countText(records),
    countText(lag),
    generation?.number === 0 ? 'none' : countText(generation?.number),
    generation === null ? '?' : generation.ageMs === null ? '' : age(generation.ageMs),
    countText(archive?.behind),
    countText(poison),
  ];
}

function detailOf({
  pipeline,
  version,
  topicId,
  topic,
  mapping,
  relay,
  gaps,
  quarantined,
  warnings,
  unknown,
}: PipelineReport): string {
  const missing = gaps === null ? '' : coverageText(gaps);
  const toCome = Object.entries(relay ?? {}).filter(([, records]) => records > 0);
  const poison = Object.entries(quarantined ?? {}).map(([reason, count]) => `${number(count)} ${reason}`);
  return [
    dim(`${pipeline}: ${version}, topic ${topic}, topic id ${topicId}`),
    ...(mapping?.reason ? [`  mapping ${mapping.status}: ${mapping.reason}`] : []),
    ...(toCome.length === 0
      ? []
      : [
          `  the relay has still to bring ${toCome.map(([source, records]) => `${number(records)} of ${source}`).join(', ')}`,
        ]),
    ...(missing === '' ? [] : [styled(['red', 'bold'], `  GAPS: answers do not cover ${missing}`)]),
    ...(poison.length === 0 ? [] : [`  quarantined: ${poison.join(', ')}  (npx bifold quarantine list ${pipeline})`]),
    ...warnings.map((warning) => styled('yellow', `  ! ${warning}`)),
    ...unknown.map((reason) => dim(`  ? ${reason}`)),
  ].join('\n');
}
