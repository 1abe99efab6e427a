// How this library refuses: one kind of error, always in three parts.

/** Every error that this library throws, apart from an `AbortError` when you abort. */
export class MLError extends Error {
  override name = 'MLError';
}

/** Throws an MLError. Three parts: what is wrong, the facts, what to try. */
export function fail(what: string, facts: Record<string, unknown>, hint: string): never {
  throw new MLError(inThreeParts(what, facts, hint));
}

/** The text of an error or of a warning. */
export function inThreeParts(what: string, facts: Record<string, unknown>, hint: string): string {
  const lines = Object.entries(facts).map(([name, value]) => `  ${name}  ${value}`);
  return [`${what}.`, ...lines, `  Try: ${hint}`].join('\n');
}

/** The text of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** An error as this script knows it: errors lose their class between threads and between files. */
export function revived(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  if (error.name === 'MLError' && !(error instanceof MLError)) return new MLError(error.message);
  if (error.name === 'AbortError' && !(error instanceof DOMException))
    return new DOMException(error.message, 'AbortError');
  return error;
}
