import { type Answer, type Plan, ProtocolError, type Scope, type ViewAlias } from '@bifold/core/engine';
import { answerSealed, executeQuery, movedOn } from './execute-query.ts';
import { advanceHandover, announceVersion, type HandoverPorts, planOf } from './handover.ts';
import { cursorOf, parseQuery } from './parse-query.ts';
import type { QueryPorts } from './ports.ts';
import { cursorExpired } from './read-snapshot.ts';

export interface ViewPorts extends HandoverPorts {
  readonly portsOf: (plan: Plan, scope: Scope) => QueryPorts;
}

const TRIES = 8;

/**
 * Rule 3: answers from the version that the alias names, with that version's plan and rows,
 * whatever version this function was deployed with. It reads the alias again after the rows. If
 * another version has taken over meanwhile, that version may already have given answers that cover
 * more.
 */
export async function answerView(
  deployed: Plan,
  topicId: string,
  parameters: Readonly<Record<string, unknown>>,
  ports: ViewPorts,
): Promise<Answer> {
  if (parameters.cursor !== undefined) return continueAnswer(deployed, topicId, parameters, ports);
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const alias = (await ports.aliases.read()) ?? (await announceVersion(deployed, ports));
    try {
      if (await advanceHandover(alias, topicId, ports)) continue;
      const answer = await answerOfAlias(alias, topicId, parameters, ports);
      if (answer !== null && isSameMove(await ports.aliases.read(), alias)) return answer;
    } catch (error) {
      // A database that was emptied between two reads lacks both the plan and the alias. A
      // deployment restores both.
      if (!isPlanMissing(error) || attempt === TRIES - 1) throw error;
    }
  }
  throw movedOn(`${TRIES} tries, while another version took over`);
}

/**
 * An emptied database starts again with generation 1, so an equal generation may name another
 * version.
 */
function isSameMove(after: ViewAlias | null, { generation, current }: ViewAlias): boolean {
  return after?.generation === generation && after.current === current;
}

/**
 * Null if the sealed read snapshot is no longer kept. The next step of the handover then seals a
 * newer one.
 */
async function answerOfAlias(
  { current, sealed }: ViewAlias,
  topicId: string,
  parameters: Readonly<Record<string, unknown>>,
  { plans, portsOf }: ViewPorts,
): Promise<Answer | null> {
  const plan = await planOf(current, plans);
  const scope = { version: current, topicId };
  const query = parseQuery(plan, parameters);
  const ports = portsOf(plan, scope);
  return sealed === null ? executeQuery(plan, scope, query, ports) : answerSealed(plan, scope, query, sealed, ports);
}

/**
 * All pages of one answer come from the version that the cursor names, even if another version has
 * taken over.
 */
async function continueAnswer(
  deployed: Plan,
  topicId: string,
  parameters: Readonly<Record<string, unknown>>,
  { aliases, plans, portsOf }: ViewPorts,
): Promise<Answer> {
  const cursor = cursorOf(parameters.cursor);
  const alias = await aliases.read();
  const known = [alias?.current, alias?.previous].filter((version) => typeof version === 'string');
  if (!known.includes(cursor.version) || cursor.topicId !== topicId)
    throw cursorExpired(cursor, `cursors of ${known.join(' and ') || deployed.version}, topic id ${topicId}`);
  const plan = await plans.read(cursor.version);
  if (plan === null) throw cursorExpired(cursor, `cursors of versions whose plan is stored, topic id ${topicId}`);
  const scope = { version: cursor.version, topicId };
  return executeQuery(plan, scope, parseQuery(plan, parameters), portsOf(plan, scope));
}

function isPlanMissing(error: unknown): boolean {
  return error instanceof ProtocolError && error.code === 'BIFOLD_PLAN_MISSING';
}
