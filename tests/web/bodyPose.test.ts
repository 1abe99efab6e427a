// bodyPose on photos of people, and on everything else.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type BodyPose,
  bodyPose,
  memory,
  type Pixels,
  type Pose,
  setModelPath,
} from '../../web/src/node.js';
import { goldens, itNeeds, messageFrom, model, models, photo, readJson, wasm } from './fixtures.js';
import { mirrored, moved, plain, readPixels } from './pictures.js';

const posenet = model('posenet_mobilenet075_s16_quant2');
const someone = photo('tfjs_pose.jpg');
const three = photo('three_people.jpg');
const needs = [wasm, posenet, someone, three];

interface Expected {
  score: number;
  keypoints: { score: number; part: string; position: { x: number; y: number } }[];
}

/** `leftEye` is `left_eye`. */
const named = (part: string) => part.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function expectPose(pose: Pose | undefined, expected: Expected): void {
  expect(pose?.confidence).toBeCloseTo(expected.score, 3);
  expect(pose?.keypoints.map(({ name }) => name)).toEqual(
    expected.keypoints.map(({ part }) => named(part)),
  );
  for (const [i, { score, position }] of expected.keypoints.entries()) {
    const { x = 0, y = 0, confidence = 0 } = pose?.keypoints[i] ?? {};
    expect(Math.hypot(x - position.x, y - position.y)).toBeLessThan(0.01);
    expect(Math.abs(confidence - score)).toBeLessThan(0.001);
  }
}

/** What is found in each frame of a picture that `change` changes after each. */
async function watched(
  bodies: BodyPose,
  picture: Pixels,
  change: (frame: number) => void,
  count: number,
): Promise<Pose[][]> {
  vi.stubGlobal('requestAnimationFrame', (call: () => void) => setTimeout(call));
  vi.stubGlobal('cancelAnimationFrame', clearTimeout);
  const frames: Pose[][] = [];
  await new Promise<void>((done, failed) => {
    const stop = bodies.watch(
      picture,
      (poses) => {
        frames.push(poses);
        if (frames.length < count) return change(frames.length);
        stop();
        done();
      },
      { onError: failed },
    );
  });
  vi.unstubAllGlobals();
  return frames;
}

describe('bodyPose', () => {
  beforeEach(() => setModelPath(models));
  afterEach(() => setModelPath(null));

  interface Task {
    photo: string;
    single: Expected;
    multiple: Expected[];
  }
  const tasks = join(goldens, 'tasks.json');
  itNeeds([...needs, tasks], 'agrees with the package of TensorFlow.js', async () => {
    const one = await bodyPose('posenet', { maxPeople: 1, minConfidence: 0 });
    const several = await bodyPose('posenet', { minConfidence: 0 });
    for (const task of readJson<{ pose: Task[] }>(tasks).pose) {
      const [pose, ...more] = await one.detect(photo(task.photo));
      expect(more).toEqual([]);
      expectPose(pose, task.single);
      const poses = await several.detect(photo(task.photo));
      expect(poses).toHaveLength(task.multiple.length);
      for (const [i, expected] of task.multiple.entries()) expectPose(poses[i], expected);
    }
    one.dispose();
    several.dispose();
  });

  itNeeds(needs, 'names every point, and draws a box around the likely ones', async () => {
    const bodies = bodyPose();
    const [pose] = await bodies.detect(someone);
    expect(pose?.nose).toBe(pose?.keypoints[0]);
    expect(pose?.right_ankle).toBe(pose?.keypoints[16]);
    const { xMin = 0, xMax = 0, yMin = 0, yMax = 0, width, height } = pose?.box ?? {};
    expect([width, height]).toEqual([xMax - xMin, yMax - yMin]);
    for (const { x, y, confidence } of pose?.keypoints ?? []) {
      if (confidence < 0.3) continue;
      expect(x >= xMin && x <= xMax && y >= yMin && y <= yMax).toBe(true);
    }
    const { indices, names } = bodies.skeleton;
    expect(indices).toHaveLength(names.length);
    expect(names).toContainEqual(['left_elbow', 'left_wrist']);
    expect(indices).toContainEqual([7, 9]);
    expect((await bodies.about()).card?.licence).toMatch('Apache-2.0');
    bodies.dispose();
  });

  itNeeds(needs, 'mirrors the answer, not the names', async () => {
    const straight = await bodyPose('posenet', { maxPeople: 1 });
    const flipped = await bodyPose('posenet', { maxPeople: 1, flip: true });
    const picture = readPixels(someone);
    const [a] = await straight.detect(picture);
    const [b] = await flipped.detect(picture);
    expect(b?.left_wrist.x).toBeCloseTo(picture.width - 1 - (a?.left_wrist.x ?? 0), 3);
    expect(b?.left_wrist.y).toBe(a?.left_wrist.y);
    expect(b?.box.xMin).toBeCloseTo(picture.width - 1 - (a?.box.xMax ?? 0), 3);
    // In the mirror of a picture, the left hand is where the answer's mirror image has the right one.
    const [mirror] = await straight.detect(mirrored(picture));
    const [left, right] = [mirror?.right_shoulder, b?.left_shoulder];
    const apart = Math.hypot((left?.x ?? 0) - (right?.x ?? 0), (left?.y ?? 0) - (right?.y ?? 0));
    expect(apart).toBeLessThan(0.03 * picture.width);
    straight.dispose();
    flipped.dispose();
  });

  itNeeds(needs, 'finds nobody where nobody is', async () => {
    const [one, several] = [bodyPose('posenet', { maxPeople: 1 }), bodyPose('posenet')];
    for (const picture of [plain(640, 480), plain(640, 480, 255), plain(1, 1), plain(1, 900)]) {
      expect(await one.detect(picture)).toEqual([]);
      expect(await several.detect(picture)).toEqual([]);
    }
    one.dispose();
    several.dispose();
  });

  itNeeds(needs, 'finds half a person, and ten people', async () => {
    const picture = readPixels(someone);
    const several = bodyPose('posenet', { maxPeople: 10, resolution: 801 });
    const [whole] = await several.detect(picture);
    const cut = Math.round(whole?.box.yMin ?? 0) + Math.round((whole?.box.height ?? 0) / 2);
    const upper = moved(picture, picture.width, cut, (x, y) => [x, y]);
    const [half] = await several.detect(upper);
    expect(half?.left_shoulder.confidence).toBeGreaterThan(0.5);
    expect(half?.left_ankle.confidence).toBeLessThan(0.5);
    const { xMin, yMin, width, height } = whole?.box ?? { xMin: 0, yMin: 0, width: 1, height: 1 };
    const [left, top] = [Math.round(xMin - 0.4 * width), Math.round(yMin - 0.2 * height)];
    const [across, down] = [Math.round(1.8 * width), Math.round(1.4 * height)];
    const crowd = moved(picture, 5 * across, 2 * down, (x, y) => [
      left + (x % across),
      top + (y % down),
    ]);
    const people = await several.detect(crowd);
    expect(people).toHaveLength(10);
    expect(new Set(people.map(({ id }) => id)).size).toBe(people.length);
    several.dispose();
  });

  itNeeds(needs, 'reads a picture of 48 million pixels', async () => {
    const bodies = bodyPose('posenet', { maxPeople: 1 });
    const small = readPixels(someone);
    const [width, height] = [8000, 6000];
    const [across, down] = [small.width / width, small.height / height];
    const large = moved(small, width, height, (x, y) => [(x * across) | 0, (y * down) | 0]);
    const [pose] = await bodies.detect(large);
    const same = moved(small, 800, 600, (x, y) => [(x * across * 10) | 0, (y * down * 10) | 0]);
    const [known] = await bodies.detect(same);
    expect((pose?.nose.x ?? 0) / width).toBeCloseTo((known?.nose.x ?? 0) / 800, 1);
    expect((pose?.nose.y ?? 0) / height).toBeCloseTo((known?.nose.y ?? 0) / 600, 1);
    bodies.dispose();
  });

  itNeeds(needs, 'needs no more memory after 500 frames', async () => {
    const bodies = await bodyPose('posenet', { resolution: 129 });
    const picture = readPixels(three);
    const looks = async (times: number) => {
      for (let i = 0; i < times; i++) await bodies.detect(picture);
    };
    await looks(20);
    const before = (await memory()).wasm;
    await looks(500);
    expect((await memory()).wasm).toBe(before);
    bodies.dispose();
  });

  const movenet = model('movenet_lightning_int8_tflite');
  const squat = photo('squat.bmp');
  itNeeds([...needs, movenet, squat], 'agrees with the reference of MoveNet', async () => {
    // The reference was made of the picture stretched to a square.
    const bodies = await bodyPose('movenet', { preprocess: { fit: 'stretch' } });
    const { width, height } = readPixels(squat);
    const [pose, ...others] = await bodies.detect(squat);
    expect(others).toEqual([]);
    const [, ...rows] = readFileSync(
      join(movenet, 'movenet_single_pose_lightning_ptq_reference.csv'),
      'utf8',
    )
      .trim()
      .split('\n');
    expect(rows).toHaveLength(17);
    for (const row of rows) {
      const [, , i = 0, score = 0, x = 0, y = 0] = row.split(',').map(Number);
      const point = pose?.keypoints[i];
      if (score <= 0.3) continue;
      expect(Math.abs((point?.x ?? 0) / width - x), point?.name).toBeLessThan(0.03);
      expect(Math.abs((point?.y ?? 0) / height - y), point?.name).toBeLessThan(0.03);
    }
    bodies.dispose();
  });

  itNeeds([...needs, movenet], 'looks with MoveNet where the person was', async () => {
    const bodies = await bodyPose('movenet', { smoothing: false });
    const picture = readPixels(someone);
    const [first] = await bodies.detect(picture);
    const frames = await watched(bodies, picture, () => {}, 4);
    const [last] = frames.at(-1) ?? [];
    // PoseNet, at a resolution that fits, says where they are.
    const posenet = await bodyPose('posenet', { maxPeople: 1, resolution: 513 });
    const [known] = await posenet.detect(picture);
    const away = (pose: Pose | undefined) => {
      const sure = known?.keypoints.filter(({ confidence }) => confidence > 0.9) ?? [];
      const all = sure.map(({ x, y, name }) => {
        const point = pose?.keypoints.find((point) => point.name === name);
        return Math.hypot((point?.x ?? 0) - x, (point?.y ?? 0) - y);
      });
      return all.reduce((sum, distance) => sum + distance, 0) / all.length;
    };
    expect(away(last)).toBeLessThan(away(first));
    expect(last?.confidence).toBeGreaterThan(first?.confidence ?? 1);
    bodies.dispose();
    posenet.dispose();
  });

  itNeeds(
    [...needs, photo('tfjs_portrait.jpg')],
    'knows two people again who pass each other',
    async () => {
      const bodies = await bodyPose('posenet', { maxPeople: 2, smoothing: false });
      const whole = readPixels(photo('tfjs_portrait.jpg'));
      const [across, down] = [205, 256];
      const picture = moved(whole, across, down, (x, y) => [4 * x, 4 * y]);
      const stage = plain(550, 400);
      /** Two figures on their ways, one of them nearer to the camera. */
      const frame = (share: number) => {
        const far = share * (stage.width - across);
        const near = (1 - share) * (stage.width - across);
        const frame = moved(picture, stage.width, stage.height, (x, y) => {
          const isNear = x >= near && x < near + across && y >= 140;
          const [left, top] = isNear ? [near, 140] : [far, 0];
          return [Math.floor(x - left), y - top];
        });
        stage.data.set(frame.data);
      };
      frame(0);
      const count = 20;
      const frames = await watched(bodies, stage, (i) => frame(i / (count - 1)), count);
      const [first, last] = [frames[0] ?? [], frames.at(-1) ?? []];
      expect([first.length, last.length]).toEqual([2, 2]);
      const byId = (poses: Pose[], id: number | undefined) => poses.find((pose) => pose.id === id);
      const [one, other] = first.toSorted((a, b) => a.nose.x - b.nose.x).map(({ id }) => id);
      expect(byId(last, one)?.nose.x).toBeGreaterThan(stage.width / 2);
      expect(byId(last, other)?.nose.x).toBeLessThan(stage.width / 2);
      bodies.dispose();
    },
  );

  itNeeds(needs, 'refuses a model that finds something else', async () => {
    const message = await messageFrom(() => bodyPose('blazeface'));
    expect(message).toMatch(/^bodyPose: this model does not find bodies\.\n {2}address {2}/);
    expect(message).toMatch("Try: 'posenet'");
  });

  it('refuses options that cannot be right', async () => {
    expect(await messageFrom(() => bodyPose('posenet', { resolution: 256 }))).toBe(
      'bodyPose: resolution must be a multiple of 32, and 1.\n  given  256\n  Try: resolution: 257',
    );
    expect(await messageFrom(() => bodyPose('posenet', { minConfidence: 2 }))).toMatch(
      'bodyPose: minConfidence must be a number from 0 to 1',
    );
    expect(
      await messageFrom(() => bodyPose('posenet', { smoothing: { cutoff: 0, speed: 1 } })),
    ).toMatch('smoothing must be true, false, or { cutoff, speed } in hertz');
    const endless = { cutoff: Number.POSITIVE_INFINITY, speed: 0 };
    expect(await messageFrom(() => bodyPose('posenet', { smoothing: endless }))).toMatch(
      'smoothing must be',
    );
    expect(await messageFrom(() => bodyPose('posenet', { maxPeople: 1e10 }))).toBe(
      'bodyPose: maxPeople must be a whole number from 1 to 100.\n' +
        '  given  10000000000\n  Try: maxPeople: 5',
    );
    const typo = { fit: 'strech' } as unknown as { fit: 'stretch' };
    expect(await messageFrom(() => bodyPose('posenet', { preprocess: typo }))).toMatch(
      /^bodyPose: preprocess: fit cannot be "strech"/,
    );
  });

  itNeeds(needs, 'tells its skeleton once it has loaded', async () => {
    const bodies = bodyPose('posenet');
    expect(await messageFrom(() => bodies.skeleton)).toBe(
      'bodyPose: skeleton cannot be read before the model has loaded.\n' +
        '  known  its methods wait by themselves, its properties cannot\n' +
        '  Try: const loaded = await bodyPose(…)',
    );
    const { skeleton } = await bodies;
    expect(skeleton.names).toHaveLength(16);
    bodies.dispose();
  });

  itNeeds([...needs, movenet], 'refuses to mirror what MoveNet looks at', async () => {
    expect(await messageFrom(() => bodyPose('movenet', { preprocess: { flip: true } }))).toMatch(
      'MoveNet looks at squares, which are neither mirrored nor sampled in another way',
    );
  });

  itNeeds(needs, 'stops watching when it is disposed of, without an error', async () => {
    const bodies = await bodyPose('posenet', { resolution: 129 });
    const errors: unknown[] = [];
    vi.stubGlobal('requestAnimationFrame', (call: () => void) => setTimeout(call));
    vi.stubGlobal('cancelAnimationFrame', clearTimeout);
    let frames = 0;
    await new Promise<void>((seen) => {
      bodies.watch(
        readPixels(three),
        () => {
          frames += 1;
          if (frames === 2) seen();
        },
        { onError: (error) => errors.push(error) },
      );
    });
    bodies.dispose();
    const before = frames;
    await new Promise((passed) => setTimeout(passed, 200));
    expect(errors).toEqual([]);
    expect(frames).toBe(before);
    vi.unstubAllGlobals();
  });

  itNeeds(needs, 'refuses what is no picture, and goes on', async () => {
    const bodies = bodyPose('posenet');
    const given = { width: 2, height: 2, data: new Uint8Array(3) };
    expect(await messageFrom(() => bodies.detect(given))).toMatch(
      'detect: pixels must be four bytes for each',
    );
    expect((await bodies.detect(someone)).length).toBeGreaterThan(0);
    bodies.dispose();
    expect(await messageFrom(() => bodies.detect(someone))).toBe(
      'bodyPose: it was used after dispose().\n  Try: bodyPose(…) again',
    );
  });
});
