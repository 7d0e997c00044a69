/**
 * Single statements of a text: a semicolon ends one, but not within quotes, `$$` or a comment, nor
 * between BEGIN BATCH and APPLY BATCH.
 */
export function cqlStatements(text: string): readonly string[] {
  const parts =
    text.match(/'(?:[^']|'')*'|"(?:[^"]|"")*"|\$\$[\s\S]*?\$\$|(?:--|\/\/)[^\n]*|\/\*[\s\S]*?\*\/|;|[^;]/g) ?? [];
  const statements: string[] = [];
  let current = '';
  for (const part of parts) {
    if (/^(--|\/\/|\/\*)/.test(part)) {
      current += ' ';
      continue;
    }
    const isOpenBatch = /^\s*BEGIN\b/i.test(current) && !/\bAPPLY\s+BATCH\s*$/i.test(current);
    if (part !== ';' || isOpenBatch) {
      current += part;
      continue;
    }
    if (current.trim() !== '') statements.push(current.trim());
    current = '';
  }
  if (current.trim() !== '') statements.push(current.trim());
  return statements;
}

/**
 * Whether a statement may change data in a keyspace: it is not a read, and it names the keyspace or
 * a table without one.
 */
export function changesKeyspace(statement: string, keyspace: string, isDefault: boolean): boolean {
  if (!/^\s*(INSERT|UPDATE|DELETE|TRUNCATE|DROP|ALTER|CREATE|BEGIN)\b/i.test(statement)) return false;
  const bare = statement.replace(/'(?:[^']|'')*'|\$\$[\s\S]*?\$\$/g, "''");
  const named = new RegExp(`(^|[^\\w"])("${keyspace}"|${keyspace})\\s*\\.`, 'i').test(bare);
  const isKeyspaceItself = new RegExp(`\\bKEYSPACE\\s+(IF\\s+EXISTS\\s+)?("${keyspace}"|${keyspace})\\b`, 'i').test(
    bare,
  );
  return named || isKeyspaceItself || isDefault;
}
