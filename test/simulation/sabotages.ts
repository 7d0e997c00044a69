import type { Sabotage } from './sabotage.ts';
export const SABOTAGES: readonly Sabotage[] = [];
