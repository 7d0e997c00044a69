/**
 * An event for a progress display: a step begins, advances, succeeds or fails. `step` names the
 * same step in all of them.
 */
export type ProgressEvent =
  | { readonly kind: 'started'; readonly step: string }
  | { readonly kind: 'advanced'; readonly step: string; readonly text: string }
  | { readonly kind: 'done'; readonly step: string; readonly ms: number }
  | { readonly kind: 'failed'; readonly step: string; readonly ms: number; readonly reason: string };

export type OnProgress = (event: ProgressEvent) => void;

export const tracked = async <T>(onProgress: OnProgress, step: string, work: () => Promise<T>): Promise<T> => {
  const startedAtMs = performance.now();
  const ms = () => Math.round(performance.now() - startedAtMs);
  onProgress({ kind: 'started', step });
  try {
    const result = await work();
    onProgress({ kind: 'done', step, ms: ms() });
    return result;
  } catch (error) {
    onProgress({ kind: 'failed', step, ms: ms(), reason: error instanceof Error ? error.message : String(error) });
    throw error;
  }
};
