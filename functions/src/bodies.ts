/** What the functions do, without the Lambda and the connections around it: for tests that run them over other ports. */
export { type ArchivePorts, archiveLog } from './archive/archive.ts';
export { type RecordSourcePorts, readRecordSources, resolveRecordSources } from './archive/kept.ts';
export { type CatchUpPorts, type CatchUpRequest, planCatchUp } from './catch-up.ts';
export { type Drift, type DriftOptions, type DriftPorts, type DriftQuestion, latestDrift } from './drift.ts';
export {
  advanceHandover,
  announceVersion,
  type HandoverPorts,
  missingOfNext,
  planOf,
  switchToVersion,
} from './handover.ts';
export { bindModels, coldModels, loadModel, NO_VERSION, type RefusedVersion } from './models.ts';
export { type PublishedView, publishedView } from './published.ts';
export { executeQuery } from './query/answer.ts';
export { type CursorSeal, cursorSeal, withSealedCursors } from './query/cursor-seal.ts';
export { respond } from './query/http.ts';
export type { QueryPorts } from './query/ports.ts';
export { questionOf } from './query/question.ts';
export { answerView, type ViewPorts } from './query/view.ts';
export { BINDINGS, loadLookups, type SegmentBinding } from './recompute/lookups.ts';
export { COVERED, loadManifest } from './recompute/manifest.ts';
export { type Recomputed, type RecomputePorts, recompute } from './recompute/recompute.ts';
export { placementsOf, type RelayPorts, relayDelivery } from './relay/relay.ts';
export { type Restored, type RestorePorts, restoreView } from './restore/restore.ts';
export {
  catchUpTo,
  coldState,
  type FoldedPartition,
  foldDelivery,
  type SpeedPorts,
  type WarmState,
} from './speed/speed.ts';
export { type SweepPorts, sweep } from './sweep/sweep.ts';
