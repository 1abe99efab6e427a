// What was learned can be kept: download a network with its examples, and open them again.
let nn;
let again;
let chosen = [];

function setup() {
  createCanvas(480, 280);
  textFont('Georgia');
  nn = ml5.neuralNetwork({ dataUrl: 'sketches/warmth.json', task: 'classification' }, learn);
  createButton('Save').mousePressed(() => {
    nn.saveData('warmth', () => nn.save('thermometer', () => describe('It is saved.')));
  });
  const input = createElement('input');
  input.attribute('type', 'file');
  input.attribute('multiple', '');
  input.attribute('aria-label', 'Files of the network');
  input.elt.addEventListener('change', () => reopen(input.elt.files));
}

function learn() {
  nn.normalizeData();
  nn.train({ epochs: 40, batchSize: 4 }, ask);
}

async function ask() {
  const results = await nn.classify([31]);
  describe(`31 degrees are ${results[0].label}.`);
}

function reopen(files) {
  again = ml5.neuralNetwork({ task: 'classification' });
  again.load(files, () => {
    chosen = again.classifySync({ degrees: -4 });
    describe(`Opened again: -4 degrees are ${chosen[0].label}.`);
  });
}

function draw() {
  strokeWeight(2);
  for (let x = 0; x < width; x++) {
    stroke(lerpColor(color('#2f5d8a'), color('#b3402a'), x / width));
    line(x, 0, x, height);
  }
  noStroke();
  fill('#f6efe2');
  textSize(36);
  text(chosen[0]?.label ?? 'Cold and warm', 24, 150);
}
