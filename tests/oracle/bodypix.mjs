// Which pixels of photos the published body-pix package takes for people, for whom, and for which
// part of them, with its own defaults; published.mjs says how to run it. `parts` has a byte for a
// pixel: the part, or 255 where there is nobody; `people` the person, by its place in `poses`, or
// 255. Both are packed as `packed` in published.mjs does. Points of poses are x, y and score.
import {
  load,
  packed,
  readPhoto,
  rounded,
  tensorOf,
  tf,
  versions,
  writeGolden,
} from './published.mjs';

const bodyPix = load('@tensorflow-models/body-pix');
const { PART_CHANNELS } = load('@tensorflow-models/body-pix/dist/part_channels');
const { toInputResolutionHeightAndWidth, padAndResizeTo } = load(
  '@tensorflow-models/body-pix/dist/util',
);
const { PERSON_INFERENCE_CONFIG: person, MULTI_PERSON_INSTANCE_INFERENCE_CONFIG: people } = bodyPix;

const models = [
  ['bodypix_mobilenet_float_050/model-stride16.json', { outputStride: 16, quantBytes: 4 }],
  ['bodypix_mobilenet_float_050/model-stride8.json', { outputStride: 8, quantBytes: 4 }],
  ['bodypix_mobilenet_quant1_050/model-stride16.json', { outputStride: 16, quantBytes: 1 }],
];

function insist(fact, what) {
  if (!fact) throw new Error(`the golden cannot say that ${what}`);
}

/** The person of each pixel, and proof that the masks of people and of their parts tell the same. */
function peopleOf(masks, partMasks, parts) {
  const map = new Uint8Array(parts.length).fill(255);
  insist(masks.length === partMasks.length, 'people and people with parts are not as many');
  masks.forEach(({ data }, index) => {
    for (let i = 0; i < map.length; i++) {
      const part = partMasks[index].data[i];
      insist((data[i] === 1) === part >= 0, `pixel ${i} has a person and no part`);
      if (data[i] !== 1) continue;
      insist(part === parts[i], `pixel ${i} is of another part where people are told apart`);
      insist(map[i] === 255, `pixel ${i} belongs to two people`);
      map[i] = index;
    }
  });
  return map;
}

const cases = [];
for (const [model, options] of models) {
  const net = await bodyPix.load({ architecture: 'MobileNetV1', multiplier: 0.5, ...options });
  for (const photo of ['three_people.jpg', 'tfjs_pose.jpg']) {
    const picture = readPhoto(photo);
    const { width, height } = picture;
    const input = tensorOf(picture);
    const internal = toInputResolutionHeightAndWidth('medium', options.outputStride, [
      height,
      width,
    ]);
    const { padding } = padAndResizeTo(input, internal);
    const { data: mask } = await net.segmentPerson(input, person);
    const { data: parts } = await net.segmentPersonParts(input, person);
    for (let i = 0; i < mask.length; i++) {
      insist((mask[i] === 1) === parts[i] >= 0, `pixel ${i} is a person's and of no part`);
    }
    const masks = await net.segmentMultiPerson(input, people);
    const partMasks = await net.segmentMultiPersonParts(input, people);
    const map = peopleOf(masks, partMasks, parts);
    tf.dispose(input);
    const share = (values, is) => rounded(values.filter(is).length / values.length, 5);
    cases.push({
      model,
      photo,
      width,
      height,
      internal: { width: internal[1], height: internal[0] },
      padding,
      person_share: share(mask, (value) => value === 1),
      people_shares: masks.map(({ data }) => share(data, (value) => value === 1)),
      poses: masks.map(({ pose }) => ({
        score: rounded(pose.score, 4),
        points: pose.keypoints.map(({ position: { x, y }, score }) => [
          ...rounded([x, y], 2),
          rounded(score, 4),
        ]),
      })),
      parts: packed(
        Uint8Array.from(parts, (part) => (part < 0 ? 255 : part)),
        width,
      ),
      people: packed(map, width),
    });
    const { parts: a, people: b, poses, ...rest } = cases.at(-1);
    console.log(
      JSON.stringify(rest),
      poses.map(({ score }) => score),
      a.length,
      b.length,
    );
  }
}
writeGolden('bodypix', {
  made_by: 'tests/oracle/bodypix.mjs',
  packages: versions('@tensorflow/tfjs', '@tensorflow-models/body-pix'),
  config: { person, people },
  parts: PART_CHANNELS,
  cases,
});
