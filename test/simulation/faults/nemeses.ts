/** The injected faults, by name. A seed takes about two thirds of them. */
export const NEMESES = [
  'zombie',
  'jump',
  'crash',
  'freeze',
  'timeout',
  'unavailable',
  'retention',
  'holes',
  'transaction',
  'redeploy',
  'recreate',
  'new-partition',
  'rollback',
  'lookup-reload',
  'promotion',
  'accept-lost',
  'clock-jump',
  'replicas',
  'throttle',
  'emptied',
] as const;
export type Nemesis = (typeof NEMESES)[number];
