// How right answers are: for each class, and which class was taken for which.
import type { Evaluation, Mistake } from './types.js';

/** An answer beside what is right. */
export interface Answered {
  id: number;
  label: string;
  answer: string;
  confidence: number;
}

/** An estimate beside what is right. */
export interface Estimated {
  label: number;
  value: number;
}

/** @param classes in the order of rows and columns; labels that are not among them come after */
export function evaluationOf(
  of: Evaluation['of'],
  answers: readonly Answered[],
  classes: readonly string[],
): Evaluation {
  const labels = [...new Set([...classes, ...answers.map(({ label }) => label)])];
  const index = new Map(labels.map((label, i) => [label, i]));
  const confusion = labels.map(() => labels.map(() => 0));
  const mistakes: Mistake[] = [];
  for (const answered of answers) {
    const row = confusion[index.get(answered.label) ?? 0];
    const column = index.get(answered.answer) ?? 0;
    if (row) row[column] = (row[column] ?? 0) + 1;
    if (answered.label !== answered.answer) mistakes.push({ ...answered });
  }
  const right = answers.length - mistakes.length;
  return {
    of,
    count: answers.length,
    accuracy: right / answers.length,
    classes: labels.map((label, i) => {
      const row = confusion[i] ?? [];
      const count = row.reduce((sum, n) => sum + n, 0);
      return { label, right: row[i] ?? 0, count, accuracy: (row[i] ?? 0) / count };
    }),
    labels,
    confusion,
    mistakes: mistakes.sort((a, b) => b.confidence - a.confidence),
    meanAbsoluteError: Number.NaN,
  };
}

export function estimationOf(of: Evaluation['of'], estimates: readonly Estimated[]): Evaluation {
  const sum = estimates.reduce((sum, { label, value }) => sum + Math.abs(value - label), 0);
  return {
    of,
    count: estimates.length,
    accuracy: Number.NaN,
    ...{ classes: [], labels: [], confusion: [], mistakes: [] },
    meanAbsoluteError: sum / estimates.length,
  };
}
