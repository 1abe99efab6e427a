// A few dots along a wave; a network draws the line that it would lay through them.
let nn;
let course = [];
const dots = [];

function setup() {
  createCanvas(480, 320);
  nn = ml5.neuralNetwork({ task: 'regression', inputs: 1, outputs: 1, hiddenUnits: 24 });
  for (let x = 0; x <= 1; x += 0.04) {
    const y = 0.5 + 0.35 * sin(TWO_PI * x) + random(-0.03, 0.03);
    dots.push([x, y]);
    nn.addData([x], [y], { inputLabels: ['x'], outputLabels: ['y'] });
  }
  nn.normalizeData();
  nn.train({ epochs: 60, batchSize: 8 }, trained);
}

async function trained() {
  const along = Array.from({ length: 97 }, (_, i) => [i / 96]);
  const results = await nn.predictMultiple(along);
  course = results.map(([best], i) => [along[i][0], best.value]);
  const [quarter] = await nn.predict([0.25]);
  const error = dots.reduce((sum, [x, y]) => sum + abs(y - nn.predictSync([x])[0].y), 0);
  describe(`At a quarter the wave is ${quarter.label} = ${nf(quarter.value, 1, 1)}.
    On average the line misses a dot by ${nf(error / dots.length, 1, 2)}.`);
  if (error / dots.length > 0.035) nn.train({ epochs: 60, batchSize: 8 }, trained);
}

function draw() {
  background('#f6efe2');
  noFill();
  stroke('#2f5d8a');
  strokeWeight(6);
  beginShape();
  for (const [x, y] of course) vertex(width * x, height * (1 - y));
  endShape();
  noStroke();
  fill('#b3402a');
  for (const [x, y] of dots) circle(width * x, height * (1 - y), 10);
}
