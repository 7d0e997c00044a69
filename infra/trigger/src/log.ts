export type LogLevel = 'info' | 'warn' | 'error';

/** One JSON object a line, so that a supervisor can keep it as it is. */
export type Log = (level: LogLevel, message: string, details?: Readonly<Record<string, unknown>>) => void;

export function jsonLog(write: (line: string) => void): Log {
  return (level, message, details) => {
    write(`${JSON.stringify({ time: new Date().toISOString(), level, message, ...details })}\n`);
  };
}
