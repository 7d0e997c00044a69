/** The part of the driver that decodes values. Its own declarations leave it out. */
declare module 'cassandra-driver/lib/encoder.js' {
  interface ColumnType {
    readonly code: number;
    readonly info?: unknown;
  }

  export default class Encoder {
    constructor(protocolVersion: number, options: { readonly encoding?: Readonly<Record<string, unknown>> });
    decode(buffer: Buffer | null, type: ColumnType): unknown;
  }
}
