import { deployments } from './deployment.ts';
import { doubles } from './double.ts';
import { losses } from './empty.ts';
import type { Fault } from './fault.ts';
import { freezes } from './freeze.ts';
import { kills } from './kill.ts';
import { networks } from './network.ts';
import { producers } from './producer.ts';
import { rooms } from './room.ts';
import { rotations } from './rotation.ts';

export type { Fault } from './fault.ts';

/** Every kind of fault. */
export const FAULTS: readonly Fault[] = [
  ...kills,
  ...freezes,
  ...doubles,
  ...networks,
  ...producers,
  ...rooms,
  ...rotations,
  ...losses,
  ...deployments,
];
