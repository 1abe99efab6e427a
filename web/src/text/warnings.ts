// What is doubtful but no error, in the words of errors.
import { inThreeParts } from '../library.js';
import type { TextWarning } from './types.js';

export function warning(
  kind: TextWarning['kind'],
  what: string,
  facts: Record<string, unknown>,
  hint: string,
): TextWarning {
  return { kind, message: inThreeParts(what, facts, hint) };
}
