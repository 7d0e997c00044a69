import { type Lateness, planLate, refuse } from '@bifold/core/engine';

/**
 * The delay of the watermark; null without `dropLate`. `where` names what has the option, as an
 * error shows it.
 */
export function latenessMsOf(where: string, dropLate: Lateness | undefined): number | null {
  if (dropLate === undefined) return null;
  const { allowedLatenessMs } = planLate(where, dropLate);
  if (dropLate.maxClockSkewMs !== undefined)
    refuse('BIFOLD_BAD_LATE', {
      failed: `${where} bounds its watermark by a broker time that its rows do not have`,
      received: 'dropLate with maxClockSkew',
      allowed: 'dropLate(after): maxClockSkew compares event times with broker times, which only pipelines read',
      remedy: "write dropLate: dropLate('10m')",
    });
  return allowedLatenessMs;
}
