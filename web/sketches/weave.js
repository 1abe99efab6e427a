// Stripes or checks: a network for pictures learns from cloth that was never woven before.
let nn;
const verdicts = [];
const cloths = [];

function setup() {
  createCanvas(480, 280);
  textFont('Georgia');
  nn = ml5.neuralNetwork({
    task: 'imageClassification',
    inputs: [16, 16, 4],
    layers: [
      { type: 'conv2d', filters: 6, kernelSize: 3, activation: 'relu' },
      { type: 'maxPooling2d', poolSize: [2, 2], strides: [2, 2] },
      { type: 'flatten' },
      { type: 'dense', kernelInitializer: 'varianceScaling', activation: 'softmax' },
    ],
  });
  for (let i = 0; i < 40; i++) {
    nn.addData({ image: woven('stripes') }, { label: 'stripes' });
    nn.addData({ image: woven('checks') }, { label: 'checks' });
  }
  for (let i = 0; i < 6; i++) cloths.push(woven(i % 2 ? 'stripes' : 'checks'));
  nn.normalizeData();
  nn.train({ epochs: 20, batchSize: 8 }, judge);
}

function woven(kind) {
  const cloth = createGraphics(64, 64);
  cloth.pixelDensity(1);
  cloth.background(random(['#f0e4cc', '#e8d9be', '#f6efe2']));
  cloth.noStroke();
  cloth.fill(random(['#b3402a', '#2f5d8a', '#2b2622']));
  const step = random([8, 12, 16]);
  const shift = floor(random(step));
  for (let y = -step; y < 64 + step; y += step * 2) cloth.rect(0, y + shift, 64, step);
  if (kind === 'stripes') return cloth.get();
  cloth.fill(random(['#d9a62e', '#5f7d3a']));
  for (let x = -step; x < 64 + step; x += step * 2) cloth.rect(x + shift, 0, step, 64);
  return cloth.get();
}

async function judge() {
  for (const cloth of cloths) verdicts.push((await nn.classify({ image: cloth }))[0]);
  describe(verdicts.map(({ label }) => label).join(', '));
}

function draw() {
  background('#f6efe2');
  for (const [i, cloth] of cloths.entries()) {
    const [x, y] = [30 + 150 * (i % 3), 20 + 130 * floor(i / 3)];
    image(cloth, x, y, 96, 96);
    fill('#2b2622');
    textSize(15);
    text(verdicts[i]?.label ?? 'untold', x, y + 114);
  }
}
