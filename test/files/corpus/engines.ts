/** Texts of the libraries and of the engine below, which no message may consist of. */
export const ENGINE_TEXT =
  /duckdb|csv[-_]parse|Unexpected (token|end|non-whitespace)|JSON at position|(Invalid|IO|Binder|Parser|Conversion|Out of Memory|INTERNAL) Error|\n\s+at .*\.[jt]s:/i;
