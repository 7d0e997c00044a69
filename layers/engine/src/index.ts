/**
 * The engine: the work of the functions over ports. It does not know Lambda or any service.
 * Handlers, the command line and tests connect it to them.
 */

export { type ArchivedPartition, type ArchivePorts, archiveLog } from './archive/archive.ts';
export { type RecordSourcePorts, readRecordSources, resolveRecordSources } from './archive/record-sources.ts';
export { NESTING_MAX, parseShallowJson } from './query/bounded-json.ts';
export { type CursorSeal, cursorSeal, withSealedCursors } from './query/cursor-seal.ts';
export { type Drift, type DriftOptions, type DriftPorts, type DriftQuery, latestDrift } from './query/drift.ts';
export { executeQuery } from './query/execute-query.ts';
export {
  advanceHandover,
  announceVersion,
  type HandoverPorts,
  missingOfNext,
  planOf,
  switchToVersion,
} from './query/handover.ts';
export { parseQuery } from './query/parse-query.ts';
export type { QueryPorts } from './query/ports.ts';
export { type PublishedView, publishedView } from './query/published.ts';
export { newSnapshot } from './query/read-snapshot.ts';
export { rememberedVersions } from './query/versions.ts';
export { answerView, type ViewPorts } from './query/view.ts';
export { type CatchUpPorts, type CatchUpRequest, parseCatchUp, planCatchUp } from './recompute/catch-up.ts';
export { BINDINGS, loadLookups, type SegmentBinding } from './recompute/lookups.ts';
export { COVERED, loadManifest } from './recompute/manifest.ts';
export { type Recomputed, type RecomputePorts, recompute } from './recompute/recompute.ts';
export { partitionersOf, type RelayPorts, relayDelivery } from './relay/relay.ts';
export { type Restored, type RestorePorts, restoreView } from './restore/restore.ts';
export { bindModels, coldModels, loadModel, NO_VERSION, type RefusedVersion } from './speed/models.ts';
export type { SpeedPorts } from './speed/ports.ts';
export { catchUpTo, type FoldedPartition, foldDelivery } from './speed/speed.ts';
export { coldState, type WarmState } from './speed/warm-state.ts';
export { type SweepPorts, type Swept, sweep } from './sweep/sweep.ts';
