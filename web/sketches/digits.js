// A pen writes digits, one after the other; beside them stands what the network reads.
let classifier;
let paper;
let results = [];
let digit = 0;

// The strokes of each digit, from 0 to 1 across the paper.
const strokes = [
  [[0.5, 0.2, 0.3, 0.35, 0.3, 0.65, 0.5, 0.8, 0.7, 0.65, 0.7, 0.35, 0.5, 0.2]],
  [[0.5, 0.2, 0.5, 0.8]],
  [[0.32, 0.32, 0.42, 0.2, 0.6, 0.2, 0.68, 0.34, 0.6, 0.5, 0.32, 0.78, 0.7, 0.78]],
  [[0.32, 0.24, 0.56, 0.2, 0.66, 0.32, 0.5, 0.47, 0.68, 0.62, 0.56, 0.78, 0.32, 0.76]],
  [
    [0.38, 0.2, 0.32, 0.52, 0.7, 0.52],
    [0.62, 0.24, 0.58, 0.82],
  ],
];

function setup() {
  createCanvas(480, 280);
  textFont('Georgia');
  paper = createGraphics(280, 280);
  paper.pixelDensity(1);
  classifier = ml5.imageClassifier('digits', { topk: 4 }, write);
}

function write() {
  paper.background(20, 18, 28);
  paper.stroke(255);
  paper.strokeWeight(24);
  paper.noFill();
  for (const points of strokes[digit]) {
    paper.beginShape();
    for (let i = 0; i < points.length; i += 2) paper.vertex(280 * points[i], 280 * points[i + 1]);
    paper.endShape();
  }
  classifier.classify(paper, gotResults);
}

function gotResults(found, error) {
  if (error) {
    describe(error.message);
    return;
  }
  results = found;
  describe(`The pen wrote ${digit}, the network reads ${results[0].label}.`);
  setTimeout(() => {
    digit = (digit + 1) % strokes.length;
    write();
  }, 400);
}

function draw() {
  background('#f6efe2');
  image(paper, 0, 0);
  noStroke();
  for (const [i, { label, confidence }] of results.entries()) {
    fill(i === 0 ? '#b3402a' : '#c9b8a0');
    rect(340, 40 + 56 * i, 120 * confidence + 2, 32, 4);
    fill('#2b2622');
    textSize(28);
    text(label, 306, 66 + 56 * i);
  }
}
