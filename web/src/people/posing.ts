// Poses out of the numbers that C++ gives.

import { boxAround } from './boxes.js';
import type { Place } from './looking.js';
import { type Keypoint, type PartName, type Pose, parts } from './types.js';

/** Points that are likely enough to say where a person is. */
const likely = 0.3;

/** Numbers for each point of an answer: x, y, score. */
const perPoint = 3;
const perPose = 1 + perPoint * parts.length;

/** A person before the numbering. */
export interface Found {
  confidence: number;
  points: Keypoint[];
}

/**
 * @param numbers see `poses` in wasm/decode.h
 * @param least people of whom the model is less sure are left out
 */
export function peopleIn(numbers: Float32Array, place: Place, least: number): Found[] {
  const people: Found[] = [];
  for (let at = 0; at + perPose <= numbers.length; at += perPose) {
    const confidence = numbers[at] ?? 0;
    if (confidence < least) continue;
    const points = parts.map((name, i) => {
      const [x = 0, y = 0, score = 0] = numbers.subarray(at + 1 + perPoint * i);
      return { x: place.x(x), y: place.y(y), confidence: score, name };
    });
    people.push({ confidence, points });
  }
  return people;
}

/** The same, numbered from 1. */
export function posesIn(numbers: Float32Array, place: Place, least: number): Pose[] {
  return peopleIn(numbers, place, least).map(({ confidence, points }, i) =>
    poseOf(confidence, points, i + 1),
  );
}

export function poseOf(confidence: number, keypoints: Keypoint[], id: number): Pose {
  const seen = keypoints.filter((point) => point.confidence >= likely);
  const byName = Object.fromEntries(keypoints.map((point) => [point.name, point]));
  const box = boxAround(seen.length > 1 ? seen : keypoints);
  return { confidence, keypoints, box, id, ...(byName as Record<PartName, Keypoint>) };
}
