import type { InputKind } from '../aggregates/descriptor.ts';
import { customAggregate } from '../aggregates/kinds/custom.ts';
import { AGGREGATES, descriptorOf } from '../aggregates/kinds.ts';
import type { AggregateDomain, AggregatePlan } from '../plan/aggregate.ts';
import type { AggregationPlan } from '../plan/aggregation.ts';
import type { EventTime } from '../plan/column.ts';
import type { Window, WindowPlan } from '../plan/window.ts';
import { paneSizeMs } from '../windows/panes.ts';
import type { Aggregate } from './aggregates/aggregate.ts';
import { checkIdentifier } from './identifier.ts';
import { type ColumnScope, described, refuse } from './scope.ts';

/** The parts of a definition that describe the aggregation of rows. */
export interface AggregationDefinition {
  readonly groupBy: readonly string[];
  readonly windows: Readonly<Record<string, Window>>;
  readonly aggregates: Readonly<Record<string, Aggregate<never, unknown>>>;
}

/** Plans the aggregation of rows. `scope` has all columns of a row. */
export function planAggregation(
  { groupBy, windows, aggregates }: AggregationDefinition,
  scope: ColumnScope,
): AggregationPlan {
  const { where } = scope;
  return {
    groupBy: planKey(where, groupBy, scope),
    windows: planWindows(where, windows),
    aggregates: planAggregates(where, aggregates, groupBy, scope),
  };
}

/** `role` is the owner of the event time, for error messages: `topic "taps"`. */
export function checkEventTime(role: string, eventTime: EventTime, scope: ColumnScope): void {
  const type = scope.type(eventTime.field, 'eventTime');
  const wanted = eventTime.kind === 'dateTime' ? 'timestamp' : 'integer';
  if (type !== wanted) {
    refuse('BIFOLD_BAD_EVENT_TIME', {
      failed: `${role} takes "${eventTime.field}" as event time`,
      received: type,
      allowed: 'a text of format date-time, or { field, unit } of an integer field',
      remedy: 'declare it as z.iso.datetime(), or name the unit of its epoch',
    });
  }
  if (eventTime.kind === 'epoch' && !['s', 'ms', 'us'].includes(eventTime.unit)) {
    refuse('BIFOLD_BAD_EVENT_TIME', {
      failed: `${role} has an event time of an unknown unit`,
      received: String(eventTime.unit),
      allowed: 's, ms, us',
      remedy: 'name one of them',
    });
  }
}

function planKey(where: string, groupBy: readonly string[], scope: ColumnScope): readonly string[] {
  if (!Array.isArray(groupBy) || groupBy.length === 0)
    refuse('BIFOLD_NO_KEY', {
      failed: `${where} has no groupBy key`,
      received: JSON.stringify(groupBy) ?? 'undefined',
      allowed: 'one field or more',
      remedy: "write groupBy: ['field']",
    });
  for (const field of groupBy) {
    const type = scope.type(field, 'groupBy');
    if (field.includes('.') || type === 'json')
      refuse('BIFOLD_BAD_KEY', {
        failed: `${where} groups by "${field}"`,
        received: type,
        allowed: 'text, number, boolean or timestamp fields of the record, and derived columns',
        remedy: 'choose such a field',
      });
  }
  if (new Set(groupBy).size < groupBy.length)
    refuse('BIFOLD_BAD_KEY', {
      failed: `${where} groups by a field twice`,
      received: groupBy.join(', '),
      allowed: 'each field once',
      remedy: 'remove one',
    });
  return [...groupBy];
}

function planWindows(where: string, windows: Readonly<Record<string, Window>>): readonly WindowPlan[] {
  const planned = Object.entries(windows ?? {}).map(([name, window]) => {
    checkIdentifier(`a window of ${where}`, name);
    const wrong = wrongLengths(window);
    if (wrong !== null)
      refuse('BIFOLD_BAD_WINDOW', {
        failed: `${where} has a window "${name}" ${wrong}`,
        received: described(window),
        allowed:
          "tumbling('1h'), sliding('1h', '10m'), calendar('day', { zone: 'Europe/Berlin' }), session('30m'), running()",
        remedy: 'write it in one of these forms',
      });
    return { name, ...window };
  });
  if (planned.length === 0)
    refuse('BIFOLD_NO_WINDOW', {
      failed: `${where} has no window`,
      received: '{}',
      allowed: 'one window or more',
      remedy: "write windows: { hourly: tumbling('1h') }",
    });
  return planned.sort((left, right) => (left.name < right.name ? -1 : 1));
}

/** The limit of panes per window: a query of a window reads all its panes. */
const PANES_MAX = 10_000;

/** The problem of a window; null if there is none. */
function wrongLengths(window: Window | undefined): string | null {
  const lengths = (...names: readonly string[]): boolean =>
    names.every((name) => {
      const length = (window as unknown as Record<string, unknown>)[name];
      return Number.isSafeInteger(length) && (length as number) > 0;
    });
  const offset = (window as { offsetMs?: unknown } | undefined)?.offsetMs === undefined || lengths('offsetMs');
  switch (window?.kind) {
    case 'tumbling':
      return lengths('sizeMs') && offset ? null : 'without a length';
    case 'sliding':
      if (!lengths('sizeMs', 'slideMs') || !offset) return 'without a length';
      return window.sizeMs / paneSizeMs(window) <= PANES_MAX
        ? null
        : `of more than ${PANES_MAX} panes: choose a size that the slide divides`;
    case 'calendar':
      if (!['day', 'week', 'month', 'year'].includes(window.unit)) return 'of a unit that no calendar has';
      return typeof window.zone === 'string' && Array.isArray(window.clock) && window.clock.length > 0
        ? null
        : 'of a zone whose clocks are not known';
    case 'session':
      return lengths('gapMs') ? null : 'without a gap';
    case 'running':
      return null;
    default:
      return 'of no known kind';
  }
}

function planAggregates(
  where: string,
  aggregates: Readonly<Record<string, Aggregate<never, unknown>>>,
  groupBy: readonly string[],
  scope: ColumnScope,
): readonly AggregatePlan[] {
  const taken = new Set(['window', ...groupBy].map((name) => name.toLowerCase()));
  const planned = Object.entries(aggregates ?? {}).map(([name, aggregate]) => {
    checkIdentifier(`an aggregate of ${where}`, name);
    // Rows are also written as Parquet, where names are not case-sensitive.
    if (taken.has(name.toLowerCase()))
      refuse('BIFOLD_NAME_TAKEN', {
        failed: `${where} has an aggregate named like a part of its row`,
        received: `"${name}"`,
        allowed: 'a name other than "window" that no field of groupBy and no other aggregate has, ignoring case',
        remedy: 'rename it',
      });
    taken.add(name.toLowerCase());
    const { kind, field, second, where: condition, parameter, customId } = checkAggregate(where, name, aggregate);
    const descriptor = descriptorOf({ kind });
    const input = customId === undefined ? descriptor.input : customAggregate(customId).input;
    const domain =
      field === undefined ? 'integer' : domainOf(where, name, customId ?? kind, field, input as InputKind, scope);
    const secondDomain =
      second === undefined ? undefined : domainOf(where, name, kind, second, descriptor.second as InputKind, scope);
    if (condition !== undefined && scope.type(condition, `aggregates.${name}.where`) !== 'boolean') {
      refuse('BIFOLD_NOT_BOOLEAN', {
        failed: `${where} counts where "${condition}"`,
        received: scope.type(condition, 'where'),
        allowed: 'a boolean field or derived column',
        remedy: 'derive one, as in derive: { cancelled: field("dep_time").isNull() }',
      });
    }
    // `checkAggregate` has verified that each kind has the parts of its plan.
    return {
      name,
      kind,
      field: field ?? null,
      where: condition ?? null,
      domain,
      ...(secondDomain === undefined ? {} : { second, secondDomain }),
      ...(parameter === undefined ? {} : { parameter }),
      ...(customId === undefined ? {} : { customId }),
    } as AggregatePlan;
  });
  if (planned.length === 0)
    refuse('BIFOLD_NO_AGGREGATE', {
      failed: `${where} has no aggregates`,
      received: '{}',
      allowed: 'one aggregate or more',
      remedy: 'write aggregates: { n: count() }',
    });
  return planned.sort((left, right) => (left.name < right.name ? -1 : 1));
}

function domainOf(
  where: string,
  name: string,
  kind: string,
  field: string,
  input: InputKind,
  scope: ColumnScope,
): AggregateDomain {
  const type = scope.type(field, `aggregates.${name}`);
  const isNumber = type === 'integer' || type === 'double';
  switch (input) {
    case 'numbers':
    case 'numbers or decimals':
      if (isNumber || (type === 'decimal' && input === 'numbers or decimals')) return type;
      return refuse('BIFOLD_NOT_NUMERIC', {
        failed: `${where} takes the ${kind} of "${field}"`,
        received: type,
        allowed:
          input === 'numbers' ? 'an integer or double field' : 'an integer or double field, or one of format decimal',
        remedy: 'choose a numeric field',
      });
    case 'texts':
      if (type === 'text') return type;
      return refuse('BIFOLD_NOT_TEXT', {
        failed: `${where} takes the ${kind} of "${field}"`,
        received: type,
        allowed: 'a text field',
        remedy: 'choose a text field',
      });
    case 'booleans':
      if (type === 'boolean') return type;
      return refuse('BIFOLD_NOT_BOOLEAN', {
        failed: `${where} takes ${kind} of "${field}"`,
        received: type,
        allowed: 'a boolean field or derived column',
        remedy: 'derive one, as in derive: { cancelled: field("dep_time").isNull() }',
      });
    case 'scalars':
      if (type !== 'json') return type;
      return refuse('BIFOLD_NOT_SCALAR', {
        failed: `${where} takes ${kind} of "${field}"`,
        received: 'a nested or mixed value',
        allowed: 'text, number, boolean or timestamp fields',
        remedy: 'give the field one scalar type in the schema',
      });
  }
}

function checkAggregate(
  where: string,
  name: string,
  aggregate: Aggregate<never, unknown> | undefined,
): Aggregate<never, unknown> {
  if (aggregate !== undefined && isComplete(aggregate)) return aggregate;
  const parameters = new Set(Object.values(AGGREGATES).flatMap(({ parameter }) => parameter?.allowed ?? []));
  const kinds = Object.keys(AGGREGATES).filter((kind) => kind !== 'custom');
  return refuse('BIFOLD_BAD_AGGREGATE', {
    failed: `${where} has an aggregate "${name}" that cannot be computed`,
    received: described(aggregate),
    allowed: `count(), sum('field'), ${[...parameters].join(', ')}, covariance('x', 'y'), and the like: ${kinds.join(', ')}; and those of defineAggregate`,
    remedy: 'write it in that form',
  });
}

/** Whether an aggregate has the fields and the parameter of its kind, and no others. */
function isComplete({ kind, field, second, parameter, customId }: Aggregate<never, unknown>): boolean {
  if (!Object.hasOwn(AGGREGATES, kind)) return false;
  const descriptor = descriptorOf({ kind });
  return (
    (descriptor.input === 'nothing') === (field === undefined) &&
    (descriptor.second === undefined) === (second === undefined) &&
    (kind === 'custom') === (customId !== undefined) &&
    (descriptor.parameter === undefined) === (parameter === undefined) &&
    (descriptor.parameter?.isAllowed(parameter) ?? true)
  );
}
