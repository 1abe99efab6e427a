// A network learns four names for colours, and then paints where each of them begins and ends.
let nn;
let names = [];
let epoch = 0;

const words = { red: '#b3402a', blue: '#2f5d8a', green: '#5f7d3a', yellow: '#d9a62e' };
const cells = 24;

function setup() {
  createCanvas(480, 480);
  textFont('Georgia');
  nn = ml5.neuralNetwork({
    task: 'classification',
    inputs: ['r', 'g', 'b'],
    outputs: ['color'],
    debug: true,
  });
  for (const [name, code] of Object.entries(words)) {
    for (let i = 0; i < 20; i++) {
      const [r, g, b] = [near(red(code)), near(green(code)), near(blue(code))];
      nn.addData({ r, g, b }, { color: name });
    }
  }
  nn.normalizeData();
  nn.train({ epochs: 32, batchSize: 12 }, whileTraining, finishedTraining);
}

function near(value) {
  return constrain(value + random(-40, 40), 0, 255);
}

function whileTraining(epochNumber) {
  epoch = epochNumber + 1;
}

function finishedTraining() {
  nn.classify([190, 60, 40], (results) => {
    describe(`The network calls this ${results[0].label} after ${epoch} epochs.`);
  });
  const grid = [];
  for (let y = 0; y < cells; y++) for (let x = 0; x < cells; x++) grid.push(shade(x, y));
  nn.classifyMultiple(grid, (results) => {
    names = results.map(([best]) => best.label);
  });
}

function shade(x, y) {
  return [(255 * x) / cells, (255 * y) / cells, 255 - (255 * x) / cells];
}

function draw() {
  background('#f6efe2');
  noStroke();
  const size = width / cells;
  for (let y = 0; y < cells; y++) {
    for (let x = 0; x < cells; x++) {
      const name = names[y * cells + x];
      fill(name ? words[name] : shade(x, y));
      circle(size * (x + 0.5), size * (y + 0.5), name ? size * 0.9 : size * 0.6);
    }
  }
}
