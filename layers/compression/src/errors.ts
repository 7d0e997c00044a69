/** The decoded data would exceed the limit. Nothing beyond the limit was kept. */
export class DecodedTooLargeError extends Error {
  override readonly name = 'DecodedTooLargeError';
  readonly limitBytes: number;

  constructor(limitBytes: number) {
    super(`the decoded data exceeds ${limitBytes} bytes`);
    this.limitBytes = limitBytes;
  }
}

/** The bytes are not valid data of the codec. */
export class CorruptDataError extends Error {
  override readonly name = 'CorruptDataError';

  constructor(codec: string, received: string, options?: ErrorOptions) {
    super(`the data is not valid ${codec}: ${received}`, options);
  }
}
