// Draw a ring, a wave or a peak: it becomes a sun, a sea or a mountain. A hand draws until you do.
let knn;
let path = []; // the points of the stroke that is being drawn
let features; // of the stroke before, as numbers
let things = []; // what strokes have become
let yours = false; // whether somebody draws
let steps = 0; // of the hand

// Curves by a part of their way from 0 to 1, each in many variants.
const names = { sun: 'ring', sea: 'wave', mountain: 'peak' };
const shapes = {
  sun: (t, i) => [cos(TWO_PI * (t + i / 24)), sin(TWO_PI * (t + i / 24))],
  sea: (t, i) => [2 * t - 1, (0.06 + 0.03 * ((i + 1) % 4)) * sin(TWO_PI * (2 + (i % 3)) * t + i)],
  mountain: (t, i) => [
    2 * t - 1,
    (0.6 + 0.1 * (i % 4)) * (2 * abs(t - 0.4 - 0.05 * (i % 5)) - 0.5),
  ],
};

// What the hand draws, and where: its middle, and half its width.
const plan = [
  ['sun', 350, 90, 42],
  ['mountain', 150, 210, 130],
  ['mountain', 330, 225, 110],
  ['sea', 230, 290, 215],
  ['sea', 260, 318, 190],
];

function setup() {
  createCanvas(480, 360);
  textFont('Georgia');
  knn = ml5.KNNClassifier();
  for (let i = 0; i < 24; i++) {
    for (const [label, shape] of Object.entries(shapes)) {
      knn.addExample(featuresOf(points(shape, i)), label);
    }
  }
  for (const label of Object.keys(shapes)) {
    createButton(`That was a ${label}`).mousePressed(() => features && teach(label));
  }
  createButton('Save').mousePressed(() => knn.save('marks'));
  const input = createElement('input');
  input.attribute('type', 'file');
  input.attribute('aria-label', 'Strokes that were saved');
  input.elt.addEventListener('change', () => knn.load(input.elt.files, tellCounts));
}

function points(shape, i) {
  const all = Array.from({ length: 40 }, (_, k) => shape(k / 39, i));
  return i % 2 ? all.reverse() : all;
}

// 24 points at equal distances, about their middle, as numbers one after the other.
function featuresOf(points) {
  const ways = [0];
  for (let k = 1; k < points.length; k++) {
    ways.push(ways[k - 1] + dist(...points[k - 1], ...points[k]));
  }
  const even = Array.from({ length: 24 }, (_, i) => {
    const way = (ways.at(-1) * i) / 24;
    const k = ways.findIndex((each) => each > way);
    const part = (way - ways[k - 1]) / (ways[k] - ways[k - 1]);
    return [0, 1].map((axis) => lerp(points[k - 1][axis], points[k][axis], part));
  });
  const [x, y] = middleOf(even);
  return even.flatMap((point) => [point[0] - x, point[1] - y]);
}

function teach(label) {
  knn.addExample(features, label);
  things.at(-1).label = label;
  tellCounts();
}

function tellCounts() {
  const counts = Object.entries(knn.getCountByLabel());
  describe(`It knows ${counts.map(([label, count]) => `${label} by ${count}`).join(', ')}.`);
}

function finish(what) {
  const points = path;
  path = [];
  if (points.length < 6) return;
  features = featuresOf(points);
  knn.classify(features, (error, result) => {
    if (error) return describe(error.message);
    describe(`${what} becomes a ${result.label}.`);
    things.push({ label: result.label, points });
    if (things.length > 8) things.shift();
  });
}

function draw() {
  background('#f6efe2');
  const inside = mouseX > 0 && mouseX < width && mouseY > 0 && mouseY < height;
  if (mouseIsPressed && inside) follow();
  else if (yours) finish('What you drew');
  else moveHand();
  for (const label of ['sun', 'mountain', 'sea']) {
    for (const thing of things) if (thing.label === label) paint[label](thing.points);
  }
  noFill();
  stroke('#2b2622');
  strokeWeight(5);
  trace(path);
}

function follow() {
  if (!yours) [path, things] = [[], []];
  yours = true;
  if (path.length === 0 || dist(...path.at(-1), mouseX, mouseY) > 3) path.push([mouseX, mouseY]);
}

function moveHand() {
  const turn = floor(steps / 100) % (plan.length + 2); // with a rest at the end
  const part = (steps++ % 100) / 80;
  if (turn === 0 && part === 0) things = [];
  if (turn >= plan.length) return;
  const [label, x, y, size] = plan[turn];
  const [dx, dy] = shapes[label](part, floor(steps / 100) + 20);
  if (part <= 1) path.push([x + size * dx, y + size * dy]);
  else if (path.length > 0) finish(`The ${names[label]}`);
}

const paint = {
  sun(points) {
    const [x, y] = middleOf(points);
    const size = dist(x, y, ...points[0]);
    noStroke();
    fill(217, 150, 46, 60);
    for (let i = 1; i < 5; i++) circle(x, y, size * (2 + i * i * 0.12));
    fill('#d9962e');
    trace(points);
    stroke('#b3402a');
    strokeWeight(3);
    for (let a = 0; a < TWO_PI; a += PI / 9) {
      const [dx, dy] = [size * cos(a + frameCount / 400), size * sin(a + frameCount / 400)];
      line(x + 1.25 * dx, y + 1.25 * dy, x + 1.6 * dx, y + 1.6 * dy);
    }
  },
  mountain(points) {
    noStroke();
    fill('#8b9a6b');
    trace(points);
    const low = max(points.map(([, y]) => y));
    const [top] = points.toSorted((a, b) => a[1] - b[1]);
    strokeWeight(2);
    stroke('#4d5c3c');
    for (const [i, [x, y]] of points.entries()) {
      if (x > top[0] && i % 2) line(x, y, lerp(x, top[0], 0.25), lerp(y, low, 0.8));
    }
    noFill();
    strokeWeight(4);
    trace(points);
  },
  sea(points) {
    noFill();
    strokeWeight(4);
    for (let row = 0; row < 7; row++) {
      stroke(lerpColor(color('#2f5d8a'), color('#a9c8c4'), row / 7));
      const sway = 3 * sin(frameCount / 40 + row);
      trace(points.map(([x, y]) => [x + sway, y + 8 * row]));
    }
  },
};

function middleOf(points) {
  return [0, 1].map((axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length);
}

function trace(points) {
  beginShape();
  for (const point of points) vertex(...point);
  endShape();
}
